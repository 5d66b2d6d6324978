package v1_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/commentd/commentd/httpapi/directory"
)

const (
	lay  = `{"legal_hold":true}`
	lift = `{"legal_hold":false}`
)

// TestLegalHold: administrators lay and lift it, also on a closed ticket; everybody on
// the helpdesk's side sees it.
func TestLegalHold(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	open, closed := a.ticket(), a.ticket()
	a.closeTicket(closed)
	for _, path := range []string{open, closed} {
		if r := a.must(403, "agent", "PUT", path, lay); r.code() != "forbidden" || !strings.Contains(string(r.body), "scope admin") {
			t.Errorf("PUT as agent = %s; want 403 that names the scope", r.body)
		}
		a.must(200, "agent", "PUT", path, lift) // as it is already
		for _, step := range []struct{ body, as, want string }{
			{lay, "agent", `"legal_hold":true`}, {lay, "reader", `"legal_hold":true`},
			{lift, "system", `"legal_hold":false`},
		} {
			if r := a.must(200, "admin", "PUT", path, step.body); !strings.Contains(string(r.body), step.want) {
				t.Errorf("PUT %s = %s; want %s", step.body, r.body, step.want)
			}
			if r := a.must(200, step.as, "GET", path, ""); !strings.Contains(string(r.body), step.want) {
				t.Errorf("GET as %s = %s; want %s", step.as, r.body, step.want)
			}
		}
		a.must(200, "admin", "PUT", path, lay)
		a.must(403, "agent", "PUT", path, lift)
		a.must(422, "admin", "PUT", path, `{"legal_hold":null}`)
		a.must(400, "admin", "PUT", path, `{"legal_hold":"yes"}`)
	}
	a.must(409, "admin", "PUT", closed, `{"legal_hold":false,"status":"open"}`)
	a.must(200, "agent", "PUT", open, `{"status":"pending"}`)
	if r := a.must(200, "agent", "GET", open, ""); !strings.Contains(string(r.body), `"legal_hold":true`) {
		t.Errorf("after another change: %s; want it held", r.body)
	}
	born := "/v1/tickets/" + uuid.NewString()
	a.must(403, "agent", "PUT", born, lay)
	a.must(404, "agent", "GET", born, "")
	a.must(201, "admin", "PUT", born, lay)
}

// TestLegalHoldIsHidden: a customer learns the same, byte for byte and header for
// header, whether or not a hold is laid and lifted between any two questions.
func TestLegalHoldIsHidden(t *testing.T) {
	s := newStack(t)
	plain := twin(s.account("plain", directory.Settings{}), func(*account, string) {})
	held := twin(s.account("held", directory.Settings{}), func(a *account, ticket string) {
		a.must(200, "admin", "PUT", ticket, lay)
		a.must(200, "admin", "PUT", ticket, lift)
		a.must(200, "admin", "PUT", ticket, lay)
	})
	if diff := cmp.Diff(plain, held); diff != "" {
		t.Errorf("the customer can tell (-without +with):\n%s", diff)
	}

	// Times have no names in the scripts: here they count.
	a := s.account("times", directory.Settings{})
	ticket := a.ticket()
	a.comment("customer", ticket, "one", false)
	var answers []string
	for _, change := range []string{"{}", lay, lift, lay} {
		a.must(200, "admin", "PUT", ticket, change)
		list := a.must(200, "customer", "GET", ticket+"/comments", "")
		answers = append(answers, string(a.must(200, "customer", "GET", ticket, "").body)+string(list.body)+list.header.Get("ETag"))
	}
	for i := range answers {
		if answers[i] != answers[0] {
			t.Errorf("after %d changes to the hold the customer gets %s; before, %s", i, answers[i], answers[0])
		}
	}
}
