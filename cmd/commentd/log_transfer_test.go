package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
)

// TestLogElsewhere exports a log with a bit of everything in it, imports it into another
// database by processes that are killed, and asks both services for everything: the answers
// are the same, to the byte.
func TestLogElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	const scopes = "comments:read,comments:write,comments:delete,comments:redact,comments:act_as,tickets:write,audit:read,admin"
	key, _ := p.newKey(t, "acme", scopes)
	otherKey, _ := p.newAccount(t, "other", scopes)
	p.environment["COMMENTD_PUBLIC_URL"] = publicURL
	source := p.instance(t)
	source.start()
	source.awaitReady()
	paths := p.writeEverything(t, tenant{source.url, key})
	p.fill(t, source.url, p.ticket, 1500, 50)
	tenant{source.url, otherKey}.ask(t, "PUT", "/v1/tickets/"+p.ticket, `{"subject":"Of the other account"}`)
	mustCall(t, 201, "POST", source.url+"/v1/tickets/"+p.ticket+"/comments", otherKey, quoted("of the other account"))
	p.awaitErased(t)

	file := filepath.Join(t.TempDir(), "log.ndjson")
	p.do(t, "log", "export", "--contents", "-o", file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; texts are in it", info, err)
	}
	public := strings.TrimSpace(p.do(t, "log", "key"))
	if out, err := command(t, nil, "log", "import", "--check", "--key", public, file); err != nil || !strings.Contains(out, "they are those of the log of") {
		t.Errorf("log import --check = %s, %v", out, err)
	}

	q := &production{postgres: devstacktest.Postgres(t), nats: devstacktest.NATS(t), environment: maps.Clone(p.environment)}
	q.environment["COMMENTD_POSTGRES_URL"], q.environment["COMMENTD_NATS_URL"] = q.postgres, q.nats.URL()
	q.environment["COMMENTD_BLOBS"] = filepath.Join(t.TempDir(), "blobs")
	if err := os.CopyFS(q.environment["COMMENTD_BLOBS"], os.DirFS(p.environment["COMMENTD_BLOBS"])); err != nil {
		t.Fatal(err)
	}
	for killed := 0; q.importKilled(t, file, killed); killed++ {
		q.do(t, "log", "verify") // of the beginning of the log: what was redacted, was so in its first batch
	}
	if out := q.do(t, "log", "verify"); !strings.Contains(out, "everything is as it should be") {
		t.Errorf("log verify = %s", out)
	}
	if want, got := p.do(t, "log", "head", "--json"), q.do(t, "log", "head", "--json"); want != got {
		t.Errorf("log head = %s; want %s", got, want)
	}
	elsewhere := maps.Clone(q.environment)
	elsewhere["COMMENTD_ROOT_KEY"] = vault.GenerateRootKey()
	if _, err := command(t, elsewhere, "log", "import", "--key", public, file); err == nil || !strings.Contains(err.Error(), "root key") {
		t.Errorf("log import under another root key than before = %v", err)
	}
	target := q.instance(t)
	target.start()
	target.awaitReady()
	for _, k := range []string{key, otherKey} {
		from, to := tenant{source.url, k}, tenant{target.url, k}
		for _, path := range append(paths, "/v1/tickets/"+p.ticket+"/comments", "/v1/tickets/"+p.ticket+"/events", "/api/v2/users/me.json") {
			want, got := from.ask(t, "GET", path, ""), to.ask(t, "GET", path, "")
			if want.Status != got.Status || want.Body != got.Body {
				t.Errorf("GET %s = %d %.300s\nwant %d %.300s", path, got.Status, got.Body, want.Status, want.Body)
			}
		}
	}
	eventually(t, func() error {
		want, got := treeOf(t, source.url, key), treeOf(t, target.url, key)
		if want != got {
			return fmt.Errorf("the tree is %s, was %s", got, want)
		}
		return nil
	})
	mustCall(t, 201, "POST", target.url+"/v1/tickets/"+p.ticket+"/comments", key, quoted("it goes on"))
}

// publicURL is in links, wherever the log is.
const publicURL = "https://help.example.com"

// treeOf is size and root of the last tree head.
func treeOf(t *testing.T, api, key string) string {
	t.Helper()
	var head struct {
		Size int64  `json:"size"`
		Root string `json:"root_hash"`
	}
	answer := mustCall(t, 200, "GET", api+"/v1/log/tree_head", key, "")
	if err := json.Unmarshal([]byte(answer), &head); err != nil || head.Size == 0 || head.Root == "" {
		t.Fatalf("%s: %v", answer, err)
	}
	return fmt.Sprintf("%d %s", head.Size, head.Root)
}

