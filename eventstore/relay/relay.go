package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
)

// logReader is all that is asked of the log.
type logReader interface {
	Head(ctx context.Context) (eventstore.Head, error)
	ReadAll(ctx context.Context, after eventstore.Position, limit int) ([]eventstore.Recorded, error)
	Appended() <-chan struct{}
}

// Config is what a Relay, or Outlets, may be told. Only Slug is required.
type Config struct {
	Shard    int16         // of the log; default 0
	Slug     Slug          // gives an account's name
	BaseURL  string        // of the API, where the texts of events can be read
	Replicas int           // of the stream; default 1
	MaxAge   time.Duration // for which the stream keeps an event; default 30 days
	Window   int           // messages sent before the first of them is acknowledged; default 512
	// RestartNATS, if set, restarts the NATS server of this process: the one remedy
	// for a stream that takes nothing more after its disk has failed it once.
	RestartNATS func(context.Context) error
}

func (c *Config) setDefaults() {
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.MaxAge == 0 {
		c.MaxAge = 30 * 24 * time.Hour
	}
	if c.Window == 0 {
		c.Window = 512
	}
}

// timing is how long a relay waits for things. Tests are in more of a hurry.
type timing struct {
	check   time.Duration // between two looks at stream and log
	ack     time.Duration // for an acknowledgement, before the stream is suspect
	standby time.Duration // between two tries for the lease
	stall   time.Duration // without progress, before the lease is disregarded
	restart time.Duration // between two restarts of the server
}

// Relay carries the log of a shard into its stream.
type Relay struct {
	log     logReader
	metrics *metrics.Metrics
	config  Config
	timing  timing
	logger  *slog.Logger

	status atomic.Pointer[Status]
	high   atomic.Int64             // position up to which the stream is known to have the log
	head   atomic.Pointer[sighting] // of the log, at the last look

	// For the goroutine of Run, and those that it waits for.
	line
	target
	pokes       <-chan struct{}
	lease       lease
	seen        seen
	shortOfPeer bool // the server cannot give the stream as many replicas as it should have
	failures    int  // since the stream has last taken a message
	refusals    int  // of them those at the end at which the stream was not as expected
	sick        int  // times in a row that the stream was found sick
	restarted   time.Time
	watched     watched
}

// New returns a relay from log to the servers that nc is for. It has connections of
// its own, to them with the options of nc, and to the database of pool for its lease.
// It starts nothing.
func New(log logReader, pool *pgxpool.Pool, nc *nats.Conn, m *metrics.Metrics, config Config) *Relay {
	config.setDefaults()
	r := &Relay{
		log: log, metrics: m, config: config,
		timing: timing{check: time.Second, ack: 3 * time.Second, standby: 2 * time.Second, stall: 5 * time.Second, restart: time.Minute},
		logger: slog.With("shard", config.Shard),
		line:   line{options: nc.Opts},
		lease:  lease{config: pool.Config().ConnConfig, shard: config.Shard},

		target: target{stream: StreamName(config.Shard), window: config.Window, encoder: newEncoder(logForm(config.Shard), config.BaseURL, config.Slug)},
	}
	r.target.taken = r.taken
	r.options.Name += " relay"
	r.status.Store(&Status{State: StateStarting, Since: time.Now()})
	for _, s := range states {
		m.RelayState.WithLabelValues(string(s)).Set(0)
	}
	m.RelayState.WithLabelValues(string(StateStarting)).Set(1)
	return r
}

