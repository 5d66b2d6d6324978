package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/httpapi/imports"
)

const everyScope = "comments:read,comments:write,comments:delete,comments:redact,comments:act_as,tickets:write,audit:read,admin"

// helpdesk is a service with two accounts: the one is written to as if it were Zendesk, the other
// takes that over.
type helpdesk struct {
	*production
	t  *testing.T
	to tenant
	// Those of the first account, with the numbers of two.
	from, admin, customer tenant
	agentID, asksID       int64
}

func newHelpdesk(t *testing.T) *helpdesk {
	t.Helper()
	h := &helpdesk{production: newProduction(t), t: t}
	h.environment["COMMENTD_WEBHOOK_ALLOW_NETS"], h.environment["COMMENTD_WEBHOOK_ALLOW_HTTP"] = "127.0.0.0/8", "true"
	i := h.instance(t, "--roles", "api")
	i.environment = append(i.environment, "COMMENTD_PUBLIC_URL="+i.url)
	h.environment["COMMENTD_PUBLIC_URL"] = i.url
	i.start()
	i.awaitReady()
	h.do(t, "import", "zendesk", h.file("")) // into the only account there is
	other, _ := h.newAccount(t, "other", everyScope)
	h.to = tenant{i.url, other}
	h.from = h.person(i.url, "agent", "agent", "Ann Agent")
	h.admin = h.person(i.url, "admin", "agent", "Ada Admin")
	h.customer = h.person(i.url, "customer", "customer", "Pat Doe")
	h.agentID, h.asksID = h.numberOf(h.from), h.numberOf(h.customer)
	return h
}

// person introduces somebody to the first account.
func (h *helpdesk) person(api, role, kind, name string) tenant {
	h.t.Helper()
	var user struct{ ID string }
	h.read(h.do(h.t, "user", "create", "--json", "--account", "acme", "--role", role, "--name", name, "--email", role+"@example.com"), &user)
	scopes := everyScope
	if kind == "customer" {
		scopes = "comments:read,comments:write"
	}
	var key struct{ Key string }
	h.read(h.do(h.t, "key", "create", "--json", "--account", "acme", "--user", user.ID, "--kind", kind, "--scopes", scopes), &key)
	return tenant{api, key.Key}
}

func (h *helpdesk) read(text string, into any) {
	h.t.Helper()
	if err := json.NewDecoder(strings.NewReader(text)).Decode(into); err != nil {
		h.t.Fatalf("%v in %.300s", err, text)
	}
}

func (h *helpdesk) numberOf(tt tenant) int64 {
	h.t.Helper()
	var me struct{ User struct{ ID int64 } }
	h.read(tt.ask(h.t, "GET", "/api/v2/users/me.json", "").Body, &me)
	return me.User.ID
}

// must is a call that answers so.
func (h *helpdesk) must(tt tenant, status int, method, path, body string) string {
	h.t.Helper()
	return mustCall(h.t, status, method, tt.api+path, tt.key, body)
}

