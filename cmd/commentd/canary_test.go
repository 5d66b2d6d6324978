package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// TestNothingTypedInTheClear puts two words into everything that callers can say, in
// requests that are granted and in such that are not, before and after a crash, and
// then looks for them in all that the processes, still running, have written anywhere.
func TestNothingTypedInTheClear(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	dir := devFolder(t)
	plain, special := newSecrets()
	s := newScanner(plain, special)
	killed, info := startDev(t, dir, "--log-level", "debug")
	say(t, info, plain, special)
	if err := killed.stop(syscall.SIGKILL); err == nil {
		t.Error("a killed process ended well")
	}
	p, info := startDev(t, dir, "--log-level", "debug")
	say(t, info, plain, special)

	// A word that is written everywhere on purpose shows that the search is alive.
	control := "control-" + uuid.NewString()[:18]
	writeControl(t, dir, info, control)
	alive := newScanner(control)
	db, err := pgx.Connect(t.Context(), info.PostgresURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	for _, statement := range []string{"ANALYZE", "CHECKPOINT"} {
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}

	sightings, files := s.findInFiles(t, dir)
	for path, sighting := range sightings {
		t.Errorf("%s holds what was typed, %v", path, sighting)
	}
	controls, _ := alive.findInFiles(t, dir)
	for _, folder := range []string{"/base/", "/pg_wal/", "/nats/"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(controls)), func(path string) bool { return strings.Contains(path, folder) }) {
			t.Errorf("the control is not found in %s, of %d files, but in %v", folder, files, controls)
		}
	}
	texts := map[string]string{
		"the log before the crash": killed.output.String(),
		"the log":                  p.output.String(),
		"statistics of Postgres":   statistics(t, db, control),
		"the metrics":              mustCall(t, 200, "GET", info.BaseURL+"/metrics", "", ""),
		"readiness":                mustCall(t, 200, "GET", info.BaseURL+"/readyz", "", ""),
	}
	dump(t, filepath.Join(dir, "postgres"), info, texts)
	processes(t, p.cmd.Process.Pid, texts)
	for name, text := range texts {
		if sighting := s.find([]byte(text)); sighting != nil {
			t.Errorf("%s: what was typed, %v", name, sighting)
		}
	}
	for _, name := range []string{"the log", "statistics of Postgres", "pg_dump", "pg_dumpall"} {
		if text, tried := texts[name]; tried && alive.find([]byte(text)) == nil {
			t.Errorf("the control is not found in %s", name)
		}
	}
}

