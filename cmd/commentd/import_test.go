package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/httpapi/imports"
)

// TestImportZendesk imports into the accounts of one service.
func TestImportZendesk(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	h := newHelpdesk(t)
	t.Run("command line", h.commandLine)
	t.Run("round trip", h.roundTrip)
	t.Run("samples", h.samples)
	t.Run("standard input", h.pipe)
	t.Run("files", h.filesLater)
	t.Run("killed", h.killed)
}

// roundTrip: all that is shown of what one account exports, and another takes over, is the same.
func (h *helpdesk) roundTrip(t *testing.T) {
	ticket := h.written()
	name := h.file(h.export(h.admin))
	dry, err := h.take("other", name, "--dry-run")
	if err != nil {
		t.Error(err)
	}
	first, err := h.take("other", name)
	if err != nil {
		t.Error(err, first.Mistakes)
	}
	if dry.DryRun = false; !cmp.Equal(dry, first) {
		t.Errorf("a dry run says %+v; what came of it was %+v", dry, first)
	}
	want, got := h.shown(h.from, ticket, h.agentID, h.asksID), h.shown(h.to, ticket, h.agentID, h.asksID)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what was taken over (-there +here):\n%s", diff)
	}
	again, err := h.take("other", name)
	if err != nil || again.Audits.Written+again.People.Written+again.Comments.Written+again.Files.Written != 0 || again.Audits.There != first.Audits.Written {
		t.Errorf("a second time: %+v, %v", again, err)
	}
}

// filesLater: a comment waits for a file that cannot be had, and what came after it on its ticket
// waits, too; nothing is fetched from where it may not be.
func (h *helpdesk) filesLater(t *testing.T) {
	key, _ := h.newAccount(t, "files", everyScope)
	tt := tenant{h.from.api, key}
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the server that must not be reached is") }))
	t.Cleanup(inside.Close)
	var found atomic.Bool
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/inside":
			http.Redirect(w, r, strings.Replace(inside.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		case r.URL.Path == "/late" && !found.Load():
			w.WriteHeader(404)
		default:
			fmt.Fprint(w, "what is at "+r.URL.Path)
		}
	}))
	server.Listener.Close()
	var err error
	if server.Listener, err = net.Listen("tcp", "127.0.0.2:0"); err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(server.Close)
	was := h.environment["COMMENTD_WEBHOOK_ALLOW_NETS"]
	h.environment["COMMENTD_WEBHOOK_ALLOW_NETS"] = "127.0.0.2/32"
	defer func() { h.environment["COMMENTD_WEBHOOK_ALLOW_NETS"] = was }()

	event := func(audit, ticket int, body string, files ...string) string {
		list := make([]string, len(files))
		for i, f := range files {
			list[i] = fmt.Sprintf(`{"id":%d,"file_name":"a/%s.txt","content_url":"%s/%[2]s"}`, audit*10+i, f, server.URL)
		}
		return fmt.Sprintf(`{"id":%d,"ticket_id":%d,"created_at":"2025-01-16T11:30:00Z","updater_id":-1,"child_events":[{"id":%d,"event_type":"Comment","public":true,"body":"text","html_body":%q,"attachments":[%s]}]}`+"\n",
			audit, ticket, audit+1, body, strings.Join(list, ","))
	}
	name := h.file(event(100, 1, "first", "there") + event(200, 1, fmt.Sprintf(`<p>see <img src="%s/image"></p>`, server.URL), "image", "late") + event(300, 1, "third") +
		event(400, 2, "fourth", "inside", "there") + event(500, 3, "fifth"))
	check := func(r imports.Report, err error, incomplete bool, comments, files imports.Count) {
		t.Helper()
		if incomplete != (err != nil) || !cmp.Equal(r.Comments, comments) || !cmp.Equal(r.Files, files) {
			t.Errorf("comments %+v, files %+v, %v, %v; want %+v, %+v, incomplete: %v", r.Comments, r.Files, r.Mistakes, err, comments, files, incomplete)
		}
	}
	r, err := h.take("files", name)
	check(r, err, true, imports.Count{InFile: 5, Written: 2, Waiting: 3}, imports.Count{InFile: 5, Written: 1, Waiting: 4})
	for _, m := range r.Mistakes {
		if strings.Contains(m.Reason, "127.0.0") {
			t.Errorf("a mistake tells where files are: %+v", m)
		}
	}
	found.Store(true)
	r, err = h.take("files", name)
	check(r, err, true, imports.Count{InFile: 5, Written: 2, There: 2, Waiting: 1}, imports.Count{InFile: 5, Written: 2, There: 1, Waiting: 2})
	r, err = h.take("files", name, "--without-lost-files")
	check(r, err, false, imports.Count{InFile: 5, Written: 1, There: 4}, imports.Count{InFile: 5, Written: 1, There: 3, NotCarried: map[string]int{"cannot be had": 1}})
	var shown struct {
		Comments []struct {
			HTML        string `json:"html_body"`
			Attachments []struct {
				FileName string `json:"file_name"`
				At       string `json:"content_url"`
				Inline   bool
			}
		}
	}
	h.read(h.must(tt, 200, "GET", "/api/v2/tickets/1/comments.json?include_inline_images=true", ""), &shown)
	if len(shown.Comments) != 3 || len(shown.Comments[1].Attachments) != 2 {
		t.Fatalf("the comments are %+v", shown.Comments)
	}
	for _, f := range shown.Comments[1].Attachments {
		file := strings.TrimSuffix(strings.TrimPrefix(f.FileName, "a_"), ".txt")
		if got := mustCall(t, 200, "GET", f.At, "", ""); got != "what is at /"+file || f.Inline != (file == "image") || f.Inline != strings.Contains(shown.Comments[1].HTML, f.At) {
			t.Errorf("%+v has %q; the text is %s", f, got, shown.Comments[1].HTML)
		}
	}
	none, _ := h.newAccount(t, "none", everyScope)
	r, err = h.take("none", name, "--no-files")
	check(r, err, false, imports.Count{InFile: 5, Written: 5}, imports.Count{InFile: 5, NotCarried: map[string]int{"not wanted": 5}})
	if list := h.must(tenant{h.from.api, none}, 200, "GET", "/api/v2/tickets/1/comments.json", ""); strings.Contains(list, "file_name") {
		t.Errorf("files came although they were not wanted: %s", list)
	}
}

