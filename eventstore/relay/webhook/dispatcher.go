package webhook

import (
	"context"
	_ "embed"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay"
	"github.com/commentd/commentd/internal/metrics"
)

var (
	//go:embed sql/any.sql
	anySQL string
	//go:embed sql/beat.sql
	beatSQL string
	//go:embed sql/bury.sql
	burySQL string
	//go:embed sql/share.sql
	shareSQL string
	//go:embed sql/claim.sql
	claimSQL string
	//go:embed sql/expire.sql
	expireSQL string
)

// Config is what New may be told beyond what it needs.
type Config struct {
	Guard Guard
	// Timeout is how long an endpoint may take to answer; default 15 s.
	Timeout time.Duration
	// Tick is how often a process looks for endpoints, and for what has become due; default 1 s.
	// While there are no endpoints it looks less often.
	Tick time.Duration
	// Schedule replaces the times to wait between attempts.
	Schedule []time.Duration
}

// A Dispatcher delivers to the endpoints that it holds. Any number of them may work at
// once, in as many processes, and share all endpoints.
type Dispatcher struct {
	pool    *pgxpool.Pool
	store   *Store
	watch   func(domain.AccountID, eventstore.Position) relay.Watcher
	sources Sources
	sender  *sender
	metrics *metrics.Metrics
	config  Config

	member  uuid.UUID
	runners map[ID]*running
	writes  chan struct{} // bounds how many connections to Postgres are wanted at once
}

// running is an endpoint that is held.
type running struct {
	generation int32
	due        chan struct{} // of capacity 1: something late is due
	stop       context.CancelFunc
	done       chan struct{} // closed at the end
}

const (
	// lease is for how long a process is believed to be alive after it was last heard of.
	lease = 10 * time.Second
	// grace is for how long a request that is under way may go on when its endpoint is no
	// longer held.
	grace = 3 * time.Second
	// width is how many requests are made of an endpoint at a time, unless it is strict.
	width = 8
	// maxWrites is how many endpoints may use Postgres at the same time.
	maxWrites = 4
	// maxClaims is how many endpoints are taken on at a time.
	maxClaims = 100
	// idleTicks are for how many ticks nobody looks again where there are no endpoints.
	idleTicks = 4
	// housekeeping is how often what is too old is removed.
	housekeeping = time.Minute
)

// New returns a dispatcher of the endpoints of store. watch begins to follow an account
// after a position.
func New(store *Store, watch func(domain.AccountID, eventstore.Position) relay.Watcher, sources Sources, m *metrics.Metrics, config Config) *Dispatcher {
	if config.Timeout == 0 {
		config.Timeout = 15 * time.Second
	}
	if config.Tick == 0 {
		config.Tick = time.Second
	}
	if config.Schedule == nil {
		config.Schedule = schedule
	}
	return &Dispatcher{
		pool: store.pool, store: store, watch: watch, sources: sources, metrics: m, config: config,
		sender: newSender(&config.Guard, config.Timeout), member: uuid.New(),
		runners: make(map[ID]*running), writes: make(chan struct{}, maxWrites),
	}
}

// Run delivers until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) error {
	defer d.leave(ctx)
	var alive, swept time.Time
	for ctx.Err() == nil {
		began := time.Now()
		some, err := d.tick(ctx)
		switch {
		case err == nil:
			alive = began
		case ctx.Err() == nil:
			slog.Warn("webhooks", "error", err) // the next tick tries again
			if time.Since(alive) > lease-2*time.Second {
				d.stopAll() // others may have taken over
			}
		}
		if err == nil && began.Sub(swept) > housekeeping {
			swept = began
			if _, err := d.pool.Exec(ctx, expireSQL); err != nil && ctx.Err() == nil {
				slog.Warn("webhooks", "error", unavailable("expire", err))
			}
		}
		if err == nil && !some {
			pause(ctx, idleTicks*d.config.Tick)
		}
		pause(ctx, d.config.Tick)
	}
	return nil
}

// tick says that this process is alive, and sees to it that exactly what it holds is
// delivered to. Where there are no endpoints it reports that, and leaves it at that.
func (d *Dispatcher) tick(parent context.Context) (some bool, err error) {
	ctx, cancel := context.WithTimeout(parent, lease/2)
	defer cancel()
	if len(d.runners) == 0 {
		if err := d.pool.QueryRow(ctx, anySQL, d.store.shard).Scan(&some); err != nil || !some {
			return false, unavailable("any", err)
		}
	}
	return true, d.work(ctx, parent)
}

func (d *Dispatcher) work(ctx, parent context.Context) error {
	if _, err := d.pool.Exec(ctx, beatSQL, d.member, lease.Seconds()); err != nil {
		return unavailable("beat", err)
	}
	if _, err := d.pool.Exec(ctx, burySQL); err != nil {
		return unavailable("bury", err)
	}
	var share int
	if err := d.pool.QueryRow(ctx, shareSQL, d.store.shard).Scan(&share); err != nil {
		return unavailable("share", err)
	}
	if free := share - len(d.runners); free > 0 {
		if _, err := d.pool.Exec(ctx, claimSQL, d.store.shard, d.member, min(free, maxClaims)); err != nil {
			return unavailable("claim", err)
		}
	}
	held, err := d.held(ctx)
	if err != nil {
		return err
	}
	d.follow(parent, held)
	return d.giveBack(ctx, len(d.runners)-share)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
