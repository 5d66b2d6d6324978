package threads_test

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// shelf is worlds of one account, every other ticket of which the same customer asked for.
type shelf struct {
	*testing.T
	worlds []*world
}

func newShelf(t *testing.T, n int) *shelf {
	s := &shelf{T: t}
	l := logtest.New(t)
	for i := range n {
		w := newWorld(t, l)
		if i%2 == 1 {
			w.customer = s.worlds[0].customer
			requester := &w.customer.ID
			w.do(domain.PutTicket{Account: 1, Ticket: w.ticket, By: logtest.Agent, Requester: &requester, Numbers: w.numbers()})
		}
		s.worlds = append(s.worlds, w)
	}
	newWorldOf(t, l, 2)
	return s
}

// stir makes something happen to tickets, in another order than that in which they were
// made.
func (s *shelf) stir() {
	for i := range s.worlds {
		w := s.worlds[(i*5+3)%len(s.worlds)]
		id := w.create(logtest.Agent.Actor.Own(), i%3 > 0, fmt.Sprint("text ", i))
		if i%4 == 1 { // no audit shows it
			w.update(id, w.text("edited"), nil)
		}
	}
}

// expected is the list by brute force: each ticket as it is read alone.
func (s *shelf) expected(q threads.TicketQuery) []threads.Ticket {
	s.Helper()
	var all []threads.Ticket
	for _, w := range s.worlds {
		found, err := w.reader.Ticket(s.Context(), 1, w.ticket, q.Viewer)
		if err == domain.ErrTicketNotFound && !q.Viewer.SeesInternal() {
			continue
		}
		if err != nil {
			s.Fatal(err)
		}
		if q.Requester == nil || *found.Requester == *q.Requester {
			all = append(all, found)
		}
	}
	slices.SortFunc(all, func(a, b threads.Ticket) int {
		if q.Desc {
			a, b = b, a
		}
		switch q.Order {
		case threads.ByOpened:
			return cmp.Or(a.OpenedAt.Compare(b.OpenedAt), bytes.Compare(a.ID[:], b.ID[:]))
		case threads.ByUpdated: // many are equal: see domain.Ticket.UpdatedAt
			return cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), bytes.Compare(a.ID[:], b.ID[:]))
		}
		return int(a.Number - b.Number)
	})
	return all
}

// check compares lists with what is expected: page by page, forwards by cursors and by
// numbers, and back again.
func (s *shelf) check(phase string) {
	s.Helper()
	one := s.worlds[0].customer
	for _, viewer := range []domain.Actor{logtest.Agent.Actor, one} {
		for _, requester := range []*domain.UserID{nil, &one.ID} {
			for _, order := range []threads.TicketOrder{threads.ByNumber, threads.ByOpened, threads.ByUpdated} {
				for _, desc := range []bool{false, true} {
					q := threads.TicketQuery{Account: 1, Viewer: viewer, Requester: requester, Order: order, Desc: desc, Limit: 4}
					s.walk(fmt.Sprintf("%s: %s, %t, order %d, desc %t", phase, viewer.Kind, requester != nil, order, desc), q)
				}
			}
		}
	}
}

func (s *shelf) walk(name string, q threads.TicketQuery) {
	s.Helper()
	want := s.expected(q)
	for at := 0; at < len(want); at += q.Limit {
		end := min(at+q.Limit, len(want))
		follows := s.page(q)
		s.same(name+", behind a place", follows, want[at:end], end < len(want))
		skips := q
		skips.After, skips.Skip, skips.Count = threads.TicketPlace{}, at, true
		page := s.page(skips)
		s.same(name+", by number", page, want[at:end], end < len(want))
		if page.Total != len(want) {
			s.Errorf("%s: %d in all; want %d", name, page.Total, len(want))
		}
		q.After = q.Place(&follows.Briefs[len(follows.Briefs)-1])
		back := q
		back.After, back.Before = threads.TicketPlace{}, q.After
		first := max(0, end-1-q.Limit)
		s.same(name+", before a place", s.page(back), want[first:end-1], first > 0)
	}
	if end := s.page(q); len(end.Briefs) > 0 || end.More {
		s.Errorf("%s: there are %d behind the end", name, len(end.Briefs))
	}
}

