package zendesk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestDefaultVisibility: as the first comment was asked to be, unless somebody says
// (contract §7.2).
func TestDefaultVisibility(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	for first, want := range map[string]bool{`{"body":"x"}`: true, `{"body":"x","public":true}`: true, `{"body":"x","public":false}`: false, `{"body":"x","public":"false"}`: false} {
		_, w := a.open("agent", `{"comment":`+first+`}`)
		for _, comment := range []string{`{"body":"second"}`, `{"body":"third","public":true}`, `{"body":"fourth","public":false}`, `{"body":"fifth"}`} {
			a.must(200, "agent", "PUT", w.path(), `{"ticket":{"comment":`+comment+`}}`)
		}
		var got []bool
		for _, c := range a.comments("agent", w.path()+"/comments") {
			got = append(got, c.Public)
		}
		if want := []bool{want, want, true, false, want}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("after %s: %v; want %v", first, got, want)
		}
	}
}

// TestAuthors: who is shown, and who has done it; Markdown is for agents.
func TestAuthors(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	put := func(status int, as, comment string) written {
		t.Helper()
		r := a.must(status, as, "PUT", ticket.path, `{"ticket":{"comment":`+comment+`}}`)
		if status != 200 {
			return written{}
		}
		return r.written(t)
	}
	w := put(200, "relay", fmt.Sprintf(`{"body":"**mine**","author_id":%d}`, a.numbers["customer"]))
	if w.Audit.AuthorID != a.numbers["relay"] || w.Audit.Events[0].AuthorID != a.numbers["customer"] {
		t.Errorf("audit = %+v", w.Audit)
	}
	put(200, "relay", fmt.Sprintf(`{"body":"**theirs**","author_id":"%d"}`, a.numbers["agent"]))
	put(200, "agent", fmt.Sprintf(`{"body":"own","author_id":%d}`, a.numbers["agent"]))
	put(200, "relay", fmt.Sprintf(`{"body":"odd","author_id":%d}`, a.numbers["stranger"]))
	comments := a.comments("agent", ticket.path+"/comments")
	for i, want := range []struct {
		html  string
		flags string
	}{{"**mine**", "[11]"}, {"<strong>theirs</strong>", "[11]"}, {"own", "<nil>"}, {"odd", "[2 11]"}} {
		c := comments[i]
		if !strings.Contains(c.HTMLBody, want.html) || fmt.Sprint(c.Metadata["flags"]) != want.flags {
			t.Errorf("comment %d = %s %v; want %s with flags %s", i, c.HTMLBody, c.Metadata, want.html, want.flags)
		}
		if options, _ := c.Metadata["flags_options"].(map[string]any); want.flags != "<nil>" && options["11"] == nil {
			t.Errorf("flags_options = %v", options)
		}
	}
	if w := put(200, "agent", fmt.Sprintf(`{"body":"x","author_id":%d}`, a.numbers["customer"])); w.Audit.AuthorID != a.numbers["agent"] || w.Audit.Events[0].AuthorID != a.numbers["customer"] {
		t.Errorf("audit = %+v", w.Audit)
	}
	if w := put(200, "agent", `{"body":"x","author_id":0}`); w.Audit.Events[0].AuthorID != a.numbers["agent"] {
		t.Errorf("audit = %+v", w.Audit)
	}
	put(422, "relay", `{"body":"x","author_id":1}`)
	if got := len(a.comments("agent", ticket.path+"/comments")); got != 6 {
		t.Errorf("%d comments after refusals", got)
	}
}

// TestChannels: how a comment came in is for those to say who relay others' words.
func TestChannels(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	for _, tt := range []struct {
		as, ticket, want string
	}{
		{"relay", `"via_id":4`, "email <nil>"}, {"relay", `"via_id":48`, "web web_widget"}, {"relay", `"via_id":"57"`, "sms <nil>"}, {"relay", `"via_id":null`, "api <nil>"}, {"agent", `"via_id":4`, "api <nil>"},
	} {
		_, w := a.open(tt.as, `{"comment":"x",`+tt.ticket+`}`)
		c := a.comments("agent", w.path()+"/comments")[0]
		for _, via := range []map[string]any{c.Via, w.Audit.Via} {
			if source, _ := via["source"].(map[string]any); fmt.Sprint(via["channel"], " ", source["rel"]) != tt.want {
				t.Errorf("%s as %s: via %v; want %s", tt.ticket, tt.as, via, tt.want)
			}
		}
	}
	a.must(400, "relay", "POST", "/api/v2/tickets", `{"ticket":{"comment":"x","via_id":1}}`)
}
