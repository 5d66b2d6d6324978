package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/commentd/commentd/httpapi/imports"
)

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
		// Bea is no active user, and wrote an e-mail: then she is shown by her address.
		{35436, "It does not start", "open", "bea@example.org", "2025-01-16T11:30:00Z", "2025-01-16T12:30:01Z", []string{ // two events, of one second
			"Ann Agent 2025-01-16T11:30:00Z true api Try a reboot", "bea@example.org 2025-01-16T12:30:00Z true email That helped.\n\nThank you",
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
	h.checkTicket(tt, 35436, "It does not start, solved, of bea@example.org, 2025-01-16T11:30:00Z to 2025-01-20T00:00:01Z", []string{
		"Ann Agent 2025-01-16T11:30:00Z true api Try a reboot", "bea@example.org 2025-01-16T12:30:00Z true email That helped.\n\nThank you", "bea@example.org 2025-01-20T00:00:00Z true api It stopped again",
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