// say says both words wherever a caller can say anything.
func say(t *testing.T, info devInfo, plain, special string) {
	t.Helper()
	word := plain + " " + special
	content := func(more string) string { return fmt.Sprintf(`{"content":%q%s}`, word, more) }
	ticket := info.BaseURL + "/v1/tickets/" + info.Tickets[0]
	unheardOf := info.BaseURL + "/v1/tickets/" + uuid.NewString()
	comments := ticket + "/comments"
	user := info.BaseURL + "/v1/users/" + uuid.NewString()
	person := fmt.Sprintf(`"name":%q,"email":"%s%d@example.com"`, word, plain, time.Now().UnixNano())
	id := func(answer string) string {
		var made struct{ ID string }
		if err := json.Unmarshal([]byte(answer), &made); err != nil {
			t.Fatal(err)
		}
		return made.ID
	}
	request := func(want int, key, method, url, body string) string {
		t.Helper()
		return saying(t, want, info.Keys[key], method, url, body, plain, special)
	}

	public := id(request(201, "agent", "POST", comments, content("")))
	note := id(request(201, "agent", "POST", comments, content(`,"is_internal":true`)))
	own := id(request(201, "customer", "POST", comments, content("")))
	request(201, "system", "POST", comments, content(""))
	request(201, "integration", "POST", comments, content(`,"author_type":"CUSTOMER","author_customer_id":"`+uuid.NewString()+`"`))
	request(200, "agent", "PATCH", comments+"/"+public, content(`,"is_internal":true`))
	request(200, "agent", "PATCH", comments+"/"+note, `{"content":"another `+word+`","is_internal":false}`)
	request(204, "customer", "DELETE", comments+"/"+own, "")
	request(201, "agent", "PUT", unheardOf, fmt.Sprintf(`{"subject":%q}`, word))
	request(200, "agent", "PUT", unheardOf, fmt.Sprintf(`{"subject":%q}`, "another "+word))
	request(201, "admin", "PUT", user, `{"role":"customer",`+person+`}`)
	request(200, "admin", "PUT", user, fmt.Sprintf(`{"name":%q}`, "Sir "+word))
	for _, key := range []string{"agent", "customer", "auditor"} {
		request(200, key, "GET", comments, "")
		request(200, key, "GET", comments+"?limit=2&order=desc&utm="+url.QueryEscape(word), "")
	}
	request(200, "agent", "GET", comments+"/"+note, "")
	request(200, "admin", "GET", user, "")
	request(200, "agent", "GET", unheardOf, "")

	// A file that is called so and says so, as Zendesk clients send it; and where it can be
	// had is as secret as what is in it.
	uploads := info.BaseURL + "/api/v2/uploads.json?filename=" + url.QueryEscape(word+".txt")
	var made struct {
		Upload struct {
			Token      string
			Attachment struct {
				ContentURL string `json:"content_url"`
			}
		}
	}
	if err := json.Unmarshal([]byte(request(201, "agent", "POST", uploads, word)), &made); err != nil {
		t.Fatal(err)
	}
	request(201, "agent", "POST", uploads, "waits to be attached: "+word)
	request(200, "agent", "PUT", fmt.Sprint(info.BaseURL, "/api/v2/tickets/", info.Numbers[0]),
		fmt.Sprintf(`{"ticket":{"comment":{"body":%q,"uploads":[%q]}}}`, word, made.Upload.Token))
	if content := request(200, "", "GET", made.Upload.Attachment.ContentURL, ""); content != word {
		t.Errorf("the file says %q", content)
	}

	// What is refused must not be repeated either, to nobody.
	other := info.BaseURL + "/v1/users/" + uuid.NewString()
	for _, refused := range []struct {
		want                   int
		key, method, url, body string
	}{
		{422, "agent", "POST", comments, content(`,"content2":null,"is_internal":null`)},
		{422, "agent", "POST", comments, `{"content":"` + word + `\u0000"}`},
		{422, "agent", "POST", comments, `{"content":"` + strings.Repeat(word, 2000) + `"}`},
		{422, "integration", "POST", comments, content(`,"author_type":"` + word + `"`)},
		{422, "integration", "POST", comments, content(`,"author_type":"AGENT","author_user_id":"` + word + `"`)},
		{422, "agent", "PATCH", comments + "/" + public, `{"content":"` + word + `\u0000"}`},
		{422, "agent", "PUT", unheardOf, fmt.Sprintf(`{"subject":%q}`, strings.Repeat(word, 50))},
		{422, "agent", "PUT", unheardOf, fmt.Sprintf(`{"status":%q}`, word)},
		{422, "admin", "PUT", user, fmt.Sprintf(`{"email":%q}`, word)},
		{422, "admin", "PUT", other, `{"role":"customer",` + person + `}`}, // the address is taken
		{422, "admin", "PUT", other, fmt.Sprintf(`{"role":%q}`, word)},
		{400, "agent", "POST", comments, `{"content":"` + word},
		{400, "agent", "POST", comments, `{"content":"` + word + `","content":"` + word + `"}`},
		{400, "agent", "POST", comments, `{"content":"` + word + `\ud800"}`},
		{400, "agent", "POST", comments, "{\"content\":\"" + word + "\xff\"}"},
		{400, "agent", "POST", comments, `{"content":["` + word + `"]}`},
		{400, "agent", "POST", comments, `["` + word + `"]`},
		{400, "agent", "POST", comments, content("") + word},
		{400, "agent", "POST", comments, `{"content":` + strings.Repeat("[", 100) + `"` + word + `"`},
		{413, "agent", "POST", comments, content(strings.Repeat(" ", 1<<20))},
		{403, "auditor", "POST", comments, content("")},
		{403, "customer", "POST", comments, content(`,"is_internal":true`)},
		{403, "customer", "PATCH", comments + "/" + note, content("")},
		{404, "customer", "PATCH", comments + "/" + public, content("")},
		{404, "agent", "POST", info.BaseURL + "/v1/tickets/" + uuid.NewString() + "/comments", content("")},
		{409, "agent", "POST", info.BaseURL + "/v1/tickets/" + info.Tickets[2] + "/comments", content("")},
		{400, "agent", "GET", info.BaseURL + "/v1/tickets/" + url.PathEscape(word) + "/comments", ""},
		{404, "agent", "GET", info.BaseURL + "/" + url.PathEscape(word), ""},
		{405, "agent", "PUT", comments, content("")},
		{405, "agent", plain, comments, content("")},
		{400, "agent", "GET", comments + "?order=" + url.QueryEscape(word), ""},
		{400, "agent", "GET", comments + "?after=" + url.QueryEscape(word), ""},
		{401, "", "GET", comments, ""},
		{422, "agent", "POST", uploads + "&token=" + url.QueryEscape(word), word},
		{422, "agent", "POST", uploads, ""},
		{404, "agent", "DELETE", info.BaseURL + "/api/v2/uploads/" + plain, ""},
		{404, "", "GET", info.BaseURL + "/attachments/token/" + url.PathEscape(word) + "/", ""},
	} {
		answer := request(refused.want, refused.key, refused.method, refused.url, refused.body)
		if sighting := newScanner(plain, special).find([]byte(answer)); sighting != nil {
			t.Errorf("%s %s is answered with what was sent, %v", refused.method, refused.url, sighting)
		}
	}
}

