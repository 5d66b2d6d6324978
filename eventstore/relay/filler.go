package relay

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
)

// filler carries what an outlet tells of from the log into its stream.
type filler struct {
	*Outlets
	target
	nc      *nats.Conn // those of Outlets may become others
	js      jetstream.JetStream
	outlet  *Outlet
	prefix  string // of the subjects
	logger  *slog.Logger
	status  atomic.Pointer[Status]
	cancel  context.CancelFunc
	done    chan struct{} // closed at the end
	epoch   int32         // of the log when the stream was inspected
	created time.Time     // the stream that was inspected
	failed  int           // attempts, since the stream last had everything: of two fillers one gets through
	refused int           // those at the end at which the stream was not as expected

	at    place // everything up to here is in the stream
	ahead []portion
	noted mark
	since time.Time // noted was written
}

// portion is what was read of the log and is on its way.
type portion struct {
	place
	events []eventstore.Recorded
	last   time.Time // the last event was recorded
}

func newFiller(o *Outlets, outlet *Outlet, slug string) *filler {
	f := &filler{
		Outlets: o, nc: o.nc, js: o.js, outlet: outlet, prefix: OutletPrefix(slug, outlet.Audience), done: make(chan struct{}),
		target: target{
			stream: OutletStream(slug, outlet.Audience), window: o.config.Window, single: true,
			encoder: newEncoder(outlet.Audience.form(), o.config.BaseURL, o.config.Slug),
		},
		noted: outlet.mark, since: time.Now(),
	}
	f.logger = slog.With("stream", f.target.stream)
	f.target.taken = f.taken
	f.status.Store(&Status{State: StateStarting, Since: time.Now()})
	return f
}

// fills reports whether this is what has to be done for an outlet.
func (f *filler) fills(o *Outlet) bool {
	return f.outlet.id == o.id && o.ClosedAt == nil && slices.Equal(f.outlet.Readers, o.Readers)
}

// run fills until ctx ends.
func (f *filler) run(ctx context.Context) {
	for {
		err := f.work(ctx)
		if ctx.Err() != nil {
			return
		}
		timer := time.NewTimer(f.explain(ctx, err))
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// work fills until something is not as it should be.
func (f *filler) work(ctx context.Context) error {
	if !f.nc.IsConnected() {
		return errDisconnected
	}
	if err := f.inspect(ctx); err != nil {
		return err
	}
	f.encoder.forget()
	lost := f.nc.StatusChanged(nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED)
	defer f.nc.RemoveStatusListener(lost)
	if !f.nc.IsConnected() {
		return errDisconnected
	}
	flight, err := f.takeOff(f.nc, f.timing.ack, f.at.sequence)
	if err != nil {
		return err
	}
	defer flight.land()
	from := f.at.position
	ctx, stop := context.WithCancelCause(ctx)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer stop(nil)
	pages := make(chan portion)
	helpers.Go(func() { stop(f.read(ctx, from, pages)) })
	helpers.Go(func() { stopWhenLost(ctx, lost, stop) })
	return f.carry(ctx, flight, pages)
}

// carry publishes what was read until something is not as it should be.
func (f *filler) carry(ctx context.Context, flight *flight, pages <-chan portion) error {
	check := time.NewTicker(f.timing.check)
	defer check.Stop()
	for {
		var err error
		select {
		case page := <-pages:
			err = f.publish(ctx, flight, page)
		case msg := <-flight.acks:
			err = flight.take(msg)
		case <-check.C:
			err = f.check(ctx, flight)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		f.arrived(flight)
		if err != nil {
			return err
		}
	}
}

// publish sends what the audience is told of a page.
func (f *filler) publish(ctx context.Context, flight *flight, page portion) error {
	for i := range page.events {
		if page.events[i].Epoch > f.epoch {
			return errHistory // the log was set back, and the stream may hold what never happened
		}
	}
	if err := flight.publish(ctx, page.events); err != nil {
		return err
	}
	page.sequence, page.events = flight.sent, nil
	f.ahead = append(f.ahead, page)
	return nil
}

// arrived moves the place to the end of the last page of which all is in the stream.
func (f *filler) arrived(flight *flight) {
	for len(f.ahead) > 0 && f.ahead[0].sequence <= flight.acked {
		page := f.ahead[0]
		f.at, f.ahead = page.place, f.ahead[1:]
		if !page.last.IsZero() {
			f.metrics.OutletDelay.Observe(time.Since(page.last).Seconds())
		}
	}
	if flight.sent == flight.acked {
		f.relaying()
	}
}

// read hands out what the log has after a position, page by page, until ctx ends. Where
// nothing is to be told for a while it says how far it has come all the same.
func (f *filler) read(ctx context.Context, after eventstore.Position, pages chan<- portion) error {
	w := f.watch(f.outlet.Account, after)
	defer w.Close()
	for ctx.Err() == nil {
		waiting, stop := context.WithTimeout(ctx, f.timing.note)
		events, err := w.Next(waiting)
		stop()
		var page portion
		switch {
		case err == nil:
			// Also what is not told says that the log was set back.
			if events[len(events)-1].Epoch > f.epoch {
				return errHistory
			}
			page.position = events[len(events)-1].Position
			if page.events = f.outlet.Audience.of(events); len(page.events) > 0 {
				page.last = page.events[len(page.events)-1].RecordedAt
			}
		case waiting.Err() != nil && errors.Is(err, waiting.Err()):
			page.position = w.Passed()
		default:
			return err
		}
		select {
		case pages <- page:
		case <-ctx.Done():
		}
	}
	return nil
}

// taken notes that the stream has taken n more messages.
func (f *filler) taken(_ uint64, n int) { f.metrics.OutletPublished.Add(float64(n)) }

func (f *filler) relaying() {
	f.failed, f.refused = 0, 0
	f.enter(StateRelaying, "")
}

// explain enters the state that err stands for, and returns for how long to wait before
// the next attempt.
func (f *filler) explain(ctx context.Context, err error) time.Duration {
	f.failed++
	wait := pauseAfter(f.failed)
	switch {
	case errors.Is(err, errNotNext), errors.Is(err, errChanged), errors.Is(err, errHistory):
		if f.refused++; f.refused < manyRefusals {
			return wait
		}
		err = inTrouble(StateRefused, "%v, again and again", err)
	case errors.Is(err, errOverdue):
		err = diagnose(ctx, f.nc, f.js, f.target.stream)
	}
	t := asTrouble(err)
	f.enter(t.state, t.reason)
	if t.state == StateWaitingForNATS {
		f.refused = 0
	}
	return wait
}

// enter notes the state and says so where that is news.
func (f *filler) enter(state State, reason string) {
	now := f.status.Load().next(state, reason)
	if now == nil {
		return
	}
	was := f.status.Swap(now)
	if was.State != state {
		state.tell(f.logger, "outlet", reason)
	}
}
