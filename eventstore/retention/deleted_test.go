package retention

import (
	"context"
	"testing"
	"time"

	"github.com/commentd/commentd/domain"
)

// TestDeletedComments: what was deleted is kept for as long as its account says, from the
// deletion on, and not a day longer; nothing else is touched.
func TestDeletedComments(t *testing.T) {
	w := newWorld(t)
	const short, none = domain.AccountID(2), domain.AccountID(3)
	policies := []Policy{{Account: short, Deleted: 7}, {Account: none, Deleted: 0}}
	comments := map[domain.AccountID][]Target{}
	for _, account := range []domain.AccountID{ours, short, none} {
		ticket := w.ticket(account, ana, "subject")
		for range 4 {
			comments[account] = append(comments[account], w.comment(account, ticket, ana, "text"))
		}
		w.edit(comments[account][0], "another text")
	}
	w.age("365 days")
	deleteAll := func(n int) {
		for _, c := range comments {
			w.delete(c[n])
		}
	}
	deleteAll(0)
	w.age("23 days")
	deleteAll(1)
	w.age("6 days 23 hours")
	deleteAll(2)
	before := w.contents()
	w.round(policies...)
	w.wantErased([]Target{comments[none][0], comments[none][1], comments[none][2], comments[short][0]},
		comments[none][3], comments[short][1], comments[short][2], comments[short][3],
		comments[ours][0], comments[ours][1], comments[ours][2], comments[ours][3])
	w.wantContents(before - 4 - 2)
	w.age("1 hour")
	w.round(policies...)
	w.wantErased([]Target{comments[short][1], comments[ours][0]}, comments[short][2], comments[short][3], comments[ours][1])
	w.age("30 days")
	w.round(policies...)
	w.round(policies...)
	w.wantErased([]Target{comments[ours][1], comments[ours][2], comments[short][2]}, comments[ours][3], comments[short][3], comments[none][3])
	if got := w.causes(); got != "map[deletion:9]" {
		t.Errorf("erasures by cause: %s; want 9 deletions", got)
	}
}

// TestGlance: an account that keeps no deleted text is rid of it by a glance, which looks
// at no other.
func TestGlance(t *testing.T) {
	w := newWorld(t)
	const other = domain.AccountID(2)
	ticket := w.ticket(ours, ana, "")
	c, held, left := w.comment(ours, ticket, ana, "text"), w.comment(ours, w.ticket(ours, ana, ""), ana, "text"), w.comment(ours, ticket, ana, "text")
	theirs := w.comment(other, w.ticket(other, ana, ""), ana, "text")
	w.delete(c)
	w.delete(theirs)
	w.delete(held)
	w.hold(held, true)
	glance := func() {
		t.Helper()
		if err := w.worker.Glance(t.Context(), []Policy{{Account: ours}, {Account: other, Deleted: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	glance()
	w.wantErased([]Target{c}, held, left, theirs)
	w.hold(held, false)
	glance()
	w.wantErased([]Target{c, held}, left, theirs)
}

// TestHeldDeletedComments: a hold keeps a deleted text; when it is lifted, what is
// overdue goes.
func TestHeldDeletedComments(t *testing.T) {
	w := newWorld(t)
	c := w.comment(ours, w.ticket(ours, ana, "subject"), ana, "text")
	w.delete(c)
	w.age("31 days")
	w.hold(c, true)
	w.round()
	w.wantErased(nil, c)
	w.hold(c, false)
	w.round()
	w.wantErased([]Target{c})
}

// TestRun: a worker notices a change of the policies by itself, and goes on looking.
func TestRun(t *testing.T) {
	w := newWorld(t)
	policies := make(chan []Policy, 1)
	policies <- nil
	w.worker.policies = func(context.Context) ([]Policy, error) {
		p := <-policies
		policies <- p
		return p, nil
	}
	w.worker.config.Glance, w.worker.config.Round = 10*time.Millisecond, time.Hour
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- w.worker.Run(ctx) }()
	ticket := w.ticket(ours, ana, "")
	first, second := w.comment(ours, ticket, ana, "text"), w.comment(ours, ticket, ana, "text")
	w.delete(first)
	<-policies
	policies <- []Policy{{Account: ours}}
	await := func(c Target) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); !w.erased(c); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("a deleted comment is not erased")
			}
		}
	}
	await(first)
	w.delete(second)
	await(second)
	stop()
	if err := <-ran; err != nil {
		t.Errorf("Run = %v", err)
	}
}
