package erasure

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/metrics"
)

//go:embed sql/state.sql
var stateSQL string

// Config is what a Worker may be told beyond what it needs.
type Config struct {
	Shard int16 // of the log; default 0
	// Horizon is for how long copies of the keyring are kept: its write-ahead log, its
	// backups, snapshots of its disk. Default 30 days.
	Horizon time.Duration
}

// DefaultHorizon is for how long backups are commonly kept.
const DefaultHorizon = 30 * 24 * time.Hour

// timing is how long a worker waits for things. Tests are in more of a hurry.
type timing struct {
	poll    time.Duration // for obligations that another process has brought about
	pause   time.Duration // between two looks, whatever happens: rounds gather what has come meanwhile
	sweep   time.Duration // between two looks for keys that were destroyed elsewhere
	replay  time.Duration // between two comparisons of the keyring with the log
	retry   time.Duration // of a verification that lacked privileges
	despair time.Duration // of a worker who has the lock and does nothing
}

var patient = timing{
	poll: 10 * time.Second, pause: 3 * time.Second, sweep: time.Minute,
	replay: time.Hour, retry: time.Hour, despair: 2 * time.Minute,
}

// Worker fulfils the obligations of a shard.
type Worker struct {
	log     *eventstore.Store
	pool    *pgxpool.Pool
	keyring *vault.Keyring
	shelves []Shelf
	files   files
	metrics *metrics.Metrics
	config  Config
	timing  timing
	logger  *slog.Logger
	step    func(string) // is told what has been done; tests end the process there

	// For the goroutine of Run: when things were last done, and how many keys are
	// destroyed that nobody may verify.
	swept, replayed, lacked, searched time.Time
	unverified                        int
}

// files is what is asked of the home of files: package eventstore/files.
type files interface {
	// RemoveMarked deletes the files that events up to a position have removed.
	RemoveMarked(ctx context.Context, upTo eventstore.Position) error
}

// New returns a worker for the log in the database behind pool. shelves are all tables
// whose rows are sealed.
func New(log *eventstore.Store, pool *pgxpool.Pool, keyring *vault.Keyring, shelves []Shelf, files files, m *metrics.Metrics, config Config) *Worker {
	if config.Horizon == 0 {
		config.Horizon = DefaultHorizon
	}
	return &Worker{
		log: log, pool: pool, keyring: keyring, shelves: shelves, files: files, metrics: m, config: config,
		timing: patient, logger: slog.Default(), step: func(string) {},
		replayed: time.Now(), // before serving: see Replay
	}
}

// Run fulfils obligations until ctx ends.
func (w *Worker) Run(ctx context.Context) error {
	for failures := 0; ; {
		appended := w.log.Appended() // taken before looking
		err := w.tend(ctx)
		wait := w.timing.pause
		if err == nil {
			failures = 0
		} else if ctx.Err() == nil {
			w.complain(err)
			wait = min(wait<<failures, time.Minute)
			failures = min(failures+1, 10)
		}
		if sleep(ctx, wait) != nil {
			return nil
		}
		if err != nil {
			continue
		}
		select {
		case <-appended:
		case <-time.After(w.timing.poll):
		case <-ctx.Done():
			return nil
		}
	}
}

func (w *Worker) complain(err error) {
	if errors.Is(err, vault.ErrFound) {
		w.logger.Error("erasure", "error", err)
		return
	}
	w.logger.Warn("erasure: obligations wait", "error", err)
}

// tend looks whether there is something to do, and does it.
func (w *Worker) tend(ctx context.Context) error {
	work, waiting, err := w.measure(ctx)
	if err != nil {
		return err
	}
	if due(&w.replayed, w.timing.replay) {
		if err := Replay(ctx, w.pool, w.keyring, w.shelves); err != nil {
			return err
		}
	}
	if !work {
		if some, err := w.leftovers(ctx); err != nil || !some {
			return err
		}
	}
	return w.alone(ctx, waiting > w.timing.despair, w.round)
}

// measure shows how things stand, and returns whether there is something to do, and for
// how long that has been so.
func (w *Worker) measure(ctx context.Context) (work bool, waiting time.Duration, err error) {
	var open int
	var retired bool
	var oldest, horizon float64 // seconds
	if err := w.pool.QueryRow(ctx, stateSQL, w.config.Shard, w.config.Horizon).Scan(&open, &retired, &oldest, &horizon); err != nil {
		return false, 0, fmt.Errorf("read obligations: %w", err)
	}
	w.metrics.ObligationsOpen.Set(float64(open))
	w.metrics.ErasureHorizon.Set(horizon)
	return open > 0 || retired, time.Duration(oldest * float64(time.Second)), nil
}

// leftovers reports whether keys were destroyed elsewhere, such as those of receipts,
// and are not yet gone.
func (w *Worker) leftovers(ctx context.Context) (bool, error) {
	if !due(&w.swept, w.timing.sweep) {
		return false, nil
	}
	remains, err := w.keyring.Remains(ctx)
	return remains.InTable > 0 || remains.Keys > 0 && w.mayVerify(), err
}

// mayVerify: after a verification that lacked privileges there is no hurry.
func (w *Worker) mayVerify() bool { return w.unverified == 0 || time.Since(w.lacked) > w.timing.retry }

// due reports whether it is time to do again what was last done then.
func due(then *time.Time, every time.Duration) bool {
	if time.Since(*then) < every {
		return false
	}
	*then = time.Now()
	return true
}

// Retire has keys destroyed without an obligation: what is sealed under them is moved to
// others first. It is for what is kept beside the log in the database behind pool, and
// was removed there.
func Retire(ctx context.Context, pool *pgxpool.Pool, buckets []int64) error {
	if _, err := pool.Exec(ctx, retireSQL, buckets); err != nil {
		return fmt.Errorf("retire bucket keys: %w", err)
	}
	return nil
}

// alone calls do if no other worker is at work, or if force is true.
func (w *Worker) alone(ctx context.Context, force bool, do func(context.Context) error) error {
	conn, err := w.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	defer conn.Release()
	var alone bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1, $2)", lockClass, int32(w.config.Shard)).Scan(&alone); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if alone {
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1, $2)", lockClass, int32(w.config.Shard)); err != nil {
				_ = conn.Conn().Close(ctx) // which unlocks, too
			}
		}()
	}
	if !alone && !force {
		return nil
	}
	return do(ctx)
}

// lockClass sets our advisory locks apart from others of two halves.
const lockClass = 0x636d746f // "cmto"

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