func (s *shelf) page(q threads.TicketQuery) threads.TicketPage {
	s.Helper()
	page, err := s.worlds[0].reader.Tickets(s.Context(), q)
	if err != nil {
		s.Fatalf("Tickets(%+v): %v", q, err)
	}
	return page
}

func (s *shelf) same(name string, got threads.TicketPage, want []threads.Ticket, more bool) {
	s.Helper()
	same := len(got.Briefs) == len(want) && got.More == more
	for i := range want {
		same = same && got.Briefs[i].ID == want[i].ID && got.Briefs[i].UpdatedAt.Equal(want[i].UpdatedAt) && got.Briefs[i].OpenedAt.Equal(want[i].OpenedAt) &&
			got.Briefs[i].Version == want[i].Version && got.Briefs[i].Count(0, nil) == want[i].Count(0, nil)
	}
	if !same {
		s.Errorf("%s: %d tickets, more %t; want %d, %t, or they are others", name, len(got.Briefs), got.More, len(want), more)
	}
}

// TestTicketLists: in every order and direction, by places and by numbers, lists have what
// the tickets are when each is read alone, wherever the projector is.
func TestTicketLists(t *testing.T) {
	s := newShelf(t, 11)
	l := s.worlds[0].log
	s.check("no rows")
	s.stir()
	s.check("no rows, and comments")
	for _, w := range s.worlds {
		w.apply(100)
	}
	s.check("rows that nobody vouches for")
	l.Exec(`INSERT INTO projections.checkpoints (projection, shard, partition, position)
		SELECT 'threads', 0, p, partition_positions[p + 1] FROM log.heads, generate_series(0, 63) p`)
	s.check("rows")
	s.stir()
	s.check("late rows")
	for _, w := range s.worlds[:4] {
		w.apply(100)
	}
	s.check("rows of which some are late")
	l.Exec(`UPDATE projections.checkpoints c SET position = h.partition_positions[c.partition + 1] FROM log.heads h`)
	left := s.worlds[5]
	l.Exec(`INSERT INTO projections.quarantine (position, account_id, shard, ticket_id, projection, reason) VALUES (1, 1, 0, $1, 'threads', 'a test')`, left.ticket.String())
	for i, w := range s.worlds {
		if i != 5 {
			w.apply(100)
		}
	}
	s.check("one in quarantine")
}

// TestBriefs: a ticket comes with the first comment that may be seen, and those that may
// not be seen are left out.
func TestBriefs(t *testing.T) {
	l := logtest.New(t)
	mine, other := newWorld(t, l), newWorld(t, l)
	mine.create(logtest.Agent.Actor.Own(), false, "a note")
	gone := mine.create(logtest.Agent.Actor.Own(), true, "gone")
	mine.create(logtest.Agent.Actor.Own(), true, "public")
	mine.remove(gone)
	check := func(viewer domain.Actor, public bool, want ...string) {
		t.Helper()
		briefs, err := mine.reader.Briefs(t.Context(), 1, viewer, public, mine.ticket, other.ticket, domain.TicketID{9})
		var got []string
		for _, b := range briefs {
			if b.First == nil {
				got = append(got, "nothing")
			} else {
				got = append(got, b.First.Document.Text)
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Briefs = %q, %v; want %q", got, err, want)
		}
	}
	for range 3 { // without rows, with some, with all
		check(logtest.Agent.Actor, false, "a note", "nothing")
		check(logtest.Agent.Actor, true, "public", "nothing")
		check(mine.customer, false, "public")
		check(other.customer, false, "nothing")
		mine.apply(3)
	}
	if _, err := mine.reader.Briefs(t.Context(), 1, domain.Actor{}, false, mine.ticket); err != domain.ErrTicketNotFound {
		t.Errorf("Briefs for nobody = %v", err)
	}
}
