package zendesk_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestRedactText: the secret is gone from whatever shows the comment, today's and
// history's, on either API, and the redaction is told in an audit of its own.
func TestRedactText(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	number, native := a.comment("customer", ticket, "my number is 987-65-4320, really 987-65-4320", false)
	path := fmt.Sprintf("%s/comments/%d/redact", ticket.path, number)
	var answer struct {
		Comment said `json:"comment"`
	}
	a.must(200, "agent", "PUT", path, `{"text":"987-65-4320"}`).decode(t, &answer)
	if c := answer.Comment; c.ID != number || c.Body != "my number is ▇▇▇▇, really ▇▇▇▇" || c.PlainBody != c.Body || !strings.Contains(c.HTMLBody, "▇▇▇▇") || c.Type != "Comment" {
		t.Errorf("answer = %+v", c)
	}
	for _, where := range []string{
		ticket.path + "/comments", ticket.path + "/audits", ticket.path, ticket.public + "/comments", native,
		fmt.Sprint(ticket.path, "/audits/", answer.Comment.AuditID), fmt.Sprint(ticket.public, "/comments/", number),
	} {
		if r := a.must(200, "agent", "GET", where, ""); bytes.Contains(r.body, []byte("4320")) || !bytes.Contains(r.body, []byte("▇▇▇▇")) {
			t.Errorf("GET %s = %s", where, r.body)
		}
	}
	audits := a.audits(ticket)
	if last := audits[len(audits)-1]; len(last.Events) != 1 || last.Events[0].Type != "CommentRedactionEvent" || last.Events[0].CommentID != number || last.AuthorID != a.numbers["agent"] {
		t.Errorf("the last audit = %+v", last)
	}
	// The text is no longer there; what was refused has changed nothing.
	for _, body := range []string{`{"text":"987-65-4320"}`, `{"text":"   "}`, `{"text":null}`, `{}`} {
		a.must(400, "agent", "PUT", path, body)
	}
	if again := a.audits(ticket); len(again) != len(audits) {
		t.Errorf("%d audits after refusals, %d before", len(again), len(audits))
	}
}

// TestRedactMarks: what is marked is masked, on a closed ticket, too; html that says
// something else is refused.
func TestRedactMarks(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	number, _ := a.comment("customer", ticket, "code 847564 & more", false)
	other, _ := a.comment("customer", ticket, "other", false)
	a.must(200, "agent", "PUT", ticket.native, `{"status":"closed"}`)
	path := fmt.Sprint("/api/v2/comment_redactions/", number)
	html := a.comments("agent", ticket.path+"/comments")[0].HTMLBody
	ask := func(status int, members map[string]any) said {
		t.Helper()
		members["ticket_id"] = ticket.number
		body, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Comment said `json:"comment"`
		}
		r := a.must(status, "agent", "PUT", path, string(body))
		if status == 200 {
			r.decode(t, &answer)
		}
		return answer.Comment
	}
	if c := ask(200, map[string]any{"text": "ignored", "id": 7}); c.Body != "code 847564 & more" {
		t.Errorf("without marks: %+v", c)
	}
	ask(422, map[string]any{"html_body": strings.Replace(html, "847564", "<redact>999999</redact>", 1)})
	ask(422, map[string]any{"html_body": strings.Replace(html, "847564", "<redact>847564", 1)})
	ask(422, map[string]any{"html_body": html, "external_attachment_urls": []string{"https://x.example/attachments/token/abc"}})
	ask(400, map[string]any{"html_body": 7})
	if c := ask(200, map[string]any{"html_body": strings.Replace(html, "847564", "<redact>847564</redact>", 1), "external_attachment_urls": []string{}}); c.Body != "code ▇▇▇▇ & more" || c.PlainBody != c.Body || !strings.Contains(c.HTMLBody, "code ▇▇▇▇ &amp; more") {
		t.Errorf("with marks: %+v", c)
	}
	if c := a.comments("agent", ticket.path+"/comments")[1]; c.ID != other || c.Body != "other" {
		t.Errorf("the other comment = %+v", c)
	}
	// Of another ticket, unknown, or of another type.
	elsewhere := a.ticket()
	a.must(404, "agent", "PUT", path, fmt.Sprintf(`{"ticket_id":%d}`, elsewhere.number))
	a.must(404, "agent", "PUT", path, `{"ticket_id":1}`)
	a.must(200, "agent", "PUT", path, fmt.Sprintf(`{"ticket_id":"%d"}`, ticket.number))
	a.must(400, "agent", "PUT", path, `{"ticket_id":"x"}`)
	a.must(422, "agent", "PUT", path, "")
	a.must(404, "agent", "PUT", "/api/v2/comment_redactions/1", fmt.Sprintf(`{"ticket_id":%d}`, ticket.number))
}

