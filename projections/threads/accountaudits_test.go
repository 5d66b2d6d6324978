package threads_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// The audits of an account are those of its tickets, in the order of the log, whatever
// page is asked for: with the texts of today, and nothing of other accounts.
func TestAccountAuditsAreThoseOfItsTickets(t *testing.T) {
	l := logtest.New(t)
	account := domain.AccountID(0)
	rapid.Check(t, func(rt *rapid.T) {
		account += 2
		sagas := []*saga{newSagaOf(t, rt, l, account), newSagaOf(t, rt, l, account), newSagaOf(t, rt, l, account+1)}
		for range rapid.IntRange(0, 40).Draw(rt, "events") {
			sagas[rapid.IntRange(0, 2).Draw(rt, "of")].happen()
		}
		a := &everything{s: sagas[0], requesters: map[domain.TicketID]string{}}
		for _, s := range sagas[:2] {
			page, err := s.reader.Audits(context.Background(), threads.AuditQuery{Account: account, Ticket: s.ticket, Viewer: logtest.Agent.Actor})
			if err != nil {
				rt.Fatal(err)
			}
			a.all = append(a.all, page.Audits...)
			a.requesters[s.ticket] = logtest.Fold(t, l.Pool, account, s.ticket).Customer
		}
		slices.SortFunc(a.all, func(a, b threads.Audit) int { return int(a.Position - b.Position) })
		for range 6 {
			a.check()
		}
	})
}

// everything is all audits of an account, in order.
type everything struct {
	s          *saga
	all        []threads.Audit
	requesters map[domain.TicketID]string
}

// check compares a page.
func (a *everything) check() {
	t := a.s.t
	q := threads.AccountAuditQuery{
		Account: a.s.account, Viewer: logtest.Agent.Actor,
		Desc: rapid.Bool().Draw(t, "desc"), Limit: rapid.IntRange(0, 5).Draw(t, "limit"),
	}
	all := slices.Clone(a.all)
	if rapid.Bool().Draw(t, "between") {
		from, to := all[rapid.IntRange(0, len(all)-1).Draw(t, "from")].Position, all[rapid.IntRange(0, len(all)-1).Draw(t, "to")].Position
		q.From, q.To = from, to
		all = slices.DeleteFunc(all, func(a threads.Audit) bool { return a.Position <= from || a.Position > to })
	}
	if q.Desc {
		slices.Reverse(all)
	}
	kind := rapid.IntRange(0, 2).Draw(t, "kind")
	if len(all) > 0 && kind > 0 {
		place := rapid.IntRange(0, len(all)-1).Draw(t, "place")
		if kind == 1 {
			q.After, all = all[place].Position, all[place+1:]
		} else {
			q.Before, all = all[place].Position, all[:place]
		}
	}
	limit := q.Limit
	if limit == 0 {
		limit = 100
	}
	more := len(all) > limit
	if more && q.Before != 0 {
		all = all[len(all)-limit:]
	} else if more {
		all = all[:limit]
	}
	page, err := a.s.reader.AccountAudits(context.Background(), q)
	if err != nil {
		t.Fatalf("AccountAudits(%+v): %v", q, err)
	}
	if diff := cmp.Diff(a.lines(all), a.lines(page.Audits)); diff != "" || page.More != more {
		t.Fatalf("AccountAudits(%+v) = more %v, want %v (-want +got):\n%s", q, page.More, more, diff)
	}
	for _, audit := range page.Audits {
		ticket := page.Tickets[audit.Ticket]
		want := logtest.Fold(a.s.tb, a.s.log.Pool, a.s.account, audit.Ticket)
		requester := ""
		if ticket.Requester != nil {
			requester = ticket.Requester.String()
		}
		if ticket.Number != want.Number || requester != a.requesters[audit.Ticket] {
			t.Fatalf("the ticket of audit %d = %+v; want %d of %s", audit.Number, ticket, want.Number, a.requesters[audit.Ticket])
		}
	}
}

