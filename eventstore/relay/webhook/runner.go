package webhook

import (
	"context"
	_ "embed"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay"
)

//go:embed sql/load.sql
var loadSQL string

// endpoint is an Endpoint as it is delivered to.
type endpoint struct {
	stored
	account    domain.AccountID
	slug       string // of the account
	generation int32
	secrets    sealed
	position   eventstore.Position // everything up to here is settled
	tries      int                 // of the next event that have failed, if strict
	late       int                 // events that are late and not given up
	rest       time.Time           // until when nothing but tests is to be sent
}

// runner delivers to one endpoint for as long as it is held.
type runner struct {
	*Dispatcher
	e       *endpoint
	due     <-chan struct{} // something late is due
	told    bool            // likewise
	watcher relay.Watcher
	pending []eventstore.Recorded // that the endpoint wants, after position
	passed  eventstore.Position   // what the endpoint wants of the events up to here is in pending
	noted   int                   // attempts since old ones were removed
}

const (
	// batch is how many events are dealt with between two notes of it.
	batch = 32
	// strictBatch is for how long a strict endpoint is sent event after event before that
	// is noted. What was not noted is sent again by whoever takes over.
	strictBatch = 200 * time.Millisecond
	// maxLate is how many events of an endpoint can be late. One with more is not at odds
	// with some events: it is down, and its cursor waits.
	maxLate = 1000
	// idle is after how long without an event the cursor is brought forward, so that
	// whoever takes over later does not read what concerns others, and stride by how much
	// at least.
	idle   = 30 * time.Second
	stride = 1000
	// breath is how long is waited after the database could not be asked.
	breath = time.Second
)

// deliver works until ctx ends or the endpoint is not held any more.
func (d *Dispatcher) deliver(ctx context.Context, id ID, due <-chan struct{}) error {
	e, err := d.load(ctx, id)
	if err != nil {
		return err
	}
	r := &runner{Dispatcher: d, e: e, due: due, watcher: d.watch(e.account, e.position), passed: e.position}
	defer r.watcher.Close()
	for ctx.Err() == nil {
		work, err := r.next(ctx)
		if err == nil && len(work) > 0 {
			work, err = r.attemptAll(ctx, work)
			err = errors.Join(r.settle(ctx, work), err)
		}
		switch {
		case errors.Is(err, errNotHeld), ctx.Err() != nil:
			return nil
		case errors.Is(err, eventstore.ErrUnavailable):
			pause(ctx, breath)
		case err != nil:
			return err
		}
	}
	return nil
}

// load reads an endpoint that this process holds.
func (d *Dispatcher) load(ctx context.Context, id ID) (*endpoint, error) {
	rows, err := d.pool.Query(ctx, loadSQL, uuid.UUID(id), d.member)
	if err != nil {
		return nil, unavailable("load", err)
	}
	e, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (*endpoint, error) {
		var e endpoint
		var ticket *uuid.UUID
		var rest float64
		err := row.Scan((*uuid.UUID)(&e.ID), &ticket, &e.Types, &e.Internal, &e.Text, &e.Strict, &e.sealed,
			&e.account, &e.generation, &e.position, &e.tries, &rest, &e.late)
		e.stored.settle(ticket, nil)
		e.rest = time.Now().Add(time.Duration(rest * float64(time.Second)))
		return &e, err
	})
	if err != nil {
		return nil, unavailable("load", err)
	}
	if e.secrets, err = d.store.reveal(e.account, &e.stored); err != nil {
		return nil, err
	}
	e.slug, err = d.sources.Slug(ctx, e.account) // which never changes
	return e, err
}

// next returns what is to be sent next: what is late and due, or else what is new. It
// returns nothing if it is to be called again.
func (r *runner) next(ctx context.Context) ([]attempt, error) {
	if r.isDue() {
		if late, err := r.lateOnes(ctx); err != nil || len(late) > 0 {
			return late, err
		}
	}
	if rest := time.Until(r.e.rest); rest > 0 {
		resting, stop := context.WithTimeout(ctx, rest)
		defer stop()
		r.listen(resting)
		return nil, nil
	}
	if r.e.late >= maxLate {
		r.listen(ctx)
		return nil, nil
	}
	if len(r.pending) == 0 {
		if err := r.fill(ctx); err != nil || len(r.pending) == 0 {
			return nil, err
		}
	}
	work := make([]attempt, 0, batch)
	for i := range r.pending[:min(batch, len(r.pending))] {
		event := &r.pending[i]
		work = append(work, attempt{event: event, position: event.Position, id: event.ID, kind: event.Type, fresh: true})
	}
	if r.e.Strict {
		work[0].tries = r.e.tries
	}
	return work, nil
}

// isDue reports whether there is a word, since the last call, of something late being due.
func (r *runner) isDue() bool {
	select {
	case <-r.due:
		r.told = true
	default:
	}
	told := r.told
	r.told = false
	return told
}

// listen waits until something late is due, or ctx ends.
func (r *runner) listen(ctx context.Context) {
	select {
	case <-r.due:
		r.told = true
	case <-ctx.Done():
	}
}

// fill waits for events that the endpoint wants, and brings the cursor forward while there
// are none. It ends early if something late is due.
func (r *runner) fill(ctx context.Context) error {
	waiting, stop := context.WithTimeout(ctx, idle)
	defer stop()
	var listening sync.WaitGroup
	listening.Go(func() {
		r.listen(waiting)
		stop()
	})
	events, err := r.watcher.Next(waiting)
	stop()
	listening.Wait()
	switch {
	case err == nil:
		r.passed = events[len(events)-1].Position
	case waiting.Err() != nil && errors.Is(err, waiting.Err()):
		r.passed = max(r.passed, r.watcher.Passed())
	default:
		return err
	}
	for i := range events {
		if r.e.wants(&events[i]) {
			r.pending = append(r.pending, events[i])
		}
	}
	if len(r.pending) == 0 && r.passed >= r.e.position+stride {
		return r.settle(ctx, nil)
	}
	return nil
}
