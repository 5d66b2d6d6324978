package v1_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestTwinWorlds: a customer who asks everything there is to ask learns the same,
// byte for byte and header for header, in a world without internal notes and in
// one where they are written, edited and deleted between any two of the questions.
func TestTwinWorlds(t *testing.T) {
	s := newStack(t)
	plain := twin(s.account("plain", directory.Settings{}), func(*account, string) {})
	for _, k := range []int{1, 7} {
		got := twin(s.account(fmt.Sprintf("notes-%d", k), directory.Settings{}), func(a *account, ticket string) {
			for i := range k {
				note := a.comment("agent", ticket, "a note", true)
				a.must(200, "agent", "PATCH", note, `{"content":"an edited note"}`)
				if i%2 == 0 {
					a.must(204, "admin", "DELETE", note, "")
				}
			}
			a.comment("agent", a.ticket(), "elsewhere", true)
			a.comment("system", ticket, "escalated", true)
		})
		if diff := cmp.Diff(plain, got); diff != "" {
			t.Errorf("with %d notes at each step, the customer can tell (-without +with):\n%s", k, diff)
		}
	}
}

// TestTwinPages: the same at the borders of pages, with many notes at once.
func TestTwinPages(t *testing.T) {
	s := newStack(t)
	script := func(a *account, notes int) string {
		ticket := a.ticket()
		tr := a.transcript()
		for range notes {
			a.comment("agent", ticket, "a note", true)
		}
		for i := range 11 {
			a.comment([]string{"customer", "agent", "system"}[i%3], ticket, fmt.Sprint("public ", i), false)
			for range notes / 10 {
				a.comment("agent", ticket, "a note", true)
			}
		}
		for _, limit := range []int{1, 5, 10, 11, 12, 100} {
			path := fmt.Sprintf("%s/comments?limit=%d", ticket, limit)
			for path != "" {
				r := tr.do("customer", "GET", path, "")
				path = ""
				if m := nextLink.FindStringSubmatch(r.header.Get("Link")); m != nil {
					path = m[1]
				}
			}
		}
		return tr.out.String()
	}
	plain := script(s.account("plain", directory.Settings{}), 0)
	for _, notes := range []int{1, 10, 100} {
		if diff := cmp.Diff(plain, script(s.account(fmt.Sprintf("notes-%d", notes), directory.Settings{}), notes)); diff != "" {
			t.Errorf("with %d notes, the customer can tell (-without +with):\n%s", notes, diff)
		}
	}
}

// twin is the script of a customer, with a secret life in between. It returns what
// the customer has seen.
func twin(a *account, secret func(a *account, ticket string)) string {
	ticket := a.ticket()
	tr := a.transcript()
	tags := map[string]string{}
	look := func() {
		secret(a, ticket)
		for _, query := range []string{
			"", "?limit=1", "?limit=2&order=desc", "?limit=1000", "?is_internal=true", "?is_internal=false", "?author_type=AGENT",
			"?author_type=SYSTEM&is_internal=true", "?limit=3&x=y",
		} {
			r := tr.do("customer", "GET", ticket+"/comments"+query, "", header{"If-None-Match", tags[query]})
			tags[query] = r.header.Get("ETag")
			for range 5 {
				m := nextLink.FindStringSubmatch(r.header.Get("Link"))
				if m == nil {
					break
				}
				r = tr.do("customer", "GET", m[1], "")
			}
			secret(a, ticket)
		}
		tr.do("customer", "GET", ticket, "")
		tr.do("customer", "HEAD", ticket+"/comments", "")
		tr.do("stranger", "GET", ticket+"/comments", "")
	}
	look()
	mine := tr.do("customer", "POST", ticket+"/comments", `{"content":"one"}`, header{"Idempotency-Key", "a"})
	secret(a, ticket)
	tr.do("customer", "POST", ticket+"/comments", `{"content":"one"}`, header{"Idempotency-Key", "a"})
	tr.do("customer", "POST", ticket+"/comments", `{"content":"other"}`, header{"Idempotency-Key", "a"})
	look()
	theirs := a.comment("agent", ticket, "two", false)
	look()
	tr.do("customer", "GET", theirs, "")
	path := mine.header.Get("Location")
	secret(a, ticket)
	tr.do("customer", "PATCH", path, `{"content":"one, changed"}`, header{"If-Match", mine.header.Get("ETag")})
	tr.do("customer", "PATCH", path, `{"content":"again"}`, header{"If-Match", mine.header.Get("ETag")})
	tr.do("customer", "PATCH", path, `{"is_internal":true}`)
	tr.do("customer", "PATCH", theirs, `{"content":"x"}`)
	tr.do("customer", "POST", ticket+"/comments", `{"content":"x","is_internal":true}`)
	look()
	// What is hidden and what never was are one and the same.
	hidden := ticket + "/comments/" + uuid.NewString()
	for _, ask := range []struct{ method, body string }{{"GET", ""}, {"PATCH", `{"content":"x"}`}, {"DELETE", ""}, {"PATCH", `{"is_internal":true}`}} {
		tr.do("customer", ask.method, hidden, ask.body)
	}
	a.must(200, "agent", "PATCH", theirs, `{"is_internal":true}`)
	look()
	tr.do("customer", "GET", theirs, "")
	tr.do("customer", "DELETE", path, "")
	look()
	a.must(200, "agent", "PATCH", theirs, `{"is_internal":false}`)
	look()
	return tr.out.String()
}

// TestHiddenIsUnknown: of a note, a deleted comment and one on another ticket, a
// customer is told what is said of one that never was, by whatever they ask.
func TestHiddenIsUnknown(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	id := func(path string) string { return path[len(path)-36:] }
	deleted := a.comment("customer", ticket, "gone", false)
	a.must(204, "customer", "DELETE", deleted, "")
	hidden := a.comment("customer", ticket, "mine", false)
	a.must(200, "admin", "PATCH", hidden, `{"is_internal":true}`)
	answers := map[string]string{}
	for what, comment := range map[string]string{
		"unknown": uuid.NewString(), "note": id(a.comment("agent", ticket, "note", true)), "deleted": id(deleted), "hidden": id(hidden),
		"elsewhere": id(a.comment("customer", a.ticket(), "elsewhere", false)),
	} {
		tr := a.transcript()
		for _, ask := range []struct {
			method, body string
			headers      []header
		}{
			{"GET", "", nil},
			{"GET", "", []header{{"If-None-Match", "*"}}},
			{"HEAD", "", nil},
			{"PATCH", `{}`, nil},
			{"PATCH", `{"content":"x"}`, nil},
			{"PATCH", `{"is_internal":true}`, nil},
			{"PATCH", `{"content":"x"}`, []header{{"If-Match", `"x"`}}},
			{"DELETE", "", nil},
			{"DELETE", "", []header{{"If-Match", "*"}}},
		} {
			tr.do("customer", ask.method, ticket+"/comments/"+comment, ask.body, ask.headers...)
		}
		answers[what] = tr.out.String()
	}
	for what, answer := range answers {
		if diff := cmp.Diff(answers["unknown"], answer); diff != "" {
			t.Errorf("the customer can tell %s from unknown:\n%s", what, diff)
		}
	}
}