// importKilled imports in a process that is killed: once before it can have done much, then
// a moment after it has appended something, and not at all after some times. It reports
// whether it was.
func (p *production) importKilled(t *testing.T, file string, before int) bool {
	t.Helper()
	db, err := pgx.Connect(t.Context(), p.postgres)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	position := func() (at int64) {
		if err := db.QueryRow(t.Context(), "SELECT position FROM log.heads").Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	start := position()
	i := p.instance(t)
	importing := startProgram(t, i.environment, "log", "import", file)
	for importing.running() && before > 0 && (before > 6 || position() == start) {
		time.Sleep(2 * time.Millisecond)
	}
	if importing.running() {
		time.Sleep(rand.N(50 * time.Millisecond))
		importing.stop(syscall.SIGKILL)
	}
	<-importing.exited
	if importing.cmd.ProcessState.Exited() && importing.err != nil {
		t.Fatalf("log import: %v\n%s", importing.err, importing.output)
	}
	t.Logf("from position %d to %d: %v", start, position(), importing.err)
	return importing.err != nil
}

// awaitErased waits until no key is owed its destruction.
func (p *production) awaitErased(t *testing.T) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), p.postgres)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	eventually(t, func() error {
		var open int
		if err := db.QueryRow(t.Context(), "SELECT count(*) FROM log.obligations WHERE completed_at IS NULL").Scan(&open); err != nil {
			return err
		}
		if open > 0 {
			return fmt.Errorf("%d obligations are open", open)
		}
		return nil
	})
}

// writeEverything writes what callers can write, and returns where all of it is shown.
func (p *production) writeEverything(t *testing.T, tt tenant) (paths []string) {
	t.Helper()
	must := func(want int, method, path, body string) []byte {
		t.Helper()
		return []byte(mustCall(t, want, method, tt.api+path, tt.key, body))
	}
	made := func(answer []byte) string {
		t.Helper()
		var m struct{ ID string }
		if err := json.Unmarshal(answer, &m); err != nil {
			t.Fatal(err)
		}
		return m.ID
	}
	person, ticket, chat := uuid.NewString(), uuid.NewString(), uuid.NewString()
	must(201, "PUT", "/v1/users/"+person, `{"role":"customer","name":"Pat","email":"pat@example.com"}`)
	must(201, "PUT", "/v1/tickets/"+ticket, fmt.Sprintf(`{"subject":"Mine","requester_id":%q}`, person))
	comments := "/v1/tickets/" + ticket + "/comments"
	public := made(must(201, "POST", comments, quoted("My card is 4111.")))
	note := made(must(201, "POST", comments, `{"content":"a note","is_internal":true}`))
	deleted := made(must(201, "POST", comments, quoted("deleted")))
	must(200, "PATCH", comments+"/"+public, quoted("Forget the card 4111, please."))
	must(200, "PATCH", comments+"/"+note, `{"is_internal":false}`)
	must(204, "DELETE", comments+"/"+deleted, "")
	must(201, "POST", comments+"/"+public+"/redactions", `{"text":"4111"}`)
	must(201, "POST", "/v1/tickets/"+ticket+"/chats", fmt.Sprintf(`{"id":%q,"visitor_id":%q}`, chat, person))
	must(201, "POST", "/v1/tickets/"+ticket+"/chats/"+chat+"/messages", fmt.Sprintf(`{"author_type":"CUSTOMER","author_customer_id":%q,"content":"hello"}`, person))

	var opened struct{ Ticket struct{ ID int64 } }
	file := tt.upload(t, "kept.txt", "what is in the file")
	answer := must(201, "POST", "/api/v2/tickets.json", fmt.Sprintf(`{"ticket":{"subject":"Files","comment":{"body":"with a file","uploads":[%q]}}}`, file))
	if err := json.Unmarshal(answer, &opened); err != nil {
		t.Fatal(err)
	}
	number := fmt.Sprintf("/api/v2/tickets/%d", opened.Ticket.ID)
	must(200, "PUT", number+".json", fmt.Sprintf(`{"ticket":{"status":"solved","comment":{"body":"with another","public":false,"uploads":[%q]}}}`, tt.upload(t, "gone.txt", "secret")))
	var shown struct {
		Comments []struct {
			ID          int64
			Attachments []struct {
				ID         int64
				ContentURL string `json:"content_url"`
			}
		}
	}
	if err := json.Unmarshal(must(200, "GET", number+"/comments.json", ""), &shown); err != nil || len(shown.Comments) != 2 {
		t.Fatalf("%+v, %v", shown, err)
	}
	gone := shown.Comments[1]
	must(200, "PUT", fmt.Sprintf("%s/comments/%d/attachments/%d/redact", number, gone.ID, gone.Attachments[0].ID), "{}")
	return []string{
		"/v1/tickets/" + ticket, comments, comments + "/" + public, comments + "/" + public + "/versions", comments + "/" + deleted + "/versions",
		"/v1/tickets/" + ticket + "/events", "/v1/tickets/" + ticket + "/chats/" + chat, "/v1/users/" + person,
		number + ".json", number + "/comments.json", number + "/audits.json", strings.TrimPrefix(shown.Comments[0].Attachments[0].ContentURL, publicURL),
		fmt.Sprintf("/api/v2/attachments/%d.json", gone.Attachments[0].ID),
	}
}