// commandLine is what an operator sees of a command line that cannot be obeyed, and of a report
// that does not add up.
func (h *helpdesk) commandLine(t *testing.T) {
	name := h.file(`{"users":[]}`)
	for _, args := range [][]string{
		{name}, {name + "x", "--account", "other"}, {name, "--account", "other", "--blobs", "ftp://x"}, {name, "--account", "other", "--webhook-allow-nets", "x"},
	} {
		if _, err := command(t, h.environment, append([]string{"import", "zendesk"}, args...)...); exitCode(err) != 2 {
			t.Errorf("import zendesk %v: %v; want exit code 2", args, err)
		}
	}
	without := maps.Clone(h.environment)
	delete(without, "COMMENTD_BLOBS")
	if _, err := command(t, without, "import", "zendesk", "--account", "other", name); exitCode(err) != 2 {
		t.Errorf("import zendesk without a place for files: %v; want exit code 2", err)
	}
	if _, err := command(t, without, "import", "zendesk", "--account", "other", "--no-files", name); err != nil {
		t.Errorf("import zendesk --no-files: %v", err)
	}
	err := importZendesk{}.tell(env{stdout: io.Discard, stderr: io.Discard}, imports.Report{Files: imports.Count{InFile: 2, Written: 1}})
	if exitCode(err) != 3 {
		t.Errorf("a report that does not add up: %v; want exit code 3", err)
	}
}