// written writes a ticket with a bit of everything, and returns its number.
func (h *helpdesk) written() int64 {
	h.t.Helper()
	var made struct {
		Ticket struct{ ID int64 }
		Audit  struct{ Events []struct{ ID int64 } }
	}
	h.read(h.must(h.from, 201, "POST", "/api/v2/tickets.json", fmt.Sprintf(
		`{"ticket":{"subject":"The printer is on fire","requester_id":%d,"metadata":{"shop":7},"comment":{"author_id":%[1]d,"body":"It burns.\n\nIs **that** usual?","metadata":{"flags":[4,21]}}}}`, h.asksID)), &made)
	ticket := fmt.Sprint("/api/v2/tickets/", made.Ticket.ID)
	put := func(fields string) int64 {
		h.t.Helper()
		h.read(h.must(h.from, 200, "PUT", ticket+".json", `{"ticket":`+fields+`}`), &made)
		return made.Audit.Events[0].ID
	}
	put(`{"status":"open","comment":{"body":"We **look** into it.\n\n- at once","public":true}}`)
	put(fmt.Sprintf(`{"comment":{"html_body":"<p>See the <b>list</b> &amp; the scan</p><ul><li>one</li></ul>","uploads":[%q,%q]}}`,
		h.from.upload(h.t, "scan.txt", "what was scanned"), h.from.upload(h.t, "more.txt", "more of it")))
	hidden := put(`{"comment":{"body":"hidden later"}}`)
	h.must(h.from, 200, "PUT", fmt.Sprintf("%s/comments/%d/make_private", ticket, hidden), "{}")
	secret := put(`{"comment":{"body":"The code is 4711, really.","public":false}}`)
	h.must(h.from, 200, "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket, secret), `{"text":"4711"}`)
	h.must(h.customer, 200, "PUT", strings.Replace(ticket, "tickets", "requests", 1), `{"request":{"comment":{"body":"1 < 2 & <b>no</b> markup"}}}`)
	put(`{"status":"pending","subject":"The printer was on fire"}`)
	put(`{"status":"solved","comment":{"body":"It is out."}}`)
	return made.Ticket.ID
}

// export returns what an account exports, as one page after the other.
func (h *helpdesk) export(tt tenant) string {
	h.t.Helper()
	h.age()
	events := h.must(tt, 200, "GET", "/api/v2/incremental/ticket_events.json?start_time=0&include=comment_events", "")
	return h.must(tt, 200, "GET", "/api/v2/users.json", "") + "\n" + events + "\n"
}

// age has all that is in the log be an hour older: what is of the last minute is not exported.
func (h *helpdesk) age() {
	h.t.Helper()
	h.exec("UPDATE log.events SET recorded_at = recorded_at - interval '1 hour'")
}

func (h *helpdesk) exec(sql string, args ...any) {
	h.t.Helper()
	db, err := pgx.Connect(h.t.Context(), h.postgres)
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close(h.t.Context())
	if _, err := db.Exec(h.t.Context(), sql, args...); err != nil {
		h.t.Fatal(err)
	}
}

// file writes a file and returns its name.
func (h *helpdesk) file(content string) string {
	h.t.Helper()
	name := filepath.Join(h.t.TempDir(), "export.json")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return name
}

// take imports a file into an account, and returns the report.
func (h *helpdesk) take(account, name string, flags ...string) (r imports.Report, err error) {
	h.t.Helper()
	args := append([]string{"import", "zendesk", "--json", "--account", account, name}, flags...)
	out, err := command(h.t, h.environment, args...)
	return h.report(out), err
}

func (h *helpdesk) report(out string) (r imports.Report) {
	h.t.Helper()
	_, object, there := strings.Cut(out, "{")
	if !there {
		h.t.Fatalf("there is no report in %q", out)
	}
	h.read("{"+object, &r)
	if wrong := r.Unreconciled(); wrong != nil {
		h.t.Errorf("the report does not add up: %v", wrong)
	}
	return r
}

// shown is all that the API shows of a ticket and some users, without what no import keeps.
func (h *helpdesk) shown(tt tenant, ticket int64, users ...int64) map[string]any {
	h.t.Helper()
	all := map[string]any{}
	for name, path := range map[string]string{
		"ticket":   fmt.Sprintf("/api/v2/tickets/%d.json", ticket),
		"comments": fmt.Sprintf("/api/v2/tickets/%d/comments.json?include_inline_images=true", ticket),
		"audits":   fmt.Sprintf("/api/v2/tickets/%d/audits.json", ticket),
		"remarks":  fmt.Sprintf("/api/v2/requests/%d/comments.json", ticket),
		"users":    "/api/v2/users/show_many.json?ids=" + strings.Trim(strings.ReplaceAll(fmt.Sprint(users), " ", ","), "[]"),
	} {
		var answer map[string]any
		h.read(h.must(tt, 200, "GET", path, ""), &answer)
		all[name] = plain(answer[strings.Replace(name, "remarks", "comments", 1)])
	}
	return all
}

// plain is a value without ids of its own: those of comments, audits and files are new ones, and
// so is where something is to be had. Audits that were only about hiding something, which a
// comment shows for itself, are none.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			if item = plain(item); item != nil {
				list = append(list, item)
			}
		}
		return list
	case map[string]any:
		if kind, _ := v["type"].(string); slices.Contains([]string{"CommentPrivacyChange", "CommentRedactionEvent"}, kind) {
			return nil
		}
		_, user := v["role"]
		_, ticket := v["requester_id"]
		v = maps.Clone(v)
		if !user && !ticket {
			delete(v, "id")
		}
		for _, name := range []string{"audit_id", "url", "content_url", "mapped_content_url", "generated_timestamp"} {
			delete(v, name)
		}
		if ticket { // it moves by what was hidden
			delete(v, "updated_at")
		}
		for name := range v {
			v[name] = plain(v[name])
		}
		if events, audit := v["events"].([]any); audit && len(events) == 0 {
			return nil
		}
		return v
	}
	return v
}

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

