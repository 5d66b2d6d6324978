package retention

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// TestOldContents: whatever was written longer ago than the account keeps texts is
// erased: whole comments, subjects, and what was written into them afterwards once it is
// old itself.
func TestOldContents(t *testing.T) {
	w := newWorld(t)
	const other = domain.AccountID(2)
	policy := Policy{Account: ours, Deleted: DefaultDeleted, Contents: 90}
	old, young := w.ticket(ours, ana, "old subject"), w.ticket(ours, ana, "")
	theirs := w.comment(other, w.ticket(other, ana, "subject"), ana, "text")
	edited, plain := w.comment(ours, old, ana, "text"), w.comment(ours, young, ana, "text")
	w.age("89 days 23 hours")
	w.edit(edited, "changed yesterday")
	late := w.comment(ours, old, ben, "late")
	w.put(late, func(put *domain.PutTicket) { s := text("new subject"); put.Subject = &s })
	w.put(plain, func(put *domain.PutTicket) { s := domain.StatusPending; put.Status = &s })
	before := w.contents()
	w.round(policy)
	w.wantContents(before)
	w.age("1 hour")
	w.round(policy)
	w.wantErased([]Target{edited, plain}, late, theirs)
	w.wantContents(before - 3 - 2) // both subjects of the ticket go with the old one
	w.round(policy)
	w.wantContents(before - 5)
	w.edit(edited, "again")
	w.put(edited, func(put *domain.PutTicket) { s := text("a third subject"); put.Subject = &s })
	w.age("89 days")
	w.round(policy)
	w.wantErased(nil, edited, late)
	w.age("1 day")
	w.round(policy)
	w.wantErased([]Target{edited, late}, theirs)
	w.wantContents(2)
	if got := w.causes(); got != "map[retention:6]" {
		t.Errorf("erasures by cause: %s; want 6 of retention", got)
	}
}

// TestOldContentsOfElsewhere: what was taken over is kept as long as what was written on that
// day, however long ago it had happened.
func TestOldContentsOfElsewhere(t *testing.T) {
	w := newWorld(t)
	policy := Policy{Account: ours, Deleted: DefaultDeleted, Contents: 90}
	old := Target{Account: ours, Ticket: w.ticket(ours, ana, ""), Comment: domain.CommentID(uuid.Must(uuid.NewV7()))}
	w.execute(domain.WriteTicket{
		Account: ours, Ticket: old.Ticket, Comment: old.Comment, By: admin, Numbers: w.numbers(),
		Say:    &domain.NewComment{Author: domain.Author{Type: domain.AuthorCustomer, ID: ana}, Text: text("long ago")},
		Origin: &domain.Origin{Audit: 360001, At: time.Date(2014, 2, 3, 4, 5, 6, 0, time.UTC)},
	})
	w.age("89 days")
	w.round(policy)
	w.wantErased(nil, old)
	w.age("1 day")
	w.round(policy)
	w.wantErased([]Target{old})
}

// TestOldChat: what was said in a chat longer ago than the account keeps texts takes the
// chat with it; that somebody has joined is nothing to erase.
func TestOldChat(t *testing.T) {
	w := newWorld(t)
	policy := Policy{Account: ours, Deleted: DefaultDeleted, Contents: 90}
	ticket := w.ticket(ours, ana, "")
	old := w.chat(ours, ticket, ana)
	w.age("90 days")
	young := w.chat(ours, ticket, ana)
	w.round(policy)
	w.wantErased([]Target{old}, young)
	w.wantContents(2)
	w.age("90 days")
	w.hold(young, true)
	w.round(policy)
	w.wantErased([]Target{old}, young)
	w.hold(young, false)
	w.round(policy)
	w.wantErased([]Target{old, young})
	w.wantContents(0)
	if got := w.causes(); got != "map[retention:2]" {
		t.Errorf("erasures by cause: %s; want 2 of retention", got)
	}
}