// exportOf is what Zendesk might have exported of so many tickets, and how many audits it has.
func exportOf(tickets int) (export string, audits int) {
	var b strings.Builder
	for u := range 20 {
		fmt.Fprintf(&b, `{"id":%d,"name":"User %[1]d","email":"u%[1]d@example.com","role":%q,"created_at":"2020-01-01T00:00:00Z","updated_at":"2020-01-01T00:00:00Z"}`+"\n", 500+u, []string{"agent", "end-user"}[u%2])
	}
	for round := range 5 {
		for n := range tickets {
			field := `"subject":"Ticket"`
			if round > 0 {
				field = fmt.Sprintf(`"status":%q`, []string{"open", "pending", "hold", "solved", "closed"}[round])
			}
			fmt.Fprintf(&b, `{"id":%d,"ticket_id":%d,"created_at":"2021-01-%02dT00:00:%02dZ","updater_id":%d,"child_events":[{"id":%d,"event_type":"Comment","type":"Comment","author_id":%[5]d,"body":"Comment %[1]d","public":%[7]t},{%s,"event_type":"Change"}]}`+"\n",
				10_000+round*1000+n, 700+n, round+1, n%60, 500+(n+round)%20, 100_000+round*1000+n, n%3 > 0, field)
			audits++
		}
	}
	return b.String(), audits
}

// threads are what is shown of all tickets of an export.
func (h *helpdesk) threads(key string, tickets int) (all []any) {
	h.t.Helper()
	for n := range tickets {
		all = append(all, h.shown(tenant{h.from.api, key}, int64(700+n), 500, 501))
	}
	return all
}

// killed: an import that is killed again and again comes to the same as one that is not, and so do
// two at once.
func (h *helpdesk) killed(t *testing.T) {
	const tickets = 12
	export, audits := exportOf(tickets)
	name := h.file(export)
	whole, _ := h.newAccount(t, "whole", everyScope)
	if r, err := h.take("whole", name); err != nil || r.Audits.Written != audits || r.Tickets.Written != tickets || r.People.Written != 20 || r.NewNumbers != 0 {
		t.Fatalf("import = %+v, %v", r, err)
	}
	want := h.threads(whole, tickets)

	killed, _ := h.newAccount(t, "killed", everyScope)
	program := func(account string) *program {
		i := h.instance(t)
		return startProgram(t, i.environment, "import", "zendesk", "--json", "--account", account, name)
	}
	for _, after := range []int{1, audits / 3, audits * 2 / 3} {
		p := program("killed")
		for p.running() && h.countOf("killed") < after {
			time.Sleep(time.Millisecond)
		}
		p.stop(syscall.SIGKILL)
	}
	interrupted := program("killed")
	for interrupted.running() && interrupted.output.String() == "" && h.countOf("killed") < audits {
		time.Sleep(time.Millisecond)
		_ = interrupted.cmd.Process.Signal(syscall.SIGINT)
	}
	_ = interrupted.wait() // it may have been done already
	if r, err := h.take("killed", name); err != nil || r.Audits.Written+r.Audits.There != audits {
		t.Errorf("the last import = %+v, %v", r, err)
	}
	if diff := cmp.Diff(want, h.threads(killed, tickets)); diff != "" {
		t.Errorf("killed again and again (-not killed +killed):\n%s", diff)
	}

	both, _ := h.newAccount(t, "both", everyScope)
	one, other := program("both"), program("both")
	if err := errors.Join(one.wait(), other.wait()); err != nil {
		t.Fatalf("two at once: %v\n%s%s", err, one.output, other.output)
	}
	first, second := h.report(one.output.String()), h.report(other.output.String())
	if first.Audits.Written+second.Audits.Written != audits || first.Comments.Written+second.Comments.Written != audits {
		t.Errorf("two at once wrote %d and %d of %d audits", first.Audits.Written, second.Audits.Written, audits)
	}
	if diff := cmp.Diff(want, h.threads(both, tickets)); diff != "" {
		t.Errorf("two at once (-one +two):\n%s", diff)
	}
	if n, m := h.countOf("whole"), h.countOf("both"); n != m {
		t.Errorf("two at once made %d comments; one made %d", m, n)
	}
}

// countOf is how many comments an account has.
func (h *helpdesk) countOf(slug string) (n int) {
	h.t.Helper()
	db, err := pgx.Connect(h.t.Context(), h.postgres)
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close(h.t.Context())
	err = db.QueryRow(h.t.Context(), `SELECT count(*) FROM log.events WHERE type = 'comment.created'
		AND account_id = (SELECT account_id FROM directory.accounts WHERE slug = $1)`, slug).Scan(&n)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}
