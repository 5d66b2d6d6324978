package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestContract holds the whole program, as it is started by hand, to what clients
// are promised.
func TestContract(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	dir := devFolder(t)
	p, info := startDev(t, dir, "--log-level", "debug")
	t.Run("together", func(t *testing.T) {
		t.Run("ReadmeSpeaksOfTheDemo", func(t *testing.T) { t.Parallel(); checkReadme(t, info) })
		t.Run("OpenedTicketHasItsComment", func(t *testing.T) { t.Parallel(); checkOpenedTicket(t, dir, info) })
		t.Run("NotesDoNotShow", func(t *testing.T) { t.Parallel(); checkNotesDoNotShow(t, info) })
		t.Run("Sockets", func(t *testing.T) { t.Parallel(); checkSockets(t, info) })
		t.Run("SlowBody", func(t *testing.T) { t.Parallel(); checkSlowBody(t, info) })
		t.Run("Canaries", func(t *testing.T) { t.Parallel(); releaseCanaries(t, info) })
	})
	if err := p.stop(syscall.SIGINT); err != nil {
		t.Errorf("dev ended with %v\n%s", err, p.output)
	}
	checkNoCanary(t, dir, info, p.output.String())
}

// checkReadme: what the README tells newcomers to paste is true of the demo account.
func checkReadme(t *testing.T, info devInfo) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{info.Keys["agent"], "/tickets/" + info.Tickets[0]} {
		if strings.Count(string(readme), want) < 2 { // for the shell, and for Python
			t.Errorf("the README does not have %q twice", want)
		}
	}
	for _, key := range regexp.MustCompile(`cmt_[0-9A-Za-z_]+`).FindAllString(string(readme), -1) {
		mustCall(t, 200, "GET", info.BaseURL+"/v1/tickets/"+info.Tickets[0], key, "")
	}
}

// checkOpenedTicket: a comment that opens its ticket is kept like any other.
func checkOpenedTicket(t *testing.T, dir string, info devInfo) {
	const user = "0b0e1f3c-5a52-4d8b-9f41-3c1c55a0c001"
	environment := map[string]string{
		"COMMENTD_POSTGRES_URL": info.PostgresURL, "COMMENTD_ROOT_KEY_FILE": filepath.Join(dir, "root.key"),
	}
	var answer string
	for _, args := range [][]string{
		{"account", "create", "open", "--unknown-tickets", "open"},
		{"user", "create", "--account", "open", "--role", "agent", "--id", user},
		{"key", "create", "--account", "open", "--user", user, "--kind", "agent", "--scopes", "comments:read,comments:write", "--json"},
	} {
		var err error
		if answer, err = command(t, environment, args...); err != nil {
			t.Fatal(err)
		}
	}
	key := regexp.MustCompile(`cmt_[0-9A-Za-z_]+`).FindString(answer)
	url := info.BaseURL + "/v1/tickets/" + user + "/comments"
	created := mustCall(t, 201, "POST", url, key, quoted("the first word"))
	if got := mustCall(t, 200, "GET", url, key, ""); got != "["+created+"]" || !strings.Contains(got, "the first word") {
		t.Errorf("the thread is %s; created was %s", got, created)
	}
}

// newTicket opens a ticket of the customer and returns its URL.
func newTicket(t *testing.T, info devInfo, id, subject string) string {
	t.Helper()
	url := info.BaseURL + "/v1/tickets/" + id
	mustCall(t, 201, "PUT", url, info.Keys["agent"], fmt.Sprintf(`{"requester_id":%q,"subject":%q}`, info.Users["customer"], subject))
	return url
}

