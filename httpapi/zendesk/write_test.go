package zendesk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/httpapi/directory"
)

// written is the answer to a write of a ticket.
type written struct {
	Ticket struct {
		ID          int64  `json:"id"`
		Status      string `json:"status"`
		Subject     string `json:"subject"`
		Description string `json:"description"`
		RequesterID int64  `json:"requester_id"`
		SubmitterID int64  `json:"submitter_id"`
		IsPublic    bool   `json:"is_public"`
		UpdatedAt   string `json:"updated_at"`
	} `json:"ticket"`
	Audit *audited `json:"audit"`
}

func (r response) written(t testing.TB) (w written) {
	t.Helper()
	r.decode(t, &w)
	return w
}

// open creates a ticket by this API.
func (a *account) open(as, ticket string, headers ...header) (response, written) {
	a.t.Helper()
	r := a.must(201, as, "POST", "/api/v2/tickets.json", `{"ticket":`+ticket+`}`, headers...)
	return r, r.written(a.t)
}

func (w written) path() string { return fmt.Sprint("/api/v2/tickets/", w.Ticket.ID) }

// TestCreateTicket: the ticket, its comment and its audit, and where it is.
func TestCreateTicket(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	r, w := a.open("agent", fmt.Sprintf(`{"subject":"Fire","requester_id":%d,"status":"pending","comment":{"body":"The **smoke** is colourful."},"tags":["x"],"priority":"high","metadata":{"k":[1]}}`, a.numbers["customer"]))
	if got := r.header.Get("Location"); got != a.url+w.path()+".json" {
		t.Errorf("Location = %s", got)
	}
	if got := r.header.Get("X-Zendesk-Api-Warn"); got != `Removed restricted keys ["ticket.priority", "ticket.tags"] from parameters according to allowlist` {
		t.Errorf("X-Zendesk-API-Warn = %s", got)
	}
	if w.Ticket.Subject != "Fire" || w.Ticket.Status != "pending" || w.Ticket.Description != "The **smoke** is colourful." || w.Ticket.RequesterID != a.numbers["customer"] ||
		w.Ticket.SubmitterID != a.numbers["agent"] || !w.Ticket.IsPublic {
		t.Errorf("ticket = %+v", w.Ticket)
	}
	comments := a.comments("agent", w.path()+"/comments")
	if len(comments) != 1 {
		t.Fatalf("comments = %+v", comments)
	}
	c, first := comments[0], w.Audit.Events[0]
	if first.Type != "Comment" || first.ID != c.ID || w.Audit.ID != c.AuditID || w.Audit.CreatedAt != c.CreatedAt || w.Audit.AuthorID != a.numbers["agent"] || first.Body != c.Body {
		t.Errorf("audit = %+v, comment = %+v", w.Audit, c)
	}
	if !strings.Contains(c.HTMLBody, "<strong>smoke</strong>") || c.PlainBody != "The smoke is colourful." || fmt.Sprint(c.Metadata["custom"]) != "map[k:[1]]" {
		t.Errorf("comment = %+v", c)
	}
	fields := map[string]any{}
	for _, e := range w.Audit.Events[1:] {
		if e.Type != "Create" {
			t.Errorf("event %+v", e)
		}
		fields[e.FieldName] = e.Value
	}
	if fields["subject"] != "Fire" || fields["status"] != "pending" || fields["requester_id"] != fmt.Sprint(a.numbers["customer"]) {
		t.Errorf("created fields = %v", fields)
	}
	if seen := a.comments("customer", strings.Replace(w.path(), "tickets", "requests", 1)+"/comments"); len(seen) != 1 || seen[0].ID != c.ID {
		t.Errorf("the requester sees %+v", seen)
	}

	// Other ways to say it.
	for ticket, want := range map[string]string{
		`{"comment":"bare"}`: "bare", `{"comment":{"value":"alias"}}`: "alias", `{"description":"described"}`: "described", `{"comment":null,"description":"d"}`: "d",
		`{"comment":{"body":"unused","html_body":"This is great<br>"}}`: "This is great", `{"comment":{"body":"b","created_at":"0001-01-01T00:00:00Z","id":0,"plain_body":"no","uploads":"","author_id":null}}`: "b",
		`{"id":7,"comment":{"body":"b","uploads":[]}}`: "b",
	} {
		if _, w := a.open("agent", ticket); strings.TrimSpace(w.Ticket.Description) != want || w.Ticket.RequesterID != a.numbers["agent"] {
			t.Errorf("%s made %+v", ticket, w.Ticket)
		}
	}
	if _, w := a.open("admin", fmt.Sprintf(`{"comment":{"body":"*mine*","author_id":%d}}`, a.numbers["customer"])); w.Ticket.RequesterID != a.numbers["customer"] {
		t.Errorf("the requester of a customer's words is %d", w.Ticket.RequesterID)
	}
	if _, w := a.open("agent", fmt.Sprintf(`{"comment":"x","requester":{"email":%q,"name":"Somebody"}}`, a.email("customer"))); w.Ticket.RequesterID != a.numbers["customer"] {
		t.Errorf("the requester by address is %d", w.Ticket.RequesterID)
	}
}

