package eventstore

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/metrics"
)

// Config is what a Store may be told beyond what it needs.
type Config struct {
	Shard    int16 // of the log; default 0
	MaxBatch int   // commands per batch; default 256
}

// Store is the log and the contents of one shard.
type Store struct {
	pool    *pgxpool.Pool
	vault   *vault.Vault
	numbers *Numbers
	metrics *metrics.Metrics
	config  Config
	heads   *headCache
	stripes *stripes

	originals Originals // nil: redactions drop e-mails

	appended Signal
	sighted  atomic.Pointer[sighting]

	mu      sync.Mutex
	queue   []*pending
	stopped bool
	work    chan struct{} // of capacity 1: there is something in the queue
}

// New returns a store on a migrated database. It starts nothing: Execute answers
// while Run runs.
func New(pool *pgxpool.Pool, v *vault.Vault, m *metrics.Metrics, config Config) *Store {
	if config.MaxBatch == 0 {
		config.MaxBatch = 256
	}
	return &Store{
		pool: pool, vault: v, numbers: NewNumbers(pool), metrics: m, config: config,
		heads: newHeadCache(), stripes: newStripes(),
		work: make(chan struct{}, 1),
	}
}

// Numbers is the source of public integers of this store.
func (s *Store) Numbers() *Numbers { return s.numbers }

// Appended returns a channel that is closed when this process has next appended to
// the log. Appends of other processes show here when somebody in this one calls Head.
func (s *Store) Appended() <-chan struct{} { return s.appended.C() }

// maxWait bounds one round trip of the committer. It is longer than the statement
// timeout of the pool, so that Postgres speaks first.
const maxWait = 10 * time.Second

// Run commits what Execute hands in, until ctx ends. It then commits what is queued
// and returns; later commands are refused with ErrUnavailable.
func (s *Store) Run(ctx context.Context) error {
	for {
		select {
		case <-s.work:
			s.commitQueue(context.WithoutCancel(ctx))
		case <-ctx.Done():
			s.mu.Lock()
			s.stopped = true
			s.mu.Unlock()
			s.commitQueue(context.WithoutCancel(ctx))
			return nil
		}
	}
}
