package threads_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

func (w *world) texts(viewer domain.Actor) []string {
	w.tb.Helper()
	page, err := w.reader.List(w.tb.Context(), threads.ListQuery{Account: w.account, Ticket: w.ticket, Viewer: viewer, Limit: 100})
	if err != nil {
		w.tb.Fatal(err)
	}
	if page.Total != len(page.Comments) {
		w.tb.Errorf("%s: total %d of %d comments", viewer.Kind, page.Total, len(page.Comments))
	}
	texts := []string{}
	for _, c := range page.Comments {
		texts = append(texts, unquoted(c.BodyJSON))
	}
	return texts
}

func (w *world) wantTexts(viewer domain.Actor, want ...string) {
	w.tb.Helper()
	got := w.texts(viewer)
	if len(got) != len(want) {
		w.tb.Errorf("%s sees %q; want %q", viewer.Kind, got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			w.tb.Errorf("%s sees %q; want %q", viewer.Kind, got, want)
			return
		}
	}
}

// Whoever may not see a ticket is told the same as of one that never was.
func TestStrangersSeeNothing(t *testing.T) {
	w := newWorld(t, logtest.New(t))
	id := w.create(logtest.Agent.Actor.Own(), true, "text")
	for _, applied := range []bool{false, true} {
		if applied {
			w.apply(100)
		}
		for _, tt := range []struct {
			name    string
			account domain.AccountID
			ticket  domain.TicketID
			viewer  domain.Actor
		}{
			{"an agent of another account", 2, w.ticket, logtest.Agent.Actor},
			{"a customer who is not the requester", 1, w.ticket, domain.Actor{Kind: domain.ActorCustomer, ID: domain.UserID(uuid.New())}},
			{"the requester's namesake elsewhere", 2, w.ticket, w.customer},
			{"nobody", 1, w.ticket, domain.Actor{}},
			{"somebody of no known kind", 1, w.ticket, domain.Actor{Kind: "root", ID: w.customer.ID}},
			{"an agent, of an unknown ticket", 1, domain.TicketID(uuid.New()), logtest.Agent.Actor},
		} {
			ctx := t.Context()
			_, listErr := w.reader.List(ctx, threads.ListQuery{Account: tt.account, Ticket: tt.ticket, Viewer: tt.viewer, Limit: 20})
			_, getErr := w.reader.Get(ctx, tt.account, tt.ticket, id, tt.viewer)
			_, ticketErr := w.reader.Ticket(ctx, tt.account, tt.ticket, tt.viewer)
			_, validatorErr := w.reader.Validator(ctx, tt.account, tt.ticket, tt.viewer)
			for _, err := range []error{listErr, getErr, ticketErr, validatorErr} {
				if !errors.Is(err, domain.ErrTicketNotFound) {
					t.Errorf("%s: %v; want %v", tt.name, err, domain.ErrTicketNotFound)
				}
			}
		}
	}
}

func TestACommentIsNotFoundOnAnotherTicket(t *testing.T) {
	l := logtest.New(t)
	w, other := newWorld(t, l), newWorld(t, l)
	id := w.create(logtest.Agent.Actor.Own(), true, "text")
	if c, err := other.reader.Get(t.Context(), 1, other.ticket, id, logtest.Agent.Actor); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("Get = %+v, %v; want %v", c, err, domain.ErrNotFound)
	}
}

// What cannot be read any more has a place in the thread, and no text.
func TestDestroyedTextsLeaveTheirPlace(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	gone := w.create(logtest.Agent.Actor.Own(), true, "gone")
	w.create(logtest.Agent.Actor.Own(), true, "kept")
	for _, applied := range []bool{false, true} {
		if applied {
			w.apply(100)
		}
		l.Exec("DELETE FROM log.contents WHERE content_id = (SELECT content_id FROM log.comments WHERE comment_id = $1)", uuid.UUID(gone))
		w.wantTexts(w.customer, "nothing", "kept")
		c, err := w.reader.Get(t.Context(), 1, w.ticket, gone, w.customer)
		if err != nil || !c.Destroyed || c.BodyJSON != nil {
			t.Errorf("Get = %+v, %v; want a destroyed comment", c, err)
		}
	}

	l.Exec("UPDATE keyring.buckets SET wrapped_key = NULL, destroyed_at = now() WHERE purpose = 'content'")
	w.wantTexts(w.customer, "nothing", "kept") // the key is still in memory
	w.reader = threads.NewReader(l.Pool, l.NewVault(), 0)
	w.wantTexts(w.customer, "nothing", "nothing")
	if _, err := w.reader.Ticket(t.Context(), 1, w.ticket, w.customer); err != nil {
		t.Errorf("Ticket with a destroyed key: %v", err)
	}
}

// A content moved under another comment does not open there, and takes the page with
// it rather than show a wrong text.
func TestATransplantedTextIsNotShown(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	a, b := w.create(logtest.Agent.Actor.Own(), true, "a"), w.create(logtest.Agent.Actor.Own(), false, "b")
	l.Exec(`UPDATE log.contents SET sealed = (SELECT sealed FROM log.contents JOIN log.comments USING (content_id) WHERE comment_id = $2)
		WHERE content_id = (SELECT content_id FROM log.comments WHERE comment_id = $1)`, uuid.UUID(a), uuid.UUID(b))
	page, err := w.reader.List(t.Context(), threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: w.customer, Limit: 5})
	if err == nil {
		t.Errorf("List = %+v; want an error", page)
	}
}

// An event that this program does not know may have hidden its comment. Customers
// are not shown the comment; agents see it as it was before.
func TestUnknownEventsHideTheirComment(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	w.create(logtest.Agent.Actor.Own(), true, "one")
	id := w.create(logtest.Agent.Actor.Own(), true, "two")
	for _, applied := range []int{0, 2, 3} {
		w.update(id, w.text("three"), nil)
		l.Exec("UPDATE log.events SET type = 'comment.veiled' WHERE comment_id = $1 AND type = 'comment.edited'", uuid.UUID(id))
		w.apply(applied - int(w.applied))
		w.wantTexts(w.customer, "one")
		w.wantTexts(logtest.Agent.Actor, "one", "two")
		if c, err := w.reader.Get(t.Context(), 1, w.ticket, id, w.customer); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("Get for a customer = %+v, %v; want %v", c, err, domain.ErrNotFound)
		}
		if _, err := w.reader.Get(t.Context(), 1, w.ticket, id, logtest.Agent.Actor); err != nil {
			t.Errorf("Get for an agent: %v", err)
		}
	}
}

// Rows that claim more than the log holds are left alone: the log was restored, and
// they speak of what never was.
func TestRowsAheadOfTheLogAreNotBelieved(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	w.create(logtest.Agent.Actor.Own(), true, "kept")
	lost := w.create(logtest.Agent.Actor.Own(), true, "lost")
	w.apply(100)
	l.Exec("DELETE FROM log.events WHERE version = 3")
	l.Exec("DELETE FROM log.comments WHERE comment_id = $1", uuid.UUID(lost))
	l.Exec("UPDATE log.tickets SET version = 2, public_version = 2")
	l.Exec("UPDATE log.heads SET position = 2")
	w.wantTexts(w.customer, "kept")
	w.wantTexts(logtest.Agent.Actor, "kept")
	if c, err := w.reader.Get(t.Context(), 1, w.ticket, lost, w.customer); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("Get = %+v, %v; want %v", c, err, domain.ErrNotFound)
	}
}