// TestMakePrivate: by the comment and by its audit, with all the bodies that clients
// send; history shows what is, and the change has an audit of its own.
func TestMakePrivate(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	for i, body := range []string{"", "null", "{}", `{"":""}`} {
		for _, by := range []string{"comment", "audit"} {
			ticket := a.ticket()
			number, native := a.comment("agent", ticket, "text", false)
			audit := a.auditOf(ticket, number)
			path := fmt.Sprintf("%s/comments/%d/make_private", ticket.path, number)
			if by == "audit" {
				path = fmt.Sprintf("%s/audits/%d/make_private", ticket.path, audit)
			}
			path = suffixed(path, []string{"", ".json"}[i%2])
			for range 2 { // the second one has nothing to do
				if r := a.must(200, "agent", "PUT", path, body, header{"Content-Type", ""}); string(r.body) != `{}` {
					t.Errorf("PUT %s %q = %s", path, body, r.body)
				}
			}
			audits := a.audits(ticket)
			last := audits[len(audits)-1]
			if len(audits) != 3 || len(last.Events) != 1 || last.Events[0].Type != "CommentPrivacyChange" || last.Events[0].CommentID != number || last.Events[0].Public {
				t.Errorf("audits = %+v", audits)
			}
			if first := audits[1]; first.ID != audit || first.Events[0].Public || fmt.Sprint(first.Via["source"]) != "map[from:map[] rel:<nil> to:map[]]" {
				t.Errorf("the audit of the comment = %+v", first)
			}
			if c := a.comments("agent", ticket.path+"/comments")[0]; c.Public || fmt.Sprint(c.Via["source"]) != "map[from:map[] rel:<nil> to:map[]]" {
				t.Errorf("the comment = %+v", c)
			}
			if l := a.list("customer", ticket.public+"/comments"); len(l.Comments) != 0 || *l.Count != 0 {
				t.Errorf("the customer sees %+v", l)
			}
			a.must(404, "customer", "GET", native, "")
			a.must(404, "customer", "GET", fmt.Sprint(ticket.public, "/comments/", number), "")
		}
	}
	ticket := a.ticket()
	opened := a.audits(ticket)[0]
	a.must(404, "agent", "PUT", fmt.Sprintf("%s/audits/%d/make_private", ticket.path, opened.ID), "")
}

// audited is an audit as far as tests care.
type audited struct {
	ID        int64          `json:"id"`
	AuthorID  int64          `json:"author_id"`
	CreatedAt string         `json:"created_at"`
	Via       map[string]any `json:"via"`
	Metadata  map[string]any `json:"metadata"`
	Events    []struct {
		ID        int64  `json:"id"`
		Type      string `json:"type"`
		AuthorID  int64  `json:"author_id"`
		Body      string `json:"body"`
		Public    bool   `json:"public"`
		CommentID int64  `json:"comment_id"`
		FieldName string `json:"field_name"`
		Value     any    `json:"value"`
		Previous  any    `json:"previous_value"`
	} `json:"events"`
}

func (a *account) audits(t thread) []audited {
	a.t.Helper()
	var list struct {
		Audits []audited `json:"audits"`
		Count  int       `json:"count"`
	}
	a.must(200, "agent", "GET", t.path+"/audits", "").decode(a.t, &list)
	if list.Count != len(list.Audits) {
		a.t.Errorf("%d audits are counted as %d", len(list.Audits), list.Count)
	}
	return list.Audits
}