// TestUpdateTicket: comment and fields at once, comment first; a write that changes
// nothing is no write.
func TestUpdateTicket(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	w := a.must(200, "agent", "PUT", ticket.path+".json", `{"ticket":{"id":1,"comment":{"body":"done","public":true},"status":"solved","subject":"New"}}`).written(t)
	if w.Ticket.ID != ticket.number || w.Ticket.Status != "solved" || w.Ticket.Subject != "New" || len(w.Audit.Events) != 3 || w.Audit.Events[0].Type != "Comment" {
		t.Errorf("answer = %+v %+v", w.Ticket, w.Audit)
	}
	changes := map[string]string{}
	for _, e := range w.Audit.Events[1:] {
		changes[e.FieldName] = fmt.Sprint(e.Type, " ", e.Previous, " ", e.Value)
	}
	if changes["status"] != "Change open solved" || changes["subject"] != "Change A subject New" {
		t.Errorf("changes = %v", changes)
	}
	audits := len(a.audits(ticket))
	for _, body := range []string{`{"ticket":{}}`, `{"ticket":{"comment":null}}`, `{"ticket":{"comment":{"body":""}}}`, `{"ticket":{"comment":{"body":"  "}}}`, `{"ticket":{"status":"solved","subject":"New","description":"no"}}`, `{"ticket":{"priority":"low"}}`} {
		again := a.must(200, "agent", "PUT", ticket.path, body).written(t)
		if again.Audit != nil || again.Ticket.UpdatedAt != w.Ticket.UpdatedAt {
			t.Errorf("%s = %+v %+v", body, again.Ticket, again.Audit)
		}
	}
	if n := len(a.audits(ticket)); n != audits {
		t.Errorf("%d audits after writes that change nothing, %d before", n, audits)
	}
	if got := a.comments("agent", ticket.path+"/comments"); len(got) != 1 || got[0].Body != "done" {
		t.Errorf("comments = %+v", got)
	}
	// A repeated PUT adds a second comment.
	for range 2 {
		a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"comment":"again"}}`, header{"Idempotency-Key", "same"})
	}
	if got := a.comments("agent", ticket.path+"/comments"); len(got) != 3 {
		t.Errorf("%d comments", len(got))
	}
}

// TestClosedTicket: nothing about it changes any more, and its comments can be read.
func TestClosedTicket(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	_, w := a.open("agent", fmt.Sprintf(`{"comment":"text","status":"closed","requester_id":%d}`, a.numbers["customer"]))
	request := strings.Replace(w.path(), "tickets", "requests", 1)
	for _, ask := range []struct{ as, path, body string }{
		{"agent", w.path(), `{"ticket":{"comment":"late"}}`}, {"agent", w.path(), `{"ticket":{"status":"open"}}`}, {"customer", request, `{"request":{"comment":{"body":"late"}}}`},
	} {
		r := a.must(422, ask.as, "PUT", ask.path, ask.body)
		if string(r.body) != `{"error":"RecordInvalid","description":"Record validation errors","details":{"status":[{"description":"Status: closed prevents ticket update"}]}}` {
			t.Errorf("%s = %s", ask.body, r.body)
		}
	}
	if got := a.comments("agent", w.path()+"/comments"); len(got) != 1 {
		t.Errorf("comments = %+v", got)
	}
}

// TestLongTexts: what is too long is cut at a character, as at Zendesk; what is too
// long for a body is refused.
func TestLongTexts(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	text, err := json.Marshal(strings.Repeat("é", 40_000))
	if err != nil {
		t.Fatal(err)
	}
	_, w := a.open("agent", `{"comment":{"body":`+string(text)+`}}`)
	if c := a.comments("agent", w.path()+"/comments")[0]; c.Body != strings.Repeat("é", 32_768) {
		t.Errorf("%d bytes are kept", len(c.Body))
	}
	a.must(413, "agent", "PUT", w.path(), `{"ticket":{"comment":"`+strings.Repeat("x", 1<<20)+`"}}`)
}