// TestWalk: each account is walked from where it was left, however much that is, and
// whenever it has chosen to be.
func TestWalk(t *testing.T) {
	w := newWorld(t)
	accounts := []domain.AccountID{1, 2, 3}
	var comments [3][]Target
	write := func() {
		for i, account := range accounts {
			ticket := w.ticket(account, ana, "")
			for range 7 {
				comments[i] = append(comments[i], w.comment(account, ticket, ana, "text"))
			}
		}
	}
	cursor := func(account domain.AccountID) int {
		t.Helper()
		return w.count("SELECT coalesce(max(position), 0) FROM retention.cursors WHERE account_id = $1", account)
	}
	policy := func(account domain.AccountID, days int) Policy { return Policy{account, DefaultDeleted, days} }
	write()
	w.age("10 days")
	w.round(policy(1, 10))
	w.wantErased(comments[0], append(comments[1], comments[2]...)...)
	if got := cursor(1); got != 24 {
		t.Errorf("account 1 was walked to %d; want 24", got)
	}
	write()
	w.round(policy(1, 10), policy(2, 10), policy(3, 20))
	w.wantErased(append(comments[0][:7:7], comments[1][:7]...), append(comments[2], comments[1][7:]...)...)
	if a, b, c := cursor(1), cursor(2), cursor(3); a != 24 || b != 24 || c != 0 {
		t.Errorf("accounts were walked to %d, %d and %d; want 24, 24 and 0", a, b, c)
	}
	// What erased the first has become old, too, and is walked over.
	w.age("10 days")
	w.round(policy(1, 10), policy(2, 0), policy(3, 20))
	w.wantErased(append(comments[0], append(comments[1][:7:7], comments[2][:7]...)...), append(comments[1][7:], comments[2][7:]...)...)
	w.round(policy(1, 10), policy(2, 10), policy(3, 10))
	w.wantErased(append(comments[0], append(comments[1], comments[2]...)...))
	w.wantContents(0)
}

// TestLastOld finds the border between old and not, wherever it is.
func TestLastOld(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket(ours, ana, "")
	for range 19 {
		w.comment(ours, ticket, ana, "text")
	}
	for border := range 21 {
		if _, err := w.pool.Exec(t.Context(), `UPDATE log.events
			SET recorded_at = now() - CASE WHEN position <= $1 THEN interval '5 days' ELSE interval '4 days' END`, border); err != nil {
			t.Fatal(err)
		}
		for _, from := range []eventstore.Position{0, 7, 19, 20} {
			want := max(from, eventstore.Position(border))
			if got, err := w.worker.lastOld(t.Context(), from, 5); err != nil || got != want {
				t.Errorf("with the border at %d, lastOld(%d) = %d, %v; want %d", border, from, got, err, want)
			}
		}
	}
}

// TestHeldContents: retention passes a held ticket by, and comes back when the hold is
// lifted: to what is old by then, and no further.
func TestHeldContents(t *testing.T) {
	w := newWorld(t)
	policy := Policy{Account: ours, Deleted: DefaultDeleted, Contents: 10}
	c := w.comment(ours, w.ticket(ours, ana, "subject"), ana, "text")
	elsewhere := w.comment(ours, w.ticket(ours, ana, ""), ana, "text")
	w.hold(c, true)
	w.age("11 days")
	young := w.comment(ours, c.Ticket, ana, "young")
	w.round(policy)
	w.wantErased([]Target{elsewhere}, c, young)
	w.wantContents(3)
	w.round(policy)
	w.hold(c, false)
	// The account has changed its mind: what was passed by is not too old any more.
	w.round(Policy{Account: ours, Deleted: DefaultDeleted, Contents: 20})
	w.round(Policy{Account: ours, Deleted: DefaultDeleted, Contents: 0})
	// A hold laid anew keeps it, too.
	w.hold(c, true)
	w.round(policy)
	w.wantErased(nil, c, young)
	w.hold(c, false)
	w.round(policy)
	w.wantErased([]Target{c}, young)
	w.wantContents(1)
	if n := w.count("SELECT count(*) FROM retention.held"); n != 0 {
		t.Errorf("%d tickets are still to be come back to; want none", n)
	}
}
