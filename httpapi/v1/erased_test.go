package v1_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// TestErased: what is erased shows the mask to everybody who saw the text, on every way
// to it, and a subject is no more; of neither there is anything left to open. Elsewhere
// nothing has changed.
func TestErased(t *testing.T) {
	s := newStack(t)
	a, other := s.account("acme", directory.Settings{}), s.account("other", directory.Settings{})
	ticket := a.ticket()
	a.must(200, "agent", "PUT", ticket, `{"subject":"a secret subject"}`)
	one := a.comment("customer", ticket, "a secret", false)
	a.must(200, "customer", "PATCH", one, `{"content":"a changed secret"}`)
	note := a.comment("agent", ticket, "a secret note", true)
	kept := a.comment("agent", ticket, "kept", false)
	gone := a.comment("customer", ticket, "a deleted secret", false)
	a.must(204, "customer", "DELETE", gone, "")
	theirs := other.comment("customer", other.ticket(), "theirs", false)
	a.list("customer", ticket) // so that it is in the cache
	before := a.contentIDs()

	id := func(path string) domain.CommentID {
		t.Helper()
		comment, err := domain.ParseCommentID(path[len(path)-36:])
		if err != nil {
			t.Fatal(err)
		}
		return comment
	}
	about, err := domain.ParseTicketID(ticket[len(ticket)-36:])
	if err != nil {
		t.Fatal(err)
	}
	by := domain.By{Actor: domain.Actor{Kind: domain.ActorSystem}, Admin: true}
	for _, path := range []string{one, note, gone} {
		if r, err := s.store.Execute(t.Context(), domain.EraseComment{
			Account: a.id, Ticket: about, Comment: id(path), By: by, Audit: 1, Cause: domain.CauseErasure,
		}, nil); err != nil || !r.Changed {
			t.Fatalf("EraseComment = %+v, %v", r, err)
		}
	}
	if r, err := s.store.Execute(t.Context(), domain.EraseSubject{Account: a.id, Ticket: about, By: by, Audit: 1, Cause: domain.CauseErasure}, nil); err != nil || r.Removed != 1 {
		t.Fatalf("EraseSubject = %+v, %v", r, err)
	}

	for _, as := range []string{"customer", "agent", "admin", "system", "relay"} {
		for _, c := range a.list(as, ticket) {
			if want := map[bool]string{true: "kept", false: mask}[strings.HasSuffix(kept, c.ID)]; c.Content != want {
				t.Errorf("%s sees %q in the list; want %q", as, c.Content, want)
			}
		}
		var c comment
		if a.must(200, as, "GET", one, "").decode(t, &c); c.Content != mask {
			t.Errorf("%s gets %q; want the mask", as, c.Content)
		}
		a.must(404, as, "GET", gone, "")
		if r := a.must(200, as, "GET", ticket, ""); !strings.Contains(string(r.body), `"subject":null`) {
			t.Errorf("%s gets the ticket %s; want no subject", as, r.body)
		}
	}
	if n := len(a.list("customer", ticket)); n != 2 {
		t.Errorf("the customer sees %d comments; want two, and no note", n)
	}
	if r := other.must(200, "customer", "GET", theirs, ""); !strings.Contains(string(r.body), "theirs") {
		t.Errorf("in the other account: %s", r.body)
	}
	// Two versions of one, the note, the deleted comment, the subject.
	if left := a.contentIDs(); len(before)-len(left) != 5 {
		t.Errorf("%d contents of %d are left; want 5 fewer", len(left), len(before))
	}

	// What is written anew is text like any other.
	a.must(200, "customer", "PATCH", one, `{"content":"new"}`)
	a.must(200, "agent", "PUT", ticket, `{"subject":"new"}`)
	if r := a.must(200, "customer", "GET", one, ""); !strings.Contains(string(r.body), `"content":"new"`) {
		t.Errorf("after an edit: %s", r.body)
	}
}

// contentIDs are the ids of what is sealed in the database.
func (s *stack) contentIDs() map[uuid.UUID]bool {
	s.t.Helper()
	rows, err := s.pool.Query(s.t.Context(), "SELECT content_id FROM log.contents")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	ids := map[uuid.UUID]bool{}
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			s.t.Fatal(err)
		}
		ids[id] = true
	}
	return ids
}

// TestHeldTicketIsNotRedacted, but its comments can be deleted: the texts stay.
func TestHeldTicketIsNotRedacted(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	c := a.comment("customer", ticket, "evidence", false)
	a.must(200, "admin", "PUT", ticket, lay)
	if r := a.must(409, "redactor", "POST", c+"/redactions", `{"all":true}`); r.code() != "legal_hold" {
		t.Errorf("POST redactions = %s; want legal_hold", r.body)
	}
	before := len(a.contentIDs())
	a.must(204, "customer", "DELETE", c, "")
	if n := len(a.contentIDs()); n != before {
		t.Errorf("%d texts are left; want %d", n, before)
	}
	a.must(200, "admin", "PUT", ticket, lift)
	other := a.comment("customer", ticket, "no evidence", false)
	a.must(201, "redactor", "POST", other+"/redactions", `{"all":true}`)
}
