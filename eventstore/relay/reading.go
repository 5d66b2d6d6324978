package relay

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/commentd/commentd/eventstore"
)

// How long a Run waits for things.
const (
	// An event that somebody has just told of is missed after:
	missedSoon = 100 * time.Millisecond
	// Events that nobody told of are looked for after a silence of the first, at
	// last of the second length.
	missedLate = 250 * time.Millisecond
	missedLast = 10 * time.Second
	// An event may be in the log an instant before it is in the stream.
	grace = 25 * time.Millisecond
	// After it has failed, the stream is tried again after the first, at last the
	// second pause.
	firstRetry = 100 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// reading is the state of a Run.
type reading struct {
	*Feed
	deliver func(context.Context, []eventstore.Recorded) error
	refusal error // of deliver
	pokes   <-chan struct{}
	helpers sync.WaitGroup

	at    eventstore.Position // of the last event delivered
	epoch int32               // of that event; 0: there was none yet

	sub       *subscription      // nil while the log alone is read
	attached  chan *subscription // what became of an attempt; nil: nothing
	attaching bool
	retry     time.Duration // before the stream is tried again

	// When, and how long after the last time, the log is looked at.
	lookAt time.Time
	pause  time.Duration
	behind bool // at the last look the log had more than had been delivered
}

// errStream: the stream is not to be relied on at the moment.
var errStream = errors.New("the stream does not give what the log has")

// run begins with the log alone. When that is at its end it turns to the stream, and
// back whenever the stream fails.
func (r *reading) run(ctx context.Context) error {
	connected := r.nc.StatusChanged(nats.CONNECTED)
	defer r.nc.RemoveStatusListener(connected)
	look, attach := time.NewTimer(0), time.NewTimer(time.Hour)
	defer look.Stop()
	defer attach.Stop()
	r.pause = minPause
	first := true
	for {
		appended := r.log.Appended()
		var err error
		select {
		case i := <-r.sub.received():
			err = r.take(ctx, i)
		case <-r.sub.broken():
			err = errStream
		case <-appended:
			r.hurry()
		case <-r.pokes:
			r.hurry()
		case <-look.C:
			if err = r.look(ctx); err == nil && first {
				first = false
				r.attach(ctx)
			}
		case <-attach.C:
			r.attach(ctx)
		case <-connected:
			if !first {
				r.attach(ctx)
			}
		case sub := <-r.attached:
			r.attaching = false
			if sub == nil {
				err = errStream
				break
			}
			r.sub = sub
			r.rest(missedLate)
		case <-ctx.Done():
			return nil
		}
		switch {
		case r.refusal != nil:
			return r.refusal
		case errors.Is(err, ErrAhead):
			return err
		case errors.Is(err, errStream):
			r.detach()
			attach.Reset(r.retry)
			r.retry = min(2*r.retry, lastRetry)
			r.rest(minPause)
		case err != nil: // the log does not answer
			r.logger.Debug("feed", "error", err)
			r.rest(min(2*r.pause, maxPause))
		}
		look.Reset(time.Until(r.lookAt))
	}
}

// rest puts the next look at the log off.
func (r *reading) rest(pause time.Duration) {
	r.pause = pause
	r.lookAt = time.Now().Add(pause)
}

// hurry is for when the log has grown. The stream is given a moment to bring it.
func (r *reading) hurry() {
	soon := time.Now()
	if r.sub != nil {
		soon = soon.Add(missedSoon)
	}
	if soon.Before(r.lookAt) {
		r.lookAt = soon
	}
}

// look asks the log whether it has more than was delivered, and delivers that.
func (r *reading) look(ctx context.Context) error {
	head, err := r.log.Head(ctx)
	switch {
	case err != nil:
		return err
	case head.Position < r.at:
		return ErrAhead
	case head.Position == r.at:
		r.behind = false
		r.rest(min(2*r.pause, r.longest()))
		return nil
	case r.sub != nil && !r.behind:
		r.behind = true
		r.rest(grace)
		return nil
	}
	if err := r.heal(ctx, head.Position); err != nil {
		return err
	}
	if r.sub != nil {
		return errStream
	}
	r.rest(minPause)
	return nil
}

// longest is for how long at most the log is not looked at.
func (r *reading) longest() time.Duration {
	if r.sub != nil {
		return missedLast
	}
	return maxPause
}

// take delivers what came from the stream: i and whatever else is there.
func (r *reading) take(ctx context.Context, i item) error {
	r.behind = false
	var batch []eventstore.Recorded
	for more := true; more; {
		next := r.at + eventstore.Position(len(batch)) + 1
		switch {
		case i.position < next: // once more
		case i.position == next && i.ok && i.event.Epoch == r.epoch:
			batch = append(batch, i.event)
		default:
			// A hole, no event, or one of another epoch than the last: the log says
			// what belongs here.
			if err := r.hand(ctx, batch); err != nil {
				return err
			}
			batch = nil
			if err := r.heal(ctx, i.position); err != nil {
				return err
			}
			if r.at < i.position {
				return errStream
			}
		}
		if more = len(batch) < pageSize; more {
			select {
			case i = <-r.sub.received():
			default:
				more = false
			}
		}
	}
	if len(batch) > 0 {
		r.retry = firstRetry
	}
	r.rest(missedLate)
	return r.hand(ctx, batch)
}

// hand delivers a batch.
func (r *reading) hand(ctx context.Context, batch []eventstore.Recorded) error {
	if len(batch) == 0 {
		return nil
	}
	if r.refusal = r.deliver(ctx, batch); r.refusal != nil {
		return r.refusal
	}
	last := batch[len(batch)-1]
	r.at, r.epoch = last.Position, last.Epoch
	return nil
}

// page is what the log has answered.
type page struct {
	events []eventstore.Recorded
	err    error
}

// fetch reads the events after a position, while the caller does something else.
func (r *reading) fetch(ctx context.Context, after eventstore.Position) <-chan page {
	answer := make(chan page, 1)
	r.helpers.Go(func() {
		events, err := r.log.ReadAll(ctx, after, pageSize)
		answer <- page{events, err}
	})
	return answer
}

// heal delivers from the log until it has delivered up to a position or the log ends.
func (r *reading) heal(ctx context.Context, to eventstore.Position) error {
	answer := r.fetch(ctx, r.at)
	for {
		p := <-answer
		if p.err != nil {
			return p.err
		}
		end := len(p.events) < pageSize
		if !end {
			last := p.events[pageSize-1].Position
			if end = last >= to; !end {
				answer = r.fetch(ctx, last)
			}
		}
		if err := r.hand(ctx, p.events); err != nil || end {
			return err
		}
	}
}
