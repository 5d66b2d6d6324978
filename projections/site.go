package projections

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/version_lock.sql
	versionLockSQL string
	//go:embed sql/version_live.sql
	versionLiveSQL string
	//go:embed sql/version_resume.sql
	versionResumeSQL string
	//go:embed sql/version_begin.sql
	versionBeginSQL string
	//go:embed sql/version_adopt.sql
	versionAdoptSQL string
	//go:embed sql/version_own.sql
	versionOwnSQL string
	//go:embed sql/version_seen.sql
	versionSeenSQL string
	//go:embed sql/version_clear.sql
	versionClearSQL string
	//go:embed sql/version_drop.sql
	versionDropSQL string
)

// rebuildClass sets these advisory locks apart from others of two halves.
const rebuildClass = 0x72_62_6c_64

// eventMemory is about how many bytes of memory an event costs that is folded with all
// the others.
const eventMemory = 320

// site is the tables of a version that is to be read, while they are worked on.
type site struct {
	*Rebuilder
	place  string        // next or old
	schema string        // that the tables are in
	tables Rebuildable   // the projection there
	pool   *pgxpool.Pool // of its own
	run    uuid.UUID     // what is written is written in its name

	epoch   int32
	parts   int
	loaded  []int16
	indexed bool
	report  Report

	began       time.Time // the step did
	step        atomic.Pointer[string]
	done, total atomic.Int64
}

// work does something to the tables in a place while nobody else does.
func (r *Rebuilder) work(ctx context.Context, place string, do func(context.Context, *site) error) (Report, error) {
	began := time.Now()
	name := r.projection.Name()
	s := &site{Rebuilder: r, place: place, schema: name + "_" + place, run: uuid.New()}
	s.report.Steps = make(map[string]time.Duration)
	s.tables = r.projection.In(s.schema)
	var err error
	if s.pool, err = r.connect(ctx); err != nil {
		return Report{}, err
	}
	defer s.pool.Close()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return Report{}, err
	}
	guard := conn.Hijack()
	defer release(guard)
	var alone bool
	if err := guard.QueryRow(ctx, versionLockSQL, rebuildClass, name, r.config.Shard).Scan(&alone); err != nil {
		return Report{}, fmt.Errorf("lock the projection: %w", err)
	}
	if !alone {
		return Report{}, ErrRebuilding
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { s.watch(ctx, guard, cancel) })
	err = do(ctx, s)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	cancel(nil)
	watching.Wait()
	if step := s.step.Load(); step != nil && !s.report.Switched {
		_ = s.sign(ctx, guard, *step) // where it has come to an end
	}
	s.clock("")
	s.report.Took = time.Since(began)
	if differ := (*DifferError)(nil); errors.As(err, &differ) {
		differ.Report = s.report
	}
	return s.report, err
}

// release ends the session that holds the lock. The lock would go with it, but not
// before the server has noticed.
func release(guard *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = guard.Exec(ctx, "SELECT pg_advisory_unlock_all()")
	_ = guard.Close(ctx)
}

// connect opens a pool whose statements may take as long as they need.
func (r *Rebuilder) connect(ctx context.Context) (*pgxpool.Pool, error) {
	config := r.pool.Config()
	config.MaxConns = int32(r.config.Workers) + 4
	config.MinIdleConns = 0
	params := config.ConnConfig.RuntimeParams
	params["application_name"] = "commentd rebuild"
	params["statement_timeout"] = "0"
	params["idle_in_transaction_session_timeout"] = "60000"
	// Postgres' own helpers count as workers: the service is to have processors left.
	helpers := strconv.Itoa(r.config.Workers - 1)
	params["max_parallel_maintenance_workers"], params["max_parallel_workers_per_gather"] = helpers, helpers
	connected := config.AfterConnect
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if connected != nil {
			if err := connected(ctx, conn); err != nil {
				return err
			}
		}
		// A statement ends when whoever has asked for it is gone, so that a rebuild that was
		// killed does not stand in the way of the next. Not every platform has this.
		_, _ = conn.Exec(ctx, "SET client_connection_check_interval = '1s'")
		return nil
	}
	return pgxpool.NewWithConfig(ctx, config)
}