// saying makes a request with the words in its headers, too. Without a key it says
// them in place of one.
func saying(t *testing.T, want int, key, method, url, body, plain, special string) string {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key == "" {
		key = plain
	}
	request.Header = http.Header{
		"Authorization": {"Bearer " + key}, "Content-Type": {"application/json"},
		"Idempotency-Key": {plain + uuid.NewString()}, "User-Agent": {plain + special}, "Referer": {plain}, "Cookie": {"a=" + plain},
		"X-Forwarded-For": {plain}, "Forwarded": {"for=" + plain}, "Accept-Language": {plain}, "Traceparent": {plain},
		"X-Request-Id": {plain + " is no id"}, "If-None-Match": {`"` + plain + `"`}, "X-" + plain: {special},
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		t.Fatalf("%s %s = %d %s, %v; want %d", method, url, response.StatusCode, answer, err, want)
	}
	return string(answer)
}

// writeControl makes the word the name of an account, in which something happens, and
// the id of a request.
func writeControl(t *testing.T, dir string, info devInfo, control string) {
	t.Helper()
	environment := map[string]string{
		"COMMENTD_POSTGRES_URL": info.PostgresURL, "COMMENTD_ROOT_KEY_FILE": filepath.Join(dir, "root.key"),
	}
	for _, args := range [][]string{{"account", "create", control}, {"ticket", "create", "--account", control}} {
		if _, err := command(t, environment, args...); err != nil {
			t.Fatal(err)
		}
	}
	request, err := http.NewRequest("GET", info.BaseURL+"/livez", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Request-Id", control)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	awaitRelayed(t, info)
}

// awaitRelayed waits until NATS has what the log has.
func awaitRelayed(t *testing.T, info devInfo) {
	t.Helper()
	eventually(t, func() error {
		_, text, err := call("GET", info.BaseURL+"/metrics", "", "")
		if err == nil && !strings.Contains(text, "commentd_relay_lag_events 0\n") {
			err = errors.New("the relay is behind")
		}
		return err
	})
}

// statistics is what Postgres tells of sessions, statements and values.
func statistics(t *testing.T, db *pgx.Conn, control string) string {
	t.Helper()
	var all strings.Builder
	for _, view := range []string{"pg_stat_activity", "pg_stats", "pg_prepared_statements"} {
		rows, err := db.Query(t.Context(), "SELECT v::text FROM "+view+" v /* "+control+" */")
		if err != nil {
			t.Fatal(err)
		}
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(strings.Join(texts, "\n"))
	}
	return all.String()
}

// dump adds what the tools of Postgres write, as far as they are beside the server.
func dump(t *testing.T, data string, info devInfo, texts map[string]string) {
	t.Helper()
	pid, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := os.Readlink("/proc/" + strings.Fields(string(pid))[0] + "/exe")
	if err != nil {
		t.Logf("not dumped: %v", err)
		return
	}
	database, err := url.Parse(info.PostgresURL)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := database.User.Password()
	for _, tool := range []string{"pg_dump", "pg_dumpall"} {
		program := filepath.Join(filepath.Dir(server), tool)
		if _, err := os.Stat(program); err != nil {
			t.Logf("not dumped: %v", err)
			continue
		}
		var complaint strings.Builder
		cmd := exec.CommandContext(t.Context(), program, "-d", info.PostgresURL)
		cmd.Stderr = &complaint
		cmd.Env = append(os.Environ(), "PGPASSWORD="+password) // pg_dumpall does not hand on the one in the URL
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v %s", tool, err, complaint.String())
		}
		texts[tool] = string(out)
	}
}

// processes adds what everybody on the machine can see of a process and of those that
// it has started, where the system shows it.
func processes(t *testing.T, pid int, texts map[string]string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	own := fmt.Sprintf("/proc/%d/", pid)
	environment, err := os.ReadFile(own + "environ")
	if err != nil || !strings.Contains(string(environment), asProgram) {
		t.Errorf("the environment is %q, %v", environment, err)
	}
	texts["the environment"] = string(environment)
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(lines) == 0 {
		t.Errorf("there are the processes %v, %v", lines, err)
	}
	for _, line := range lines {
		if text, err := os.ReadFile(line); err == nil { // it may have ended
			texts[line] = string(text)
		}
	}
}
