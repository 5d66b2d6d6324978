package threads_test

import (
	"errors"
	"testing"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// A comment is found by its id and by its number, whether the projector has come to it or
// not, by those who may see it and by nobody else.
func TestLocate(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	stranger := newWorld(t, l).customer
	find := func(id domain.CommentID, viewer domain.Actor, account domain.AccountID, found bool) {
		t.Helper()
		c := logtest.Fold(t, l.Pool, 1, w.ticket)
		want := threads.Location{Ticket: w.ticket, TicketNumber: c.Number, Comment: id, Number: c.Comments[id.String()].Number}
		var wantErr error
		if !found {
			wantErr = domain.ErrNotFound
		}
		got, err := w.reader.Locate(t.Context(), account, viewer, id)
		if !errors.Is(err, wantErr) || found && got != want {
			t.Errorf("Locate = %+v, %v; want %+v, %v", got, err, want, wantErr)
		}
		got, err = w.reader.LocateByNumber(t.Context(), account, viewer, want.Number)
		if !errors.Is(err, wantErr) || found && got != want {
			t.Errorf("LocateByNumber(%d) = %+v, %v; want %+v, %v", want.Number, got, err, want, wantErr)
		}
	}
	public := w.create(logtest.Agent.Actor.Own(), true, "public")
	note := w.create(logtest.Agent.Actor.Own(), false, "note")
	gone := w.create(logtest.Agent.Actor.Own(), true, "gone")
	check := func() {
		t.Helper()
		find(public, logtest.Agent.Actor, 1, true)
		find(public, w.customer, 1, true)
		find(public, stranger, 1, false)
		find(public, domain.Actor{}, 1, false)
		find(public, logtest.Agent.Actor, 2, false)
		find(note, logtest.Agent.Actor, 1, true)
		find(note, w.customer, 1, false)
	}
	check()
	w.remove(gone)
	find(gone, logtest.Agent.Actor, 1, false)
	w.apply(100)
	// As the projector would leave it.
	l.Exec(`INSERT INTO projections.checkpoints (projection, shard, partition, position)
		SELECT 'threads', 0, p, partition_positions[p + 1] FROM log.heads, generate_series(0, 63) p`)
	head, err := l.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if at, err := projections.AppliedTo(t.Context(), l.Pool, threads.Name, 0); err != nil || at != head.Position {
		t.Errorf("AppliedTo = %d, %v; want %d", at, err, head.Position)
	}
	check()
	note = w.create(logtest.Agent.Actor.Own(), false, "behind the projector")
	check()
	if at, err := projections.AppliedTo(t.Context(), l.Pool, threads.Name, 0); err != nil || at > head.Position {
		t.Errorf("AppliedTo = %d, %v; want %d at most", at, err, head.Position)
	}
}
