package threads_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// Whoever shares a statement with whom, each gets the page that was asked for: that of
// the ticket, as the viewer may see it.
func TestPagesThatAreReadTogetherAreNotMixedUp(t *testing.T) {
	l := logtest.New(t)
	const tickets, callers, each = 5, 48, 20
	type asked struct {
		query threads.ListQuery
		want  threads.Page
	}
	var all []asked
	reader := threads.NewReader(l.Pool, l.Vault, 0)
	for i := range tickets {
		w := newWorld(t, l)
		for range 2 + i {
			w.create(logtest.Agent.Actor.Own(), true, "public")
			w.create(logtest.Agent.Actor.Own(), false, "note")
		}
		w.apply(1000)
		stranger := domain.Actor{Kind: domain.ActorCustomer}
		for _, viewer := range []domain.Actor{logtest.Agent.Actor, w.customer, stranger} {
			for _, limit := range []int{1, 3, 50, 200} {
				q := threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: viewer, Limit: limit, Desc: limit == 3}
				page, err := reader.List(t.Context(), q)
				if viewer == stranger != errors.Is(err, domain.ErrTicketNotFound) {
					t.Fatalf("List(%+v): %v", q, err)
				}
				all = append(all, asked{q, page})
			}
		}
	}
	var running sync.WaitGroup
	for c := range callers {
		running.Go(func() {
			for i := range each {
				a := all[(c*each+i*7)%len(all)]
				page, err := reader.List(t.Context(), a.query)
				switch {
				case errors.Is(err, domain.ErrTicketNotFound):
					if a.want.ChangeID != (domain.EventID{}) {
						t.Errorf("List(%+v): %v", a.query, err)
					}
				case err != nil || page.ChangeID != a.want.ChangeID || page.Total != a.want.Total || page.More != a.want.More ||
					len(page.Comments) != len(a.want.Comments):
					t.Errorf("List(%+v) = %+v, %v; want %+v", a.query, page, err, a.want)
				default:
					for n := range page.Comments {
						if got, want := page.Comments[n], a.want.Comments[n]; got.ID != want.ID || string(got.BodyJSON) != string(want.BodyJSON) {
							t.Errorf("List(%+v): comment %d is %+v; want %+v", a.query, n, got, want)
						}
					}
				}
			}
		})
	}
	running.Wait()
}

// Those who go away in the meantime do not keep the others from being served, even if
// it was for them to ask.
func TestWhoStopsWaitingIsInNobodysWay(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	w.create(logtest.Agent.Actor.Own(), true, "here")
	w.apply(1000)
	q := threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: logtest.Agent.Actor, Limit: 20}
	var running sync.WaitGroup
	for c := range 64 {
		running.Go(func() {
			for i := range 30 {
				ctx, cancel := context.WithCancel(t.Context())
				if (c+i)%2 == 0 {
					go cancel()
				}
				page, err := w.reader.List(ctx, q)
				if gone := ctx.Err() != nil && errors.Is(err, eventstore.ErrUnavailable); !gone && (err != nil || len(page.Comments) != 1) {
					t.Errorf("List = %+v, %v", page, err)
				}
				cancel()
			}
		})
	}
	running.Wait()
	if page, err := w.reader.List(t.Context(), q); err != nil || len(page.Comments) != 1 {
		t.Errorf("afterwards List = %+v, %v", page, err)
	}
}

// A statement that fails fails for all who share it, as Postgres being away would for
// each, and the next goes on.
func TestPagesFailTogether(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	w.create(logtest.Agent.Actor.Own(), true, "here")
	w.apply(1000)
	q := threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: logtest.Agent.Actor, Limit: 20}
	l.Exec("ALTER TABLE threads.comments RENAME TO elsewhere")
	var running sync.WaitGroup
	for range 32 {
		running.Go(func() {
			if page, err := w.reader.List(t.Context(), q); !errors.Is(err, eventstore.ErrUnavailable) {
				t.Errorf("without the table: List = %+v, %v", page, err)
			}
		})
	}
	running.Wait()
	l.Exec("ALTER TABLE threads.elsewhere RENAME TO comments")
	if page, err := w.reader.List(t.Context(), q); err != nil || len(page.Comments) != 1 {
		t.Errorf("afterwards List = %+v, %v", page, err)
	}
}