// Run relays until ctx ends, whatever happens to Postgres and NATS meanwhile, and
// returns nil.
func (r *Relay) Run(ctx context.Context) error {
	defer r.hangUp()
	defer func() { r.lease.release(ctx) }()
	for {
		err := r.work(ctx)
		if ctx.Err() != nil {
			return nil
		}
		timer := time.NewTimer(r.explain(ctx, err))
		select {
		case <-timer.C:
		case <-r.connected:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// work relays until something is not as it should be.
func (r *Relay) work(ctx context.Context) error {
	if err := r.connect(); err != nil {
		return err
	}
	if !r.nc.IsConnected() {
		return errDisconnected
	}
	if !r.mayWork(ctx) {
		return &trouble{StateStandby, "another relay has the lease"}
	}
	at, err := r.inspect(ctx)
	if err != nil {
		return err
	}
	return r.carry(ctx, at)
}

// connect makes the connection, unless there is one, and listens for pokes on it.
func (r *Relay) connect() error {
	fresh, err := r.dial()
	if err == nil && fresh {
		r.pokes, _, err = hearPokes(r.nc, r.config.Shard) // the subscription ends with the connection
	}
	return err
}

var (
	errDisconnected = errors.New("not connected")
	// errChanged: the stream is not the one, or not as, it was inspected.
	errChanged = errors.New("the stream was changed")
)

// stopWhenLost waits for the end of ctx, or brings it about when the connection is lost.
func stopWhenLost(ctx context.Context, lost <-chan nats.Status, stop context.CancelCauseFunc) {
	select {
	case <-lost:
		stop(errDisconnected)
	case <-ctx.Done():
	}
}

// carry publishes what follows from until something is not as it should be.
func (r *Relay) carry(ctx context.Context, from cursor) error {
	f, err := r.takeOff(r.nc, r.timing.ack, uint64(from.position))
	if err != nil {
		return err
	}
	defer f.land()
	r.encoder.forget()
	lost := r.nc.StatusChanged(nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED)
	defer r.nc.RemoveStatusListener(lost)
	if !r.nc.IsConnected() {
		return errDisconnected
	}
	ctx, stop := context.WithCancelCause(ctx)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer stop(nil)
	pages := make(chan []eventstore.Recorded)
	helpers.Go(func() { stop(r.read(ctx, from, pages)) })
	helpers.Go(func() { stopWhenLost(ctx, lost, stop) })
	check := time.NewTicker(r.timing.check)
	defer check.Stop()
	for {
		select {
		case page := <-pages:
			if len(page) == 0 && f.sent == f.acked {
				r.relaying()
			}
			r.slow = r.slow && len(page) > 0 // the next backlog finds out anew
			err = f.publish(ctx, page)
		case msg := <-f.acks:
			err = f.take(msg)
		case <-check.C:
			err = r.check(ctx, f)
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// check makes sure that the stream is still there, as it should be, and holds what it
// has acknowledged.
func (r *Relay) check(ctx context.Context, f *flight) error {
	if err := f.overdue(); err != nil {
		return err
	}
	acked := f.acked
	bounded, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	s, err := r.js.Stream(bounded, f.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return errChanged
	}
	if err != nil {
		return fmt.Errorf("ask for the stream: %w", err)
	}
	info := s.CachedInfo()
	if last := info.State.LastSeq; last < acked || last > f.sent {
		return errNotNext
	}
	config := r.wanted(info.Config)
	if r.shortOfPeer {
		config.Replicas = info.Config.Replicas
	}
	if !reflect.DeepEqual(config, info.Config) {
		return errChanged
	}
	now := seenOf(info)
	if now.first != r.seen.first && now.first > 1 {
		// As a rule its oldest messages have expired.
		e, err := r.logged(ctx, eventstore.Position(now.first-1))
		if err != nil {
			return err
		}
		if young(e, r.config.MaxAge, time.Now()) {
			return errChanged
		}
	}
	r.seen.first = now.first
	if now != r.seen {
		return errChanged
	}
	r.measure(ctx, eventstore.Position(acked))
	return nil
}

// relaying notes that all is well.
func (r *Relay) relaying() {
	r.failures, r.refusals, r.sick = 0, 0, 0
	r.enter(StateRelaying, "")
}

// taken notes that the stream has taken n more messages, up to a position.
func (r *Relay) taken(at uint64, n int) {
	r.high.Store(int64(at))
	r.metrics.RelayPublished.Add(float64(n))
	r.relaying()
}

// measure says how far the stream is behind the log.
func (r *Relay) measure(ctx context.Context, high eventstore.Position) {
	head := r.head.Load()
	if head == nil || time.Since(head.at) > idlePause+idlePause/2 {
		now, err := r.log.Head(ctx)
		if err != nil {
			return // said elsewhere
		}
		head = &sighting{now, time.Now()}
		r.head.Store(head)
	}
	lag := max(0, head.Position-high)
	var age time.Duration
	if lag > 0 {
		e, err := r.logged(ctx, high+1)
		if err != nil {
			return
		}
		age = max(0, time.Since(e.RecordedAt))
	}
	r.metrics.RelayLag.Set(float64(lag))
	r.metrics.RelayLagSeconds.Set(age.Seconds())
}

// manyRefusals in a row are no longer one relay getting in another's way.
const manyRefusals = 10

// pauseAfter is how long to wait after so many failures in a row. Two that are after the
// same stream must not keep getting in each other's way.
func pauseAfter(failures int) time.Duration {
	wait := min(10*time.Millisecond<<min(failures, 7), time.Second)
	return wait/2 + rand.N(wait/2)
}

// explain enters the state that err stands for, tries what may help, and returns for
// how long to wait before the next attempt.
func (r *Relay) explain(ctx context.Context, err error) time.Duration {
	r.failures++
	wait := pauseAfter(r.failures)
	switch {
	case errors.Is(err, errNotNext), errors.Is(err, errChanged), errors.Is(err, errHistory):
		r.logger.Debug("relay: looking again", "error", err)
		r.watched = watched{}
		if r.refusals++; r.refusals < manyRefusals {
			return wait
		}
		err = inTrouble(StateRefused, "%v, again and again", err)
	case errors.Is(err, errOverdue):
		err = r.diagnose(ctx)
	case errors.Is(err, nats.ErrMaxPayload):
		r.hangUp() // what the server takes it says when one connects
	}
	t := asTrouble(err)
	r.enter(t.state, t.reason)
	switch t.state {
	case StateStandby:
		return r.timing.standby
	case StateWaitingForNATS:
		r.refusals, r.watched = 0, watched{} // while NATS is away nobody gets on
	}
	if r.seen != (seen{}) {
		r.measure(ctx, eventstore.Position(r.high.Load()))
	}
	return wait
}