// samples: what Zendesk exports in each of the forms that there are, seen over both APIs.
func (h *helpdesk) samples(t *testing.T) {
	key, _ := h.newAccount(t, "samples", everyScope)
	tt := tenant{h.from.api, key}
	h.do(t, "user", "create", "--account", "samples", "--role", "customer", "--name", "Cay", "--email", "known@example.org")
	r, err := h.take("samples", "testdata/zendesk.json")
	if exitCode(err) != 1 || err == nil {
		t.Errorf("a file with mistakes: %v; want exit code 1", err)
	}
	want := imports.Report{
		People:   imports.Count{InFile: 5, Written: 4, Contained: 1},
		Tickets:  imports.Count{InFile: 4, Written: 3, NotCarried: map[string]int{"nothing of it is carried": 1}},
		Audits:   imports.Count{InFile: 10, Written: 6, Contained: 1, NotCarried: map[string]int{"nothing of it is carried": 1}, Refused: 2},
		Comments: imports.Count{InFile: 6, Written: 6},
		Events:   imports.Count{InFile: 8, Written: 5, NotCarried: map[string]int{"Create of priority": 1, "Change of tags": 1, "Notification": 1}},
		Mistakes: []imports.Mistake{
			{Place: "line 28, ticket_events 6", Reason: "a comment in it has no text: export with include=comment_events"},
			{Place: "line 36, ticket_events 1", Reason: "it does not say when it was, or not credibly"},
			{Place: "line 37", Reason: "not JSON; what follows is passed over, up to the next line that begins with { or ["},
		},
		Unreadable: 1,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
	var people struct {
		Users []struct {
			ID                int64
			Name, Email, Role string
			Active            bool
			Since             string `json:"created_at"`
		}
	}
	h.read(h.must(tt, 200, "GET", "/api/v2/users/show_many.json?ids=1001,1002,1003,1004,1005,1009", ""), &people)
	if got, want := fmt.Sprint(people.Users), "[{1001 Ann Agent ann@example.org agent true 2024-05-01T08:00:00Z} {1002 Bea bea@example.org end-user false 2024-05-02T08:00:00Z}"+
		" {1004 Dee dee@example.org end-user true 2024-07-01T00:00:00Z} {1005 Eve  end-user true 2024-05-05T08:00:00Z} {1009   agent true 1970-01-01T00:00:00Z}]"; got != want {
		t.Errorf("people: %s\nwant %s", got, want)
	}
	for _, ticket := range []struct {
		number           int64
		subject, status  string
		requester        string // by name
		created, updated string
		comments         []string
	}{
		{35436, "It does not start", "open", "Bea", "2025-01-16T11:30:00Z", "2025-01-16T12:30:01Z", []string{ // two events, of one second
			"Ann Agent 2025-01-16T11:30:00Z true api Try a reboot", "Bea 2025-01-16T12:30:00Z true email That helped.\n\nThank you",
		}},
		{35437, "", "open", "Cay", "2025-01-16T15:00:00Z", "2025-01-17T10:00:01Z", []string{
			" 2025-01-16T15:00:00Z false web A note of somebody whom nobody has introduced", "Cay 2025-01-17T10:00:00Z true voice Call from: +47 1",
		}},
		{35438, "From a full export", "closed", "Dee", "2024-07-01T00:00:00Z", "2024-08-01T00:00:00Z", []string{
			"Dee 2024-07-01T00:00:00Z true api one", "Ann Agent 2024-07-02T00:00:00Z false api two",
		}},
	} {
		h.checkTicket(tt, ticket.number, fmt.Sprintf("%s, %s, of %s, %s to %s", ticket.subject, ticket.status, ticket.requester, ticket.created, ticket.updated), ticket.comments)
	}
	// The same ticket in a file of another form: what is new of it is added.
	same := `{"id":35436,"subject":"It does not start","status":"solved","requester_id":1002,"created_at":"2025-01-16T11:30:00Z","updated_at":"2025-01-20T00:00:00Z","comments":[
		{"id":9007,"author_id":1001,"body":"Try a reboot","public":true,"created_at":"2025-01-16T11:30:00Z"},{"id":9100,"author_id":1002,"body":"It stopped again","public":true,"created_at":"2025-01-20T00:00:00Z"}]}`
	if r, err := h.take("samples", h.file(same)); err != nil || r.Comments.Written != 1 || r.Comments.There != 1 {
		t.Errorf("the same ticket in another form: %+v, %v", r, err)
	}
	h.checkTicket(tt, 35436, "It does not start, solved, of Bea, 2025-01-16T11:30:00Z to 2025-01-20T00:00:01Z", []string{
		"Ann Agent 2025-01-16T11:30:00Z true api Try a reboot", "Bea 2025-01-16T12:30:00Z true email That helped.\n\nThank you", "Bea 2025-01-20T00:00:00Z true api It stopped again",
	})
	// What has gone on here is not undone.
	h.must(tt, 200, "PUT", "/api/v2/tickets/35436.json", `{"ticket":{"status":"open"}}`)
	if r, err := h.take("samples", h.file(strings.Replace(same, "2025-01-20T00:00:00Z\",\"comments", "2025-01-21T00:00:00Z\",\"comments", 1))); err != nil || r.Tickets.There != 1 {
		t.Errorf("the same ticket once more: %+v, %v", r, err)
	}
	if ticket := h.must(tt, 200, "GET", "/api/v2/tickets/35436.json", ""); !strings.Contains(ticket, `"status":"open"`) {
		t.Errorf("an import has undone what was done here: %s", ticket)
	}
	solved := `{"id":9200,"ticket_id":35436,"created_at":"2025-01-21T00:00:00Z","author_id":1001,"events":[{"id":9201,"type":"Change","field_name":"status","value":"solved"}]}`
	if r, err := h.take("samples", h.file(solved)); err != nil || r.Audits.NotCarried["nothing of it is carried"] != 1 || r.Events.NotCarried["the ticket has gone on here"] != 1 || r.Tickets.There != 1 {
		t.Errorf("a change of a ticket that has gone on here: %+v, %v", r, err)
	}
	if ticket := h.must(tt, 200, "GET", "/api/v2/tickets/35436.json", ""); !strings.Contains(ticket, `"status":"open"`) {
		t.Errorf("an import has undone what was done here: %s", ticket)
	}
	nothing := `{"id":9202,"ticket_id":35437,"created_at":"2025-01-21T00:00:00Z","author_id":1001,"events":[{"id":9203,"type":"Change","field_name":"status","value":"open"}]}`
	if r, err := h.take("samples", h.file(nothing)); err != nil || r.Audits.Contained != 1 || r.Events.Contained != 1 || r.Tickets.There != 1 {
		t.Errorf("what is so already: %+v, %v", r, err)
	}
	// An older export does not undo what a newer one has told.
	older := `{"id":35438,"subject":"From a full export","status":"open","requester_id":1004,"created_at":"2024-07-01T00:00:00Z","updated_at":"2024-07-20T00:00:00Z"}`
	if r, err := h.take("samples", h.file(older)); err != nil || r.Tickets.There != 1 {
		t.Errorf("an older export: %+v, %v", r, err)
	}
	if ticket := h.must(tt, 200, "GET", "/api/v2/tickets/35438.json", ""); !strings.Contains(ticket, `"status":"closed"`) {
		t.Errorf("an older export has undone what a newer one told: %s", ticket)
	}
	// What was made private there is private here, as soon as a file tells.
	private := strings.Replace(same, `"body":"Try a reboot","public":true`, `"body":"Try a reboot","public":false`, 1)
	for _, hidden := range []int{1, 0} {
		if r, err := h.take("samples", h.file(private)); err != nil || r.Hidden != hidden || r.Comments.There != 2 {
			t.Errorf("a comment that was made private: %+v, %v; want %d hidden", r, err, hidden)
		}
	}
	if comments := h.must(tt, 200, "GET", "/api/v2/tickets/35436/comments.json", ""); strings.Count(comments, `"public":false`) != 1 {
		t.Errorf("what was made private there is public here: %s", comments)
	}
	twice := `{"id":9090,"ticket_id":35440,"created_at":"2025-01-18T00:00:00Z","author_id":1001,"events":[{"id":9007,"type":"Comment","body":"of another ticket","public":true}]}`
	if r, err := h.take("samples", h.file(twice)); err == nil || r.Comments.Refused != 1 || r.Tickets.Refused != 1 {
		t.Errorf("a comment of two tickets: %+v, %v", r, err)
	}
	// Who was guessed at becomes known by what a later file says, and nobody else changes, even if
	// it says something else of them.
	h.must(tt, 200, "PUT", "/api/v2/users/1002.json", `{"user":{"name":"Bea B"}}`)
	later := `{"users":[{"id":1002,"name":"Bea","role":"end-user","created_at":"2024-05-02T08:00:00Z","updated_at":"2025-05-02T08:00:00Z"},{"id":1009,"name":"Nia","role":"agent","created_at":"2023-01-01T00:00:00Z","updated_at":"2023-01-01T00:00:00Z"},{"id":1005,"name":"Eva","role":"end-user","created_at":"2024-01-01T08:00:00Z","updated_at":"2024-01-01T08:00:00Z"}]}`
	if r, err := h.take("samples", h.file(later)); err != nil || r.People.Written != 1 || r.People.There != 2 {
		t.Errorf("people alone: %+v, %v", r, err)
	}
	if bea := h.must(tt, 200, "GET", "/api/v2/users/1002.json", ""); !strings.Contains(bea, "Bea B") {
		t.Errorf("an import has undone what was done here: %s", bea)
	}
	// Nobody who was erased comes back, and nobody may do more than they may here, however much
	// later a file speaks of them.
	var eve struct{ ID string }
	h.read(h.must(tt, 200, "GET", "/v1/ids/1005", ""), &eve)
	h.do(t, "erase", "customer", eve.ID, "--account", "samples", "--yes")
	h.must(tt, 200, "PUT", "/api/v2/users/1001.json", `{"user":{"role":"end-user"}}`)
	soon := time.Now().Add(30 * time.Second).UTC().Format(time.RFC3339)
	again := fmt.Sprintf(`{"users":[{"id":1005,"name":"Eve","email":"eve@example.org","role":"end-user","created_at":"2024-05-05T08:00:00Z","updated_at":%[1]q},
		{"id":1001,"name":"Ann Agent","email":"ann@example.org","role":"agent","created_at":"2024-05-01T08:00:00Z","updated_at":%[1]q}]}`, soon)
	if r, err := h.take("samples", h.file(again)); err != nil || r.People.There+r.People.Written != 2 {
		t.Errorf("people of now: %+v, %v", r, err)
	}
	if eve := h.must(tt, 200, "GET", "/api/v2/users/1005.json", ""); strings.Contains(eve, "Eve") || strings.Contains(eve, "eve@") {
		t.Errorf("an import has brought back who was erased: %s", eve)
	}
	if ann := h.must(tt, 200, "GET", "/api/v2/users/1001.json", ""); !strings.Contains(ann, `"role":"end-user"`) {
		t.Errorf("an import has given somebody more rights than they have here: %s", ann)
	}
}

// pipe: the standard input is read once; who did something before it tells who they are, is
// guessed at until then.
func (h *helpdesk) pipe(t *testing.T) {
	key, _ := h.newAccount(t, "piped", everyScope)
	cmd := exec.Command(os.Args[0], "import", "zendesk", "--json", "--no-files", "--account", "piped", "-")
	cmd.Stdin = strings.NewReader(`{"id":1,"ticket_id":2,"created_at":"2025-01-18T00:00:00Z","author_id":3,"events":[{"id":4,"type":"Comment","body":"by whom?","public":true}]}
		{"users":[{"id":3,"name":"Ann","role":"agent","created_at":"2024-01-01T00:00:00Z","updated_at":"2024-01-01T00:00:00Z"}]}
		{"id":5,"ticket_id":2,"created_at":"2025-01-19T00:00:00Z","author_id":3,"events":[{"id":6,"type":"Comment","body":"by Ann!","public":true}]}`)
	importing := startCommand(t, cmd, h.instance(t).environment)
	if err := importing.wait(); err != nil {
		t.Fatalf("import zendesk - = %v\n%s", err, importing.output)
	}
	if r := h.report(importing.output.String()); r.People.Written != 1 || r.Comments.Written != 2 {
		t.Errorf("import zendesk - = %+v", r)
	}
	h.checkTicket(tenant{h.from.api, key}, 2, ", open, of Ann, 2025-01-18T00:00:00Z to 2025-01-19T00:00:00Z", []string{
		"Ann 2025-01-18T00:00:00Z true api by whom?", "Ann 2025-01-19T00:00:00Z true api by Ann!",
	})
}

// checkTicket looks at a ticket over both APIs.
func (h *helpdesk) checkTicket(tt tenant, number int64, about string, comments []string) {
	h.t.Helper()
	var named struct{ ID string }
	h.read(h.must(tt, 200, "GET", fmt.Sprint("/v1/ids/", number), ""), &named)
	var ticket struct {
		Ticket struct {
			Subject, Status string
			RequesterID     int64  `json:"requester_id"`
			CreatedAt       string `json:"created_at"`
			UpdatedAt       string `json:"updated_at"`
		}
		Users []struct {
			ID   int64
			Name string
		}
		Comments []struct {
			AuthorID  int64 `json:"author_id"`
			Body      string
			Public    bool
			CreatedAt string `json:"created_at"`
			Via       struct{ Channel string }
		}
	}
	h.read(h.must(tt, 200, "GET", fmt.Sprintf("/api/v2/tickets/%d.json?include=users", number), ""), &ticket)
	names := map[int64]string{}
	note := func() {
		for _, u := range ticket.Users {
			names[u.ID] = u.Name
		}
	}
	note()
	h.read(h.must(tt, 200, "GET", fmt.Sprintf("/api/v2/tickets/%d/comments.json?include=users", number), ""), &ticket)
	note()
	what := ticket.Ticket
	if got := fmt.Sprintf("%s, %s, of %s, %s to %s", what.Subject, what.Status, names[what.RequesterID], what.CreatedAt, what.UpdatedAt); got != about {
		h.t.Errorf("ticket %d: %s\nwant %s", number, got, about)
	}
	var said, native []string
	for _, c := range ticket.Comments {
		said = append(said, fmt.Sprint(names[c.AuthorID], " ", c.CreatedAt, " ", c.Public, " ", c.Via.Channel, " ", c.Body))
	}
	if !slices.Equal(said, comments) {
		h.t.Errorf("comments of ticket %d: %q\nwant %q", number, said, comments)
	}
	var list []struct {
		Content    string
		IsInternal bool   `json:"is_internal"`
		CreatedAt  string `json:"created_at"`
	}
	h.read(h.must(tt, 200, "GET", "/v1/tickets/"+named.ID+"/comments", ""), &list)
	for i, c := range list {
		native = append(native, c.CreatedAt+" "+fmt.Sprint(!c.IsInternal)+" "+c.Content)
		if i >= len(comments) || !strings.HasSuffix(c.Content, comments[i][strings.LastIndex(comments[i], " ")+1:]) || !strings.Contains(comments[i], fmt.Sprint(c.CreatedAt, " ", !c.IsInternal)) {
			h.t.Errorf("comments of ticket %d on the native API: %q\nwant %q", number, native, comments)
		}
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
