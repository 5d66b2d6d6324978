package zendesk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestEntityTags: who has a ticket, or its comments, already is told so, until anything of
// what is shown changes.
func TestEntityTags(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	number, _ := a.comment("customer", ticket, "my number is 4711", false)
	paths := []string{ticket.path + "/comments?include=users", ticket.path + "/comments?page[size]=5", ticket.path + "?include=users"}
	tags := make([]string, len(paths))
	for i, path := range paths {
		r := a.must(200, "agent", "GET", path, "")
		if tags[i] = r.header.Get("ETag"); !strings.HasPrefix(tags[i], `W/"`) || strings.Contains(tags[i], "4711") {
			t.Errorf("GET %s has the ETag %s", path, tags[i])
		}
	}
	same := func(what string, want ...bool) {
		t.Helper()
		for i, path := range paths {
			status := 200
			if want[i] {
				status = 304
			}
			r := a.must(status, "agent", "GET", path, "", header{"If-None-Match", `"x", ` + tags[i]})
			if got := r.header.Get("ETag"); want[i] != (got == tags[i]) || want[i] && len(r.body) > 0 {
				t.Errorf("%s: GET %s has the ETag %s, before %s, and body %s", what, path, got, tags[i], r.body)
			}
			tags[i] = r.header.Get("ETag")
		}
	}
	same("nothing", true, true, true)
	a.must(200, "agent", "GET", paths[0], "", header{"If-None-Match", `W/"x"`})
	a.must(304, "agent", "GET", paths[0], "", header{"If-None-Match", "*"})
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, number), `{"text":"4711"}`)
	same("a redaction", false, false, false)
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/make_private", ticket.path, number), "")
	same("a visibility", false, false, false)
	a.must(200, "admin", "PUT", "/v1/users/"+a.users["customer"].String(), `{"name":"Another name"}`)
	same("a name", false, true, false) // of users who are not shown nothing is shown
	a.comment("agent", ticket, "another", true)
	same("a note", false, false, false)
	same("nothing again", true, true, true)
}

// TestLastModified: of the comments on the page.
func TestLastModified(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	modified := func() string {
		return a.must(200, "agent", "GET", ticket.path+"/comments", "").header.Get("Last-Modified")
	}
	if got := modified(); got != "" {
		t.Errorf("without comments: %s", got)
	}
	a.comment("agent", ticket, "text", false)
	number, _ := a.comment("agent", ticket, "4711", false)
	a.age("w.position")
	if got := modified(); got != "Fri, 02 Jan 2026 03:00:03 GMT" {
		t.Errorf("Last-Modified = %s", got)
	}
	before := modified()
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, number), `{"text":"4711"}`)
	if got := modified(); got == before {
		t.Errorf("after a redaction it is %s still", got)
	}
}
