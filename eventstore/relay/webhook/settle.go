package webhook

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
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

// errNotHeld: the endpoint is somebody else's, was changed, or is off.
var errNotHeld = errors.New("the webhook is not held any more")

// settlement is what attempts have led to.
type settlement struct {
	position  eventstore.Position
	tries     int           // of the next event, if strict
	rest      time.Duration // for which nothing but tests is to be sent
	succeeded bool
	failed    bool
	gone      bool
	tried     []*attempt
	off       []putOff
	done      []uuid.UUID // that are late no more
	consumed  int         // of pending
	late      int         // by how much there are more
}

// putOff is an event that is to be tried later.
type putOff struct {
	*attempt
	wait *float64 // in seconds; nil: it is given up
}

// settle notes what attempts have led to; of those that it is not told of nothing is known.
// If the database cannot be asked it tries again. The error is errNotHeld if that is not
// for this process to say any more.
func (r *runner) settle(ctx context.Context, attempts []attempt) error {
	s := r.sum(attempts)
	for {
		off, err := r.note(ctx, &s)
		switch {
		case errors.Is(err, eventstore.ErrUnavailable) && ctx.Err() == nil:
			pause(ctx, breath)
			continue
		case err != nil:
			return err
		case off != nil:
			slog.Warn("webhook is off", "endpoint", r.e.ID, "because", *off)
			r.metrics.WebhooksOff.WithLabelValues(*off).Inc()
			return errNotHeld
		}
		r.e.position, r.e.tries, r.e.rest = s.position, s.tries, time.Now().Add(s.rest)
		r.e.late += s.late
		r.pending = r.pending[s.consumed:]
		return nil
	}
}

// sum says what attempts lead to.
func (r *runner) sum(attempts []attempt) settlement {
	s := settlement{position: r.e.position, tries: r.e.tries, rest: max(time.Until(r.e.rest), 0)}
	for i := range attempts {
		a := &attempts[i]
		if a.told {
			s.tried = append(s.tried, a)
			s.gone = s.gone || a.status == http.StatusGone
			switch {
			case a.event == nil && a.outcome == Delivered:
				s.rest = 0 // whatever was wrong is mended
			case a.outcome == Delivered:
				s.succeeded = true
			case a.event != nil:
				s.failed = true
			}
			if a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable {
				s.rest = max(s.rest, a.retryAfter)
			}
		}
		r.place(&s, a)
	}
	if s.consumed == len(r.pending) {
		s.position = r.passed
	}
	return s
}

// place decides where an attempt leaves its event.
func (r *runner) place(s *settlement, a *attempt) {
	switch {
	case a.fresh && !a.settled() && r.e.Strict:
		s.tries = a.tries + 1
		pause, _ := wait(r.config.Schedule, s.tries, true)
		s.rest = max(s.rest, pause, a.retryAfter)
		return
	case a.fresh:
		s.consumed++
		s.position, s.tries = a.position, 0
	}
	switch {
	case a.settled() || a.event == nil:
		if !a.fresh {
			s.done = append(s.done, uuid.UUID(a.id))
		}
		if !a.fresh && a.event != nil {
			s.late--
		}
	default:
		later := putOff{attempt: a}
		if pause, again := wait(r.config.Schedule, a.tries+1, false); again {
			seconds := max(pause, a.retryAfter).Seconds()
			later.wait = &seconds
		}
		s.off = append(s.off, later)
		if a.fresh {
			s.late++
		}
		if later.wait == nil {
			s.late--
		}
	}
}

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