// watch gives signs of life in the session that holds the lock. If that is lost, or
// another process has taken over, it ends the work.
func (s *site) watch(ctx context.Context, guard *pgx.Conn, cancel context.CancelCauseFunc) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		step := s.step.Load()
		if step == nil { // there is no row yet
			continue
		}
		if err := s.sign(ctx, guard, *step); err != nil {
			cancel(err)
			return
		}
	}
}

// sign gives a sign of life. It is not cut off in the middle: the session is still needed,
// to give the lock back.
func (s *site) sign(ctx context.Context, guard *pgx.Conn, step string) error {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	tag, err := guard.Exec(ctx, versionSeenSQL, s.run, step, s.done.Load(), s.total.Load())
	switch {
	case err != nil:
		return fmt.Errorf("the session that locks the projection: %s", sqlState(err))
	case tag.RowsAffected() == 0:
		return errSuperseded
	}
	return nil
}

// begins tells that a step begins.
func (s *site) begins(step string, done, total int64) {
	s.clock(step)
	s.step.Store(&step)
	s.done.Store(done)
	s.total.Store(total)
	s.config.Progress(Progress{step, done, total})
}

// clock notes when a step begins, and so how long the one before took.
func (s *site) clock(step string) {
	now := time.Now()
	if last := s.step.Load(); last != nil {
		s.report.Steps[*last] += now.Sub(s.began)
	}
	s.began = now
}

// advance tells that a step goes on.
func (s *site) advance(n int64) {
	s.config.Progress(Progress{*s.step.Load(), s.done.Add(n), s.total.Load()})
}

// begin finds what an interrupted rebuild has left, or makes empty tables.
func (s *site) begin(ctx context.Context) error {
	name, shard := s.projection.Name(), s.config.Shard
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if !s.config.Restart {
		err := s.pool.QueryRow(ctx, versionResumeSQL, name, shard, s.run, s.config.Build).
			Scan(&s.report.Version, &s.report.Position, &s.epoch, &s.parts, &s.loaded, &s.indexed)
		switch {
		case err == nil:
			s.report.Resumed = true
			return nil
		case !errors.Is(err, pgx.ErrNoRows):
			return fmt.Errorf("resume: %w", err)
		}
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.clear(ctx, tx, "next"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "CREATE SCHEMA "+pgx.Identifier{s.schema}.Sanitize()); err != nil {
			return err
		}
		for _, table := range s.tables.Schema().Tables {
			if _, err := tx.Exec(ctx, table); err != nil {
				return err
			}
		}
		return tx.QueryRow(ctx, versionBeginSQL, name, shard, s.run, s.config.Build, s.config.Workers, eventMemory,
			s.config.Memory/int64(s.config.Workers)).Scan(&s.report.Version, &s.report.Position, &s.epoch, &s.parts)
	})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return nil
}

// prepare sees to what must be there of the version that is read.
func (s *site) prepare(ctx context.Context) error {
	var shards int
	if err := s.pool.QueryRow(ctx, "SELECT count(*) FROM log.heads").Scan(&shards); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	if shards != 1 {
		return errors.New("the log has several shards, whose rows share tables: they cannot be rebuilt one by one")
	}
	var batch pgx.Batch
	batch.Queue(ensureSQL, s.projection.Name(), s.config.Shard)
	batch.Queue(versionLiveSQL, s.projection.Name(), s.config.Shard)
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	return nil
}

// adopt takes over the version that is kept.
func (s *site) adopt(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return err
	}
	var begun eventstore.Position
	err := s.pool.QueryRow(ctx, versionAdoptSQL, s.projection.Name(), s.config.Shard, s.run).Scan(&s.report.Version, &begun, &s.epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoOldVersion
	}
	return err
}

// drop removes the version in a place.
func (s *site) drop(ctx context.Context, place string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return s.clear(ctx, tx, place) })
}

// clear removes what there is of a version in a place.
func (s *site) clear(ctx context.Context, tx pgx.Tx, place string) error {
	name, shard := s.projection.Name(), s.config.Shard
	schema := name + "_" + place
	if _, err := tx.Exec(ctx, "DROP SCHEMA IF EXISTS "+pgx.Identifier{schema}.Sanitize()+" CASCADE"); err != nil {
		return fmt.Errorf("drop schema %s: %w", schema, err)
	}
	if _, err := tx.Exec(ctx, versionClearSQL, schema, shard); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, versionDropSQL, name, shard, place)
	return err
}
