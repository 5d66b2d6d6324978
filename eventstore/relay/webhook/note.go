package webhook

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/settle.sql
	settleSQL string
	//go:embed sql/note.sql
	noteSQL string
	//go:embed sql/put_off.sql
	putOffSQL string
	//go:embed sql/done.sql
	doneSQL string
	//go:embed sql/prune.sql
	pruneSQL string
)

// note writes a settlement, all of it or nothing, unless the endpoint is not held any
// more. It returns why the endpoint is off from here on, nil if it is not. It is done
// even if ctx has ended: what was sent was sent.
func (r *runner) note(ctx context.Context, s *settlement) (off *string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease/2)
	defer cancel()
	release, err := r.admit(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	err = r.store.transact(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, settleSQL, uuid.UUID(r.e.ID), r.member, r.e.generation, s.position, s.tries, s.rest.Seconds(),
			s.succeeded, s.failed, s.gone, patience.Seconds()).Scan(&off)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return errNotHeld
		case err != nil:
			return unavailable("settle", err)
		case len(s.tried)+len(s.off)+len(s.done) == 0:
			return nil
		}
		return unavailable("settle", tx.SendBatch(ctx, r.notes(s)).Close())
	})
	return off, err
}

// admit waits until few enough endpoints use Postgres, and returns what is to be called
// afterwards.
func (d *Dispatcher) admit(ctx context.Context) (release func(), err error) {
	select {
	case d.writes <- struct{}{}:
		return func() { <-d.writes }, nil
	case <-ctx.Done():
		return nil, unavailable("wait", ctx.Err())
	}
}

// notes are the statements about single events.
func (r *runner) notes(s *settlement) *pgx.Batch {
	id := uuid.UUID(r.e.ID)
	var b pgx.Batch
	if n := len(s.tried); n > 0 {
		at, positions, tries := make([]time.Time, n), make([]eventstore.Position, n), make([]int, n)
		took, status := make([]*int32, n), make([]*int16, n)
		events, kinds, outcomes := make([]uuid.UUID, n), make([]string, n), make([]string, n)
		for i, a := range s.tried {
			at[i], positions[i], tries[i] = a.at, a.position, a.tries+1
			events[i], kinds[i], outcomes[i] = uuid.UUID(a.id), a.kind, string(a.outcome)
			if a.status > 0 {
				ms, code := int32(a.took.Milliseconds()), int16(a.status)
				took[i], status[i] = &ms, &code
			}
		}
		b.Queue(noteSQL, id, at, positions, tries, took, status, events, kinds, outcomes)
	}
	if r.noted += len(s.tried); r.noted > pruneEvery {
		r.noted = 0
		b.Queue(pruneSQL, id, maxAttempts)
	}
	if len(s.off) > 0 {
		var waits []*float64
		var positions []eventstore.Position
		var tries []int
		var events []uuid.UUID
		for _, o := range s.off {
			waits, positions = append(waits, o.wait), append(positions, o.position)
			tries, events = append(tries, o.tries+1), append(events, uuid.UUID(o.id))
		}
		b.Queue(putOffSQL, id, waits, positions, tries, events)
	}
	if len(s.done) > 0 {
		b.Queue(doneSQL, id, s.done)
	}
	return &b
}