// upload uploads a file and returns the token.
func (tt tenant) upload(t *testing.T, name, content string) string {
	t.Helper()
	request, err := http.NewRequest("POST", tt.api+"/api/v2/uploads.json?filename="+name, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+tt.key)
	request.Header.Set("Content-Type", "application/binary")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	var made struct{ Upload struct{ Token string } }
	if err != nil || response.StatusCode != 201 || json.Unmarshal(answer, &made) != nil {
		t.Fatalf("POST uploads = %d %s, %v", response.StatusCode, answer, err)
	}
	return made.Upload.Token
}

// TestLogRefused is what an operator sees of a file that is not what it should be.
func TestLogRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	i := p.instance(t, "--roles", "worker")
	i.start()
	i.awaitReady()
	name := filepath.Join(t.TempDir(), "log.ndjson")
	p.do(t, "log", "export", "--contents", "-o", name)
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	environment := maps.Clone(p.environment)
	environment["COMMENTD_POSTGRES_URL"] = devstacktest.Postgres(t)
	for _, tt := range []struct {
		name, file, args, say string
		code                  int
	}{
		{"tampered with", strings.Replace(string(file), `"internal":false`, `"internal":true`, 1), "", "line 2: ", 3},
		{"torn", string(file[:len(file)-10]), "", "cut off", 3},
		{"signed elsewhere", string(file), newKey(t), "not signed by this key", 3},
		{"whole", string(file), "", "", 0},
	} {
		if err := os.WriteFile(name, []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"log", "import", name}
		if tt.args != "" {
			args = append(args, "--key", tt.args)
		}
		_, err := command(t, environment, args...)
		if err == nil && tt.code == 0 {
			continue
		}
		if exitCode(err) != tt.code || !strings.Contains(err.Error(), tt.say) {
			t.Errorf("a file that is %s: %v; want exit code %d and %q", tt.name, err, tt.code, tt.say)
		}
	}
	if out := p.piped(t, environment["COMMENTD_POSTGRES_URL"], name); !strings.Contains(out, "0 events are new here") {
		t.Errorf("log import of the standard input = %s", out)
	}
	for _, args := range [][]string{
		{"log", "import", name + "x"}, {"log", "export", "--from", "0"}, {"log", "export", "--from", "3", "--to", "2"},
		{"log", "export", "-o", name}, // which has texts
	} {
		if _, err := command(t, p.environment, args...); exitCode(err) != 2 {
			t.Errorf("commentd %v: %v; want exit code 2", args, err)
		}
	}
}

// piped imports a file from the standard input.
func (p *production) piped(t *testing.T, postgres, name string) string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := exec.Command(os.Args[0], "log", "import", "-")
	cmd.Stdin = file
	importing := startCommand(t, cmd, []string{"COMMENTD_POSTGRES_URL=" + postgres, "COMMENTD_ROOT_KEY=" + p.environment["COMMENTD_ROOT_KEY"]})
	if err := importing.wait(); err != nil {
		t.Errorf("log import - = %v", err)
	}
	return importing.output.String()
}

// newKey is the verifier key of another log.
func newKey(t *testing.T) string {
	t.Helper()
	key, err := command(t, map[string]string{"COMMENTD_ROOT_KEY": vault.GenerateRootKey()}, "log", "key")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(key)
}
