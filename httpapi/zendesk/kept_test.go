package zendesk_test

import (
	"fmt"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestListsFromMemory: a list that was made before is given again, to whoever may see as
// much, until anything that it shows changes.
func TestListsFromMemory(t *testing.T) {
	s := newStack(t)
	a := s.account("acme", directory.Settings{})
	ticket := a.ticket()
	number, native := a.comment("customer", ticket, "my number is 4711", false)
	path := ticket.path + "/comments?page[size]=5"
	hits := func() float64 {
		var m dto.Metric
		if err := s.metrics.CacheLookups.WithLabelValues("hit").Write(&m); err != nil {
			t.Fatal(err)
		}
		return m.GetCounter().GetValue()
	}
	list := func(what, as string, remembered bool, headers ...header) string {
		t.Helper()
		before := hits()
		body := string(a.must(200, as, "GET", path, "", headers...).body)
		if got := hits() > before; got != remembered {
			t.Errorf("%s: %s is given it from memory: %v; want %v", what, as, got, remembered)
		}
		return body
	}
	first := list("at first", "agent", false)
	for _, as := range []string{"agent", "admin"} {
		if again := list("again", as, true); again != first {
			t.Errorf("%s is given %s instead of %s", as, again, first)
		}
	}
	if body := list("another host", "agent", false, header{"Host", "desk.example"}); !strings.Contains(body, "desk.example") || strings.Contains(first, "desk.example") {
		t.Errorf("at another host the list is %s", body)
	}

	a.must(200, "admin", "PUT", "/v1/users/"+a.users["customer"].String(), `{"name":"Another name"}`)
	a.must(200, "agent", "GET", path, "")
	if renamed := list("a name", "agent", true); !strings.Contains(renamed, "Another name") {
		t.Errorf("after a name has changed the list is %s", renamed)
	}
	a.must(200, "admin", "PATCH", native, `{"content":"my number is 4712"}`)
	if edited := list("an edit", "agent", false); !strings.Contains(edited, "4712") || strings.Contains(edited, "4711") {
		t.Errorf("after an edit the list is %s", edited)
	}
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, number), `{"text":"4712"}`)
	if masked := list("a redaction", "agent", false); strings.Contains(masked, "4712") {
		t.Errorf("after a redaction the list is %s", masked)
	}
	a.comment("agent", ticket, "a note", true)
	if noted := list("a note", "agent", false); !strings.Contains(noted, "a note") {
		t.Errorf("after a note the list is %s", noted)
	}
	list("nothing", "agent", true)
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/make_private", ticket.path, number), "")
	if hidden := list("a visibility", "agent", false); strings.Contains(hidden, `"public":true`) {
		t.Errorf("after all has become private the list is %s", hidden)
	}
	a.comment("agent", ticket, "public", false)
	list("a comment", "agent", false)
	a.must(200, "agent", "PUT", ticket.native, fmt.Sprintf(`{"requester_id":%q,"subject":"A subject"}`, a.users["stranger"]))
	if moved := list("a requester", "agent", false); strings.Contains(moved, "Another name") {
		t.Errorf("after the ticket has become somebody else's the list is %s", moved)
	}
	a.must(204, "admin", "DELETE", native, "")
	if less := list("a deletion", "agent", false); strings.Contains(less, "my number is") {
		t.Errorf("after a deletion the list is %s", less)
	}
}