func (a *everything) lines(audits []threads.Audit) string {
	var lines strings.Builder
	for _, audit := range audits {
		fmt.Fprintln(&lines, audit.Ticket, audit.Position, a.s.audit(audit))
	}
	return lines.String()
}

// Who follows an account while many write to it meets every audit once and whole.
func TestAccountAuditsCanBeFollowed(t *testing.T) {
	l := logtest.New(t)
	reader := threads.NewReader(l.Connect(), l.Vault, 0)
	var writers sync.WaitGroup
	t.Cleanup(writers.Wait)
	for account := domain.AccountID(1); account <= 3; account++ {
		for range 2 {
			writers.Go(func() {
				for range 60 {
					w := newWorldOf(t, l, account)
					w.create(logtest.Agent.Actor.Own(), true, "text")
				}
			})
		}
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	seen := map[int64]int{}
	var last eventstore.Position
	for over := false; ; {
		page, err := reader.AccountAudits(t.Context(), threads.AccountAuditQuery{Account: 2, Viewer: logtest.Agent.Actor, Limit: 7, After: last})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Audits {
			seen[a.Number]++
			if a.Position <= last {
				t.Fatalf("position %d comes behind %d", a.Position, last)
			}
			last = a.Position
		}
		if over && len(page.Audits) == 0 {
			break
		}
		select {
		case <-done:
			over = true
		default:
		}
	}
	if len(seen) != 240 {
		t.Errorf("%d audits were met; want 240", len(seen))
	}
	for number, times := range seen {
		if times != 1 {
			t.Errorf("audit %d was met %d times", number, times)
		}
	}
}

// Audits of an account are for those who see internal notes.
func TestAccountAuditsAreForAgents(t *testing.T) {
	w := newWorld(t, logtest.New(t))
	for name, viewer := range map[string]domain.Actor{"the requester": w.customer, "nobody": {}} {
		if _, err := w.reader.AccountAudits(t.Context(), threads.AccountAuditQuery{Account: 1, Viewer: viewer}); !errors.Is(err, domain.ErrTicketNotFound) {
			t.Errorf("the audits for %s: %v; want %v", name, err, domain.ErrTicketNotFound)
		}
	}
}

// A moment is found whatever stands around it, many events with one time included.
func TestPositionBefore(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	at := func(moment time.Time, want eventstore.Position) {
		t.Helper()
		if got, err := w.reader.PositionBefore(t.Context(), moment); err != nil || got != want {
			t.Errorf("PositionBefore(%s) = %d, %v; want %d", moment, got, err, want)
		}
	}
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for range 20 {
		w.create(logtest.Agent.Actor.Own(), true, "text")
	}
	// Events 1 to 21: 1 at the beginning, 2 to 11 a second later, the others a minute later.
	l.Exec(`UPDATE log.events SET recorded_at = $1::timestamptz
		+ CASE WHEN position = 1 THEN interval '0' WHEN position <= 11 THEN interval '1 second' ELSE interval '1 minute' END`, begin)
	at(begin, 0)
	at(begin.Add(time.Microsecond), 1)
	at(begin.Add(time.Second), 1)
	at(begin.Add(2*time.Second), 11)
	at(begin.Add(time.Minute), 11)
	at(begin.Add(time.Hour), 21)
	got, moment, err := w.reader.PositionAgo(t.Context(), time.Minute)
	if age := time.Since(moment); err != nil || got != 21 || !moment.Equal(moment.Truncate(time.Second)) || age < time.Minute || age > 10*time.Minute {
		t.Errorf("PositionAgo = %d at %s, %v", got, moment, err)
	}
	l.Exec("UPDATE log.events SET recorded_at = now() WHERE position > 11")
	if got, _, err := w.reader.PositionAgo(t.Context(), time.Minute); err != nil || got != 11 {
		t.Errorf("PositionAgo = %d, %v; want 11", got, err)
	}
}