// checkNotesDoNotShow polls as the customer while notes are written, changed and
// deleted: nothing moves, and what is known is still known.
func checkNotesDoNotShow(t *testing.T, info devInfo) {
	url := newTicket(t, info, "0b0e1f3c-5a52-4d8b-9f41-3c1c55a0c002", "Quiet")
	var note struct {
		ID string `json:"id"`
	}
	mustCall(t, 201, "POST", url+"/comments", info.Keys["agent"], quoted("for all"))
	get := func(path, etag string) (answer string, tag string) {
		request, err := http.NewRequest("GET", url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+info.Keys["customer"])
		request.Header.Set("X-Request-Id", "poll")
		if etag != "" {
			request.Header.Set("If-None-Match", etag)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Error(err)
			return "", ""
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Error(err)
		}
		response.Header.Del("Date")
		return fmt.Sprint(response.Status, response.Header, string(body)), response.Header.Get("ETag")
	}
	done := make(chan struct{})
	var pollers sync.WaitGroup
	for _, path := range []string{"", "/comments", "/comments?limit=1&order=desc", "/comments?is_internal=true", "/comments?author_type=AGENT"} {
		whole, tag := get(path, "")
		pollers.Go(func() {
			for {
				if got, _ := get(path, ""); got != whole {
					t.Errorf("GET %s was\n%s\nand became\n%s", path, whole, got)
					return
				}
				if got, _ := get(path, tag); tag != "" && !strings.HasPrefix(got, "304") {
					t.Errorf("GET %s with what is known = %s", path, got)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for n := range 40 {
		answer := mustCall(t, 201, "POST", url+"/comments", info.Keys["agent"], fmt.Sprintf(`{"content":"note %d","is_internal":true}`, n))
		if err := json.Unmarshal([]byte(answer), &note); err != nil {
			t.Fatal(err)
		}
		switch n % 4 {
		case 0:
			mustCall(t, 200, "PATCH", url+"/comments/"+note.ID, info.Keys["agent"], quoted("changed"))
		case 1:
			mustCall(t, 204, "DELETE", url+"/comments/"+note.ID, info.Keys["agent"], "")
		}
	}
	close(done)
	pollers.Wait()
}

// exchange sends pieces on a connection of their own and returns all that comes
// back. If half is true it closes its own half after them.
func exchange(t *testing.T, info devInfo, half bool, pieces ...string) string {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(info.BaseURL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	sent := make(chan struct{})
	go func() { // the server may hang up before it has all
		defer close(sent)
		for _, piece := range pieces {
			if _, err := io.WriteString(c, piece); err != nil {
				return
			}
		}
		if half {
			_ = c.(*net.TCPConn).CloseWrite()
		}
	}()
	answer, err := io.ReadAll(c)
	if err, ok := err.(net.Error); ok && err.Timeout() {
		t.Errorf("the connection is still open after %.60q", answer)
	}
	<-sent
	return string(answer)
}

// checkSockets sends what HTTP clients do not.
func checkSockets(t *testing.T, info devInfo) {
	url := newTicket(t, info, "0b0e1f3c-5a52-4d8b-9f41-3c1c55a0c003", "Sockets")
	path := strings.TrimPrefix(url, info.BaseURL) + "/comments"
	authorization := "Authorization: Bearer " + info.Keys["agent"] + "\r\n"
	post := func(headers, body string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers + "\r\n" + body
	}
	sized := func(body string) string {
		return post(authorization+fmt.Sprintf("Content-Length: %d\r\n", len(body)), body)
	}
	last := "GET " + path + "?limit=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + authorization + "\r\n"
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 1<<16, strings.Repeat(" ", 1<<16))
	statuses := regexp.MustCompile(`(?m)HTTP/1\.1 (\d+) `)
	for _, tt := range []struct {
		name    string
		half    bool
		pieces  []string
		want    string // statuses
		created int
	}{
		{"one after the other", false, []string{strings.Repeat(sized(`{"content":"pipelined"}`), 3), last}, "201 201 201 200", 3},
		{"chunks", false, []string{post(authorization+"Transfer-Encoding: chunked\r\n", "18\r\n{\"content\":\"in chunks!\"}\r\n0\r\n\r\n"), last}, "201 200", 1},
		{"a body of the wrong type is not the next request", false, []string{strings.Replace(sized(last), "/json", "/xml", 1), last}, "415 200", 0},
		{"a body without a key is not the next request", false, []string{post(fmt.Sprintf("Content-Length: %d\r\n", len(last)), last), last}, "401 200", 0},
		{"too long", false, []string{post(authorization+"Content-Length: 1048577\r\n", "")}, "413", 0},
		{"too long, and asks before", false, []string{post(authorization+"Content-Length: 1048577\r\nExpect: 100-continue\r\n", "")}, "413", 0},
		{"too long in chunks", false, []string{post(authorization+"Connection: close\r\nTransfer-Encoding: chunked\r\n", ""), strings.Repeat(chunk, 17), "0\r\n\r\n"}, "413", 0},
		{"ends too early", true, []string{post(authorization+"Content-Length: 100\r\n", `{"content":"half"}`)}, "400", 0},
	} {
		before := len(contentsOf(t, info, "agent", filepath.Base(url)))
		answer := exchange(t, info, tt.half, tt.pieces...)
		var got []string
		for _, m := range statuses.FindAllStringSubmatch(answer, -1) {
			got = append(got, m[1])
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %s; want %s", tt.name, s, tt.want)
		}
		if n := len(contentsOf(t, info, "agent", filepath.Base(url))) - before; n != tt.created {
			t.Errorf("%s: %d comments more; want %d", tt.name, n, tt.created)
		}
	}
}

// checkSlowBody: whoever cannot bring a body to its end is told so.
func checkSlowBody(t *testing.T, info devInfo) {
	answer := exchange(t, info, false, "POST /v1/tickets/"+info.Tickets[0]+"/comments HTTP/1.1\r\nHost: x\r\n"+
		"Content-Type: application/json\r\nContent-Length: 100\r\nAuthorization: Bearer "+info.Keys["agent"]+"\r\n\r\n{")
	if !strings.HasPrefix(answer, "HTTP/1.1 408 ") || !strings.Contains(answer, `"code":"request_timeout"`) {
		t.Errorf("the answer is %q; want 408", answer)
	}
}

// canary is put into everything that a person may type.
const canary = "c4n4ry"

func releaseCanaries(t *testing.T, info devInfo) {
	url := newTicket(t, info, "0b0e1f3c-5a52-4d8b-9f41-3c1c55a0c004", canary)
	comments := url + "/comments"
	var comment struct {
		ID string `json:"id"`
	}
	answer := mustCall(t, 201, "POST", comments, info.Keys["customer"], quoted(canary+" of the customer"))
	if err := json.Unmarshal([]byte(answer), &comment); err != nil {
		t.Fatal(err)
	}
	user := info.BaseURL + "/v1/users/0b0e1f3c-5a52-4d8b-9f41-3c1c55a0c005"
	for _, tt := range []struct {
		want                   int
		method, url, key, body string
	}{
		{201, "POST", comments, info.Keys["agent"], `{"content":"` + canary + `","is_internal":true}`},
		{200, "PATCH", comments + "/" + comment.ID, info.Keys["customer"], quoted(canary + " again")},
		{204, "DELETE", comments + "/" + comment.ID, info.Keys["customer"], ""},
		{200, "PUT", url, info.Keys["agent"], `{"subject":"another ` + canary + `"}`},
		{201, "PUT", user, info.Keys["agent"], `{"role":"customer","name":"` + canary + `","email":"` + canary + `@example.com"}`},
		{200, "PUT", user, info.Keys["agent"], `{"name":"` + canary + ` II"}`},
		{422, "PUT", user, info.Keys["agent"], `{"email":"` + canary + `","role":"` + canary + `"}`},
		{422, "POST", comments, info.Keys["agent"], quoted(strings.Repeat(canary, 11_000))},
		{422, "POST", comments, info.Keys["agent"], `{"content":"` + canary + `\u0000"}`},
		{422, "POST", comments, info.Keys["integration"], `{"content":"` + canary + `","author_type":"` + canary + `"}`},
		{422, "PUT", url, info.Keys["agent"], `{"status":"` + canary + `","requester_id":"` + canary + `"}`},
		{400, "POST", comments, info.Keys["agent"], `{"content":"` + canary},
		{400, "POST", comments, info.Keys["agent"], `{"content":{"` + canary + `":1}}`},
		{400, "POST", comments, info.Keys["agent"], `{"` + canary + `":1,"` + canary + `":2}`},
		{400, "GET", comments + "?after=" + canary, info.Keys["agent"], ""},
		{400, "GET", comments + "?order=" + canary, info.Keys["agent"], ""},
		{400, "GET", comments + "/" + canary, info.Keys["agent"], ""},
		{404, "GET", info.BaseURL + "/" + canary, info.Keys["agent"], ""},
		{401, "GET", comments, canary, ""},
	} {
		answer := mustCall(t, tt.want, tt.method, tt.url, tt.key, tt.body)
		if tt.want >= 400 && strings.Contains(answer, canary) {
			t.Errorf("%s %s repeats what was sent: %s", tt.method, tt.url, answer)
		}
	}
	request, err := http.NewRequest("POST", comments, strings.NewReader(quoted(canary+" by a named program")))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{
		"Authorization": {"Bearer " + info.Keys["agent"]}, "Content-Type": {"application/json"},
		"User-Agent": {canary}, "Referer": {canary}, "Cookie": {canary}, "Idempotency-Key": {canary}, "X-Forwarded-For": {canary},
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 201 {
		t.Errorf("POST with canaries in headers = %s", response.Status)
	}
	if metrics := mustCall(t, 200, "GET", info.BaseURL+"/metrics", "", ""); strings.Contains(metrics, canary) {
		t.Error("the metrics hold a canary")
	}
}

// checkNoCanary looks for canaries and keys in all that was logged and all that is
// on disk: tables, write-ahead log and temporary files of Postgres, files of NATS.
func checkNoCanary(t *testing.T, dir string, info devInfo, log string) {
	t.Helper()
	secrets := []string{canary}
	for _, key := range info.Keys {
		secrets = append(secrets, key)
	}
	check := func(where string, content []byte) {
		for _, secret := range secrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds %s", where, secret)
			}
		}
	}
	// The keys are printed for whoever starts dev, above the log.
	_, log, found := strings.Cut(log, "Ctrl-C stops everything.")
	if !found || !strings.Contains(log, `"msg":"request"`) {
		t.Errorf("the log is not what it was:\n%s", log)
	}
	check("the log", []byte(log))
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		check(path, content)
		files++
		return err
	})
	if err != nil || files < 500 {
		t.Errorf("looked through %d files, %v", files, err)
	}
}
