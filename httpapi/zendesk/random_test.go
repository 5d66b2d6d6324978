package zendesk_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// native is a comment as the other API shows it.
type native struct {
	ID         string `json:"id"`
	AuthorType string `json:"author_type"`
	Content    string `json:"content"`
	IsInternal bool   `json:"is_internal"`
	CreatedAt  string `json:"created_at"`
}

// shows returns what the other API shows of a ticket.
func (a *account) shows(as string, t thread) (comments []native) {
	a.t.Helper()
	a.must(200, as, "GET", t.native+"/comments", "").decode(a.t, &comments)
	return comments
}

// TestAnySequence: whatever is done on either API, in whatever order, both show the
// same comments in the same order, to agents and to the customer.
func TestAnySequence(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	for seed := range uint64(3) {
		random := rand.New(rand.NewPCG(seed, 0))
		ticket := a.ticket()
		var done []string
		for range 40 {
			done = append(done, a.step(random, ticket))
			if !a.same(ticket) {
				t.Fatalf("seed %d: after %q the APIs differ", seed, done)
			}
		}
	}
}

// step does something to the ticket or one of its comments, and says what. Of what is
// not there, or not as it would have to be, the answer may be a refusal.
func (a *account) step(random *rand.Rand, t thread) string {
	a.t.Helper()
	there, here := a.shows("agent", t), a.comments("agent", t.path+"/comments")
	text := fmt.Sprintf("word%d and <b>4711</b> & more", random.IntN(100))
	var method, path, body string
	as := "agent"
	choice := random.IntN(10)
	if len(there) == 0 {
		choice = random.IntN(4)
	}
	i := random.IntN(max(1, len(there)))
	public := random.IntN(2) == 0
	switch choice {
	case 0:
		method, path, body = "POST", t.native+"/comments", fmt.Sprintf(`{"content":%q,"is_internal":%t}`, text, !public)
	case 1:
		method, path, body = "PUT", t.path, fmt.Sprintf(`{"ticket":{"comment":{"body":%q,"public":%t},"status":"pending"}}`, text, public)
	case 2:
		method, path, body = "PUT", t.path, fmt.Sprintf(`{"ticket":{"comment":{"html_body":%q}}}`, text)
	case 3:
		as, method, path, body = "customer", "PUT", t.public, fmt.Sprintf(`{"request":{"comment":{"body":%q}}}`, text)
	case 4:
		as, method, path, body = "admin", "PATCH", t.native+"/comments/"+there[i].ID, fmt.Sprintf(`{"content":%q}`, text)
	case 5:
		as, method, path, body = "admin", "PATCH", t.native+"/comments/"+there[i].ID, fmt.Sprintf(`{"is_internal":%t}`, public)
	case 6:
		as, method, path = "admin", "DELETE", t.native+"/comments/"+there[i].ID
	case 7:
		method, path, body = "PUT", fmt.Sprintf("%s/comments/%d/redact", t.path, here[i].ID), `{"text":"4711"}`
	case 8:
		method, path = "PUT", fmt.Sprintf("%s/comments/%d/make_private", t.path, here[i].ID)
	case 9:
		method, path, body = "POST", t.native+"/comments/"+there[i].ID+"/redactions", `{"text":"4711"}`
	}
	r := a.do(as, method, path, body)
	if refused := r.status >= 400; r.status >= 500 || refused && choice != 7 && choice != 9 { // the text may be gone already
		a.t.Errorf("%s %s %s as %s = %d %s", method, path, body, as, r.status, r.body)
	}
	return fmt.Sprint(as, " ", method, " ", path, " ", body, " ", r.status)
}

// same reports whether both APIs show the same of a ticket.
func (a *account) same(t thread) bool {
	a.t.Helper()
	equal := func(there []native, here []said) bool {
		if len(there) != len(here) {
			return false
		}
		for i, c := range there {
			author := map[bool]string{true: "CUSTOMER", false: "AGENT"}[here[i].AuthorID == a.numbers["customer"]]
			if c.Content != here[i].Body || c.IsInternal == here[i].Public || c.CreatedAt != here[i].CreatedAt || c.AuthorType != author {
				return false
			}
		}
		return true
	}
	return equal(a.shows("agent", t), a.comments("agent", t.path+"/comments")) && equal(a.shows("customer", t), a.comments("customer", t.public+"/comments"))
}
