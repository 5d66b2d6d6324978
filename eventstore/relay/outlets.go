package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
)

// A Watcher hands out the events of an account: feed.Watcher.
type Watcher interface {
	// Next returns the next events, at least one; it waits until there are any. It returns
	// ErrAhead if the log ends before what it has handed out.
	Next(context.Context) ([]eventstore.Recorded, error)
	// Passed returns the position up to which all events have been handed out.
	Passed() eventstore.Position
	Close()
}

// finder is what is asked of the log to find the place of an outlet.
type finder interface {
	Head(ctx context.Context) (eventstore.Head, error)
	FindEvents(ctx context.Context, account domain.AccountID, tickets []domain.TicketID, ids []domain.EventID) ([]eventstore.Recorded, error)
}

// outletTiming is how long outlets wait for things. Tests are in more of a hurry.
type outletTiming struct {
	tick  time.Duration // between two looks at which outlets there are
	idle  time.Duration // the same while there are none
	lease time.Duration // for which a process that was heard of is believed to fill them
	check time.Duration // between two looks at a stream
	ack   time.Duration // for an acknowledgement, before a stream is suspect
	note  time.Duration // between two notes of a place where little happens
}

// Outlets fills the outlets of a shard from the log. Any number of them may run: one has
// the lease, which saves work and guards nothing, as with relays.
type Outlets struct {
	log     finder
	store   *OutletStore
	watch   func(domain.AccountID, eventstore.Position) Watcher
	metrics *metrics.Metrics
	config  Config
	timing  outletTiming
	member  uuid.UUID

	line
	fillers map[outletKey]*filler
	states  atomic.Pointer[[]Status] // of the fillers, as they were at the last tick
}

// outletKey is what there is one outlet of.
type outletKey struct {
	account  domain.AccountID
	audience Audience
}

// NewOutlets returns what fills the outlets of store, on a connection of its own to the
// servers that nc is for. watch begins to follow an account after a position. It starts
// nothing.
func NewOutlets(log finder, store *OutletStore, watch func(domain.AccountID, eventstore.Position) Watcher, nc *nats.Conn, m *metrics.Metrics, config Config) *Outlets {
	config.setDefaults()
	o := &Outlets{
		log: log, store: store, watch: watch, metrics: m, config: config, member: uuid.New(), line: line{options: nc.Opts},
		timing:  outletTiming{tick: 2 * time.Second, idle: 5 * time.Second, lease: 15 * time.Second, check: time.Second, ack: 3 * time.Second, note: 30 * time.Second},
		fillers: make(map[outletKey]*filler),
	}
	o.options.Name += " outlets"
	return o
}

// Run fills until ctx ends, whatever happens to Postgres and NATS meanwhile, and returns
// nil.
func (o *Outlets) Run(ctx context.Context) error {
	defer o.hangUp()
	defer o.leave(ctx)
	for {
		some, err := o.tick(ctx)
		if err != nil && ctx.Err() == nil {
			slog.Warn("outlets", "error", err) // the next tick tries again
		}
		pause := o.timing.tick
		if err == nil && !some {
			pause = o.timing.idle
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// tick sees to it that exactly what this process is to fill is filled, and reports whether
// that is anything. What it cannot ask for goes on as it was: that others may have taken over
// does no harm.
func (o *Outlets) tick(ctx context.Context) (some bool, err error) {
	fresh, err := o.dial()
	if err != nil {
		return false, err
	}
	if fresh {
		o.stop(func(outletKey, *filler) bool { return true })
	}
	outlets, err := o.store.claim(ctx, o.member, o.timing.lease)
	if err != nil {
		return false, err
	}
	wanted := make(map[outletKey]*Outlet, len(outlets))
	for i := range outlets {
		wanted[outletKey{outlets[i].Account, outlets[i].Audience}] = &outlets[i]
	}
	o.stop(func(key outletKey, f *filler) bool { return wanted[key] == nil || !f.fills(wanted[key]) })
	var errs []error
	for key, outlet := range wanted {
		switch {
		case outlet.ClosedAt != nil:
			errs = append(errs, o.remove(ctx, outlet))
		case o.fillers[key] == nil:
			errs = append(errs, o.start(ctx, key, outlet))
		}
	}
	o.look()
	return len(outlets) > 0, errors.Join(errs...)
}

// start begins to fill an outlet.
func (o *Outlets) start(ctx context.Context, key outletKey, outlet *Outlet) error {
	slug, err := o.config.Slug(ctx, outlet.Account)
	if err != nil {
		return fmt.Errorf("slug of account %d: %w", outlet.Account, err)
	}
	f := newFiller(o, outlet, slug)
	o.fillers[key] = f
	ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(f.done)
		f.run(ctx)
	}()
	return nil
}

// stop ends what is filled and should not be.
func (o *Outlets) stop(which func(outletKey, *filler) bool) {
	var stopped []outletKey
	for key, f := range o.fillers {
		if which(key, f) {
			f.cancel()
			stopped = append(stopped, key)
		}
	}
	for _, key := range stopped {
		<-o.fillers[key].done
		delete(o.fillers, key)
	}
}

// remove deletes the stream of an outlet that is closed, and forgets the outlet.
func (o *Outlets) remove(ctx context.Context, outlet *Outlet) error {
	slug, err := o.config.Slug(ctx, outlet.Account)
	if err != nil {
		return err
	}
	if !o.nc.IsConnected() {
		return errDisconnected
	}
	bounded, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	err = o.js.DeleteStream(bounded, OutletStream(slug, outlet.Audience))
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("delete the stream of a closed outlet: %w", err)
	}
	return o.store.remove(ctx, outlet)
}

// leave stops everything and lets another process take over.
func (o *Outlets) leave(ctx context.Context) {
	o.stop(func(outletKey, *filler) bool { return true })
	o.look()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTimeout)
	defer cancel()
	if err := o.store.leave(ctx, o.member); err != nil {
		slog.Warn("outlets", "error", err) // the others wait until the lease has run out
	}
}

// look notes the states of all fillers.
func (o *Outlets) look() {
	count := make(map[State]float64, len(states))
	all := make([]Status, 0, len(o.fillers))
	for _, f := range o.fillers {
		s := *f.status.Load()
		count[s.State]++
		all = append(all, s)
	}
	for _, s := range states {
		o.metrics.Outlets.WithLabelValues(string(s)).Set(count[s])
	}
	o.states.Store(&all)
}

// Health returns nil unless an outlet that this process fills needs somebody's help.
func (o *Outlets) Health() error {
	all := o.states.Load()
	if all == nil {
		return nil
	}
	ill := slices.IndexFunc(*all, func(s Status) bool { return s.State != StateRelaying && s.State != StateStarting })
	if ill < 0 {
		return nil
	}
	return (*all)[ill].health()
}
