package zendesk_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestTwinWorlds: a customer who asks everything there is to ask learns the same, byte
// for byte and header for header, in a world without internal notes and in one where
// they are written, hidden and deleted between any two of the questions.
func TestTwinWorlds(t *testing.T) {
	s := newStack(t)
	without := twin(s.account("world-1", directory.Settings{}), func(*account, thread) {})
	with := twin(s.account("world-2", directory.Settings{}), func(a *account, ticket thread) {
		_, native := a.comment("agent", ticket, "a note", true)
		a.must(200, "agent", "PATCH", native, `{"content":"an edited note"}`)
		a.must(204, "agent", "DELETE", native, "")
		number, _ := a.comment("relay", ticket, "another 4711", true)
		a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, number), `{"text":"4711"}`)
	})
	if diff := cmp.Diff(without, with); diff != "" {
		t.Errorf("the customer can tell (-without +with):\n%s", diff)
	}
}

// transcript is what a customer has seen, with names in the place of what differs from
// world to world: times, cursors, and numbers in the order in which they are met.
type transcript struct {
	a     *account
	out   strings.Builder
	names map[string]string
}

var cursors = regexp.MustCompile(`[A-Za-z0-9_-]{22}`)

func (tr *transcript) do(path string) response {
	r := tr.a.do("customer", "GET", path, "")
	tr.note("GET "+path, r)
	return r
}

func (tr *transcript) note(what string, r response) {
	h := r.header.Clone()
	for _, name := range []string{"Date", "X-Request-Id", "Content-Length"} {
		h.Del(name)
	}
	text := fmt.Sprintf("%s\n%d\n", what, r.status)
	for _, name := range slices.Sorted(maps.Keys(map[string][]string(h))) {
		text += name + ": " + strings.Join(h[name], ", ") + "\n"
	}
	text += string(r.body) + "\n"
	text = times.ReplaceAllString(text, `"TIME"`)
	for _, pattern := range []*regexp.Regexp{cursors, numbers} {
		text = pattern.ReplaceAllStringFunc(text, func(found string) string {
			if len(found) == 3 && strings.Contains("200 400 401 403 404 422", found) {
				return found
			}
			if tr.names[found] == "" {
				tr.names[found] = fmt.Sprintf("#%d", len(tr.names))
			}
			return tr.names[found]
		})
	}
	tr.out.WriteString(strings.ReplaceAll(text, tr.a.slug, "SLUG"))
}

// twin is the script of a customer, with a secret life in between. It returns what the
// customer has seen.
func twin(a *account, secret func(a *account, ticket thread)) string {
	ticket := a.ticket()
	tr := &transcript{a: a, names: map[string]string{}}
	look := func() {
		secret(a, ticket)
		for _, query := range []string{"", "?per_page=1", "?per_page=2&page=2&include=users", "?sort_order=desc", "?page[size]=1", "?page[size]=2&sort=-created_at&include=users",
			"?since=2020-01-02T03:04:05Z&per_page=1", "?since=2020-01-02T03:04:05Z&page[size]=1", "?role=agent&per_page=1", "?role=end_user&page[size]=1&sort=-created_at", "?sort_by=updated_at&sort_order=desc"} {
			path := ticket.public + "/comments" + query
			for range 6 {
				var l list
				r := tr.do(path)
				secret(a, ticket)
				if r.status != http.StatusOK {
					break
				}
				r.decode(a.t, &l)
				next := l.NextPage
				if l.Links != nil {
					next = l.Links.Next
				}
				if next == nil {
					break
				}
				path = *next
			}
		}
		tr.do(ticket.path + "/comments")
		tr.do(ticket.public + "?include=users")
		tr.do("/api/v2/users/me")
	}
	look()
	tr.note("POST /requests", a.do("customer", "POST", "/api/v2/requests", `{"request":{"subject":"s","comment":{"body":"mine"}}}`))
	write := func(body string) {
		secret(a, ticket)
		tr.note("PUT "+ticket.public, a.do("customer", "PUT", ticket.public, body))
	}
	write(`{"request":{"comment":{"body":"one"}}}`)
	look()
	write(`{"request":{"comment":{"body":"x","uploads":["y"]}}}`)
	mine, native := a.comment("customer", ticket, "another", false)
	look()
	theirs, _ := a.comment("agent", ticket, "two", false)
	look()
	for _, number := range []int64{mine, theirs, theirs + 100_000} {
		tr.do(fmt.Sprint(ticket.public, "/comments/", number))
	}
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/make_private", ticket.path, theirs), "")
	look()
	tr.do(fmt.Sprint(ticket.public, "/comments/", theirs))
	a.must(204, "customer", "DELETE", native, "")
	write(`{"request":{"solved":true}}`)
	look()
	return tr.out.String()
}

// TestHiddenIsUnknown: of a note, a deleted comment and one of another ticket a
// customer is told what is said of one that never was.
func TestHiddenIsUnknown(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	note, _ := a.comment("agent", ticket, "note", true)
	hidden, _ := a.comment("customer", ticket, "mine", false)
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/make_private", ticket.path, hidden), "")
	deleted, native := a.comment("customer", ticket, "gone", false)
	a.must(204, "customer", "DELETE", native, "")
	elsewhere, _ := a.comment("customer", a.ticket(), "elsewhere", false)
	want := a.must(404, "customer", "GET", ticket.public+"/comments/1", "")
	for what, number := range map[string]int64{"note": note, "hidden": hidden, "deleted": deleted, "elsewhere": elsewhere} {
		got := a.must(404, "customer", "GET", fmt.Sprint(ticket.public, "/comments/", number), "")
		if string(got.body) != string(want.body) {
			t.Errorf("%s = %s; of one that never was: %s", what, got.body, want.body)
		}
	}
}
