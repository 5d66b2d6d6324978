package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
)

// Config is what a Projector may be told beyond what it needs.
type Config struct {
	Shard int16 // of the log; default 0
	// Lease is for how long a partition is held without a sign of life; default 8 s.
	// It is renewed four times as often, so the partitions of an instance that was
	// killed are taken over within 1.25 times as long.
	Lease time.Duration
	// MaxBatch is how many events are applied in one transaction; default 1000.
	MaxBatch int
}

// Projector runs a projection on the partitions that it leases. Any number of them
// may run at a time, in one process or in many.
type Projector struct {
	pool       *pgxpool.Pool
	projection Projection
	feed       Feed
	log        Log
	metrics    *metrics.Metrics
	config     Config
	member     uuid.UUID
	logger     *slog.Logger

	mu   sync.Mutex // held while events are applied and while leases are renewed
	held [domain.Partitions]*cursor
	head head
	fed  eventstore.Position // of the last event that the feed has delivered
	last time.Time           // when the last event that was applied was recorded
	sick map[ticketKey]bool  // tickets believed to be quarantined

	fedBefore eventstore.Position // fed at the last round of keepLeases
}

// cursor is what this instance believes of a partition that it holds.
type cursor struct {
	position eventstore.Position // the checkpoint
	readTo   eventstore.Position // there is no event of the partition after position and up to here
	halted   string              // why nothing more may be applied, or empty
}

// Why a partition halts. The last is found by reading the log, the others show
// whenever leases are renewed.
const (
	haltAbove = "the checkpoint is above the end of the log"
	haltGone  = "the checkpoint names an event that is no longer in the log"
	haltStray = "the log does not lead on from the checkpoint"
)

// head is the end of the log as it was last seen.
type head struct {
	position   eventstore.Position
	epoch      int32
	partitions [domain.Partitions]eventstore.Position // last event of each
}

// New returns a projector that feeds projection. It starts nothing.
func New(pool *pgxpool.Pool, projection Projection, feed Feed, log Log, m *metrics.Metrics, config Config) *Projector {
	if config.Lease == 0 {
		config.Lease = 8 * time.Second
	}
	if config.MaxBatch == 0 {
		config.MaxBatch = 1000
	}
	return &Projector{
		pool: pool, projection: projection, feed: feed, log: log, metrics: m, config: config,
		member: uuid.New(), sick: make(map[ticketKey]bool),
		logger: slog.With("projection", projection.Name(), "shard", config.Shard),
	}
}

// Run keeps the projection up to date until ctx ends, whatever happens to Postgres
// or to the feed meanwhile, and then gives its leases back. It returns nil.
func (p *Projector) Run(ctx context.Context) error {
	if !p.retry(ctx, "join", p.join) {
		return nil
	}
	var running sync.WaitGroup
	running.Go(func() { p.keepLeases(ctx) })
	running.Go(func() { p.follow(ctx) })
	running.Wait()

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := p.release(ctx); err != nil {
		p.logger.Warn("leases not released; they expire", "error", sqlState(err))
	}
	return nil
}

// join takes the first leases and finds where in the log to start.
func (p *Projector) join(ctx context.Context) error {
	if _, err := p.pool.Exec(ctx, ensureSQL, p.projection.Name(), p.config.Shard); err != nil {
		return fmt.Errorf("create checkpoints: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.lease(ctx); err != nil {
		return err
	}
	p.fed = p.start()
	p.fedBefore = p.fed
	return nil
}

// start is the position after which the log may hold events that are still to be
// applied.
func (p *Projector) start() eventstore.Position {
	from := p.head.position
	for _, c := range p.held {
		if c != nil && c.halted == "" {
			from = min(from, max(c.position, c.readTo))
		}
	}
	return from
}

// follow takes what the feed delivers, and starts the feed again where it ended.
func (p *Projector) follow(ctx context.Context) {
	p.retry(ctx, "follow the feed", func(ctx context.Context) error {
		p.mu.Lock()
		// A log that was restored may end before what has been delivered.
		p.fed = min(p.fed, p.head.position)
		from := p.fed
		p.mu.Unlock()
		if err := p.feed.Run(ctx, from, p.deliver); err != nil {
			return err
		}
		return errors.New("the feed ended")
	})
}

// deliver applies a batch. It does not give up before ctx ends: the feed cannot
// help with a database that does not answer.
func (p *Projector) deliver(ctx context.Context, batch []eventstore.Recorded) error {
	if !p.retry(ctx, "apply", func(ctx context.Context) error { return p.take(ctx, batch) }) {
		return context.Cause(ctx)
	}
	return nil
}

// retry does something until it succeeds, ever more slowly. It reports false if ctx
// ended before.
func (p *Projector) retry(ctx context.Context, what string, do func(context.Context) error) bool {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := do(ctx)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		p.logger.Warn("projector: trying again", "what", what, "error", sqlState(err))
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}
