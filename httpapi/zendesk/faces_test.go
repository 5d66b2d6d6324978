package zendesk_test

import (
	"fmt"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestFacesAgree: what is done to a comment on either API is at once so on both.
func TestFacesAgree(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	number, native := a.comment("agent", ticket, "call 555-0199", false)
	comment := fmt.Sprint(ticket.path, "/comments/", number)
	check := func(body string, public bool) {
		t.Helper()
		var there struct {
			Content    string `json:"content"`
			IsInternal bool   `json:"is_internal"`
			UpdatedAt  string `json:"updated_at"`
		}
		a.must(200, "agent", "GET", native, "").decode(t, &there)
		here := a.comments("agent", ticket.path+"/comments")
		if len(here) != 1 || here[0].Body != body || here[0].Public != public || there.Content != body || there.IsInternal == public {
			t.Errorf("here %+v, there %+v; want %q, %t", here, there, body, public)
		}
		if seen := a.comments("customer", ticket.public+"/comments"); len(seen) == 1 != public {
			t.Errorf("the customer sees %+v", seen)
		}
	}
	check("call 555-0199", true)
	a.must(200, "agent", "PATCH", native, `{"content":"call 555-0199 or 555-0188"}`)
	check("call 555-0199 or 555-0188", true)
	a.must(200, "agent", "PUT", comment+"/redact", `{"text":"555-0199"}`)
	check("call ▇▇▇▇ or 555-0188", true)
	a.must(200, "agent", "PUT", comment+"/make_private", "")
	check("call ▇▇▇▇ or 555-0188", false)
	a.must(200, "admin", "PATCH", native, `{"is_internal":false}`)
	check("call ▇▇▇▇ or 555-0188", true)
	a.must(201, "agent", "POST", native+"/redactions", `{"text":"555-0188"}`)
	check("call ▇▇▇▇ or ▇▇▇▇", true)

	audits := a.audits(ticket)
	var types []string
	for _, audit := range audits[1:] {
		for _, e := range audit.Events {
			types = append(types, fmt.Sprint(e.Type, e.Public))
		}
	}
	// An edit is told by no event; the original one shows the text of today.
	if want := "[Commenttrue CommentRedactionEventfalse CommentPrivacyChangefalse CommentPrivacyChangetrue CommentRedactionEventfalse]"; fmt.Sprint(types) != want || audits[1].Events[0].Body != "call ▇▇▇▇ or ▇▇▇▇" {
		t.Errorf("audits tell %v; want %s", types, want)
	}

	a.must(204, "agent", "DELETE", native, "")
	if l := a.list("agent", ticket.path+"/comments"); len(l.Comments) != 0 || *l.Count != 0 {
		t.Errorf("after the deletion: %+v", l)
	}
	a.must(404, "agent", "PUT", comment+"/redact", `{"text":"call"}`)
	a.must(404, "agent", "PUT", comment+"/make_private", "")
	if e := a.audits(ticket)[1].Events[0]; e.Type != "Comment" || e.Body != "▇▇▇▇" {
		t.Errorf("the audit of a deleted comment shows %+v", e)
	}
}

// TestWrittenHereReadThere: a comment that is written here is a comment there, and what
// is done to it there shows here.
func TestWrittenHereReadThere(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	type comment struct {
		ID         string  `json:"id"`
		AuthorType string  `json:"author_type"`
		Customer   *string `json:"author_customer_id"`
		Content    string  `json:"content"`
		IsInternal bool    `json:"is_internal"`
	}
	there := func() (comments []comment) {
		t.Helper()
		a.must(200, "agent", "GET", ticket.native+"/comments", "").decode(t, &comments)
		return comments
	}
	a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"comment":{"body":"**typed**","public":false}}}`)
	a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"comment":{"html_body":"<p>rich &amp; 4711</p>"},"status":"pending"}}`)
	a.must(200, "customer", "PUT", ticket.public, `{"request":{"comment":{"body":"mine"}}}`)
	got := there()
	if len(got) != 3 || got[0].Content != "**typed**" || !got[0].IsInternal || got[0].AuthorType != "AGENT" || got[1].Content != "rich & 4711" || got[1].IsInternal ||
		got[2].Content != "mine" || got[2].AuthorType != "CUSTOMER" || got[2].Customer == nil || *got[2].Customer != a.users["customer"].String() {
		t.Errorf("there: %+v", got)
	}
	a.must(201, "agent", "POST", ticket.native+"/comments/"+got[1].ID+"/redactions", `{"text":"4711"}`)
	a.must(200, "agent", "PATCH", ticket.native+"/comments/"+got[0].ID, `{"content":"typed *anew*"}`)
	here := a.comments("agent", ticket.path+"/comments")
	if here[0].Body != "typed *anew*" || here[1].Body != "rich & ▇▇▇▇" || here[1].PlainBody != "rich & ▇▇▇▇" {
		t.Errorf("here: %+v", here)
	}
}
