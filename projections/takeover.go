package projections

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	//go:embed sql/swap_checkpoints.sql
	swapCheckpointsSQL string
	//go:embed sql/swap_quarantine.sql
	swapQuarantineSQL string
	//go:embed sql/swap_versions.sql
	swapVersionsSQL string
)

const (
	// closeEnough is how many events may have been applied in a round, and how many
	// tickets be left to compare, for the next round to be made while the projector waits.
	closeEnough = 1000
	// Readers queue behind the lock that is asked for, so at first it is hardly waited for.
	// Reads that take long will have ended, or the wait has become long enough, at a later
	// attempt. maxPatience is less than any request waits for a lock.
	minPatience, maxPatience = 30 * time.Millisecond, time.Second
)

// takeOver follows the version that is read until there is next to nothing to follow,
// compares the two, and has the other one read.
func (s *site) takeOver(ctx context.Context, c *comparison) error {
	f, err := s.follower(ctx)
	if err != nil {
		return err
	}
	s.begins(StepCatchUp, 0, 0)
	if _, err := s.round(ctx, f, c); err != nil {
		return err
	}
	if err := c.all(ctx); err != nil {
		return err
	}
	s.begins(StepCatchUp, 0, 0)
	for patience := minPatience; ; {
		near, err := s.round(ctx, f, c)
		if err != nil {
			return err
		}
		if !near {
			continue
		}
		s.begins(StepSwitch, 0, 0)
		err = s.swap(ctx, f, c, patience)
		if !isBusy(err) {
			return err
		}
		s.begins(StepSwitch, 1, 0)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(4 * patience): // those who have queued get their turn
		}
		patience = min(2*patience, maxPatience)
	}
}

// round follows to where the version that is read is now, and compares what has changed.
// near says that hardly anything is left to do.
func (s *site) round(ctx context.Context, f *follower, c *comparison) (near bool, err error) {
	if err := f.look(ctx); err != nil {
		return false, err
	}
	live, err := readCheckpoints(ctx, s.pool, checkpointsSQL, s.projection.Name(), s.config.Shard)
	if err != nil {
		return false, err
	}
	applied, err := f.follow(ctx, f.goals(&live), c.touched)
	s.report.CaughtUp += applied
	if err != nil {
		return false, fmt.Errorf("catch up: %w", err)
	}
	if c == nil || c.pending == nil {
		return applied <= closeEnough, nil
	}
	if err := c.recheck(ctx, c.open(f, &live)); err != nil {
		return false, err
	}
	if err := c.early(ctx); err != nil {
		return false, err
	}
	return applied <= closeEnough && len(c.open(f, &live)) <= closeEnough, nil
}

// swap has the other version read, in one transaction. The checkpoints are held first,
// so no projector is in the middle of a batch, and none begins one before it is over.
// Then the tables: whoever reads them in a transaction is done with it, and whoever
// comes finds the new ones under the same name. The planner forgets its plans when a
// schema is renamed.
func (s *site) swap(ctx context.Context, f *follower, c *comparison, patience time.Duration) error {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return fmt.Errorf("switch: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	locked := s.projection.Schema().Locked
	// This keeps nobody waiting, and ends an autovacuum, which would keep us waiting.
	if err := run(ctx, tx, "SET LOCAL lock_timeout = '3s'", "LOCK TABLE "+locked+" IN SHARE UPDATE EXCLUSIVE MODE"); err != nil {
		return err
	}
	live, err := readCheckpoints(ctx, tx, checkpointsSQL+" FOR UPDATE", s.projection.Name(), s.config.Shard)
	if err != nil {
		return fmt.Errorf("hold the checkpoints: %w", err)
	}
	if err := f.look(ctx); err != nil {
		return err
	}
	applied, err := f.follow(ctx, f.goals(&live), c.touched)
	s.report.CaughtUp += applied
	if err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	if err := c.finish(ctx, f, &live); err != nil {
		return err
	}
	if err := run(ctx, tx, fmt.Sprintf("SET LOCAL lock_timeout = %d", patience.Milliseconds()),
		"LOCK TABLE "+locked+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		return err
	}
	if err := s.rename(ctx, tx); err != nil {
		return fmt.Errorf("switch: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("switch: %w", err)
	}
	s.report.Switched = true
	return nil
}

// rename exchanges tables, checkpoints and quarantine of the version that is read and
// the other one. What is in the way of the former is removed.
func (s *site) rename(ctx context.Context, tx pgx.Tx) error {
	name, shard := s.projection.Name(), s.config.Shard
	old, moving := name+"_old", name+"_moving"
	if s.place != "old" {
		if err := s.clear(ctx, tx, "old"); err != nil {
			return err
		}
	}
	for _, names := range [][2]string{{name, moving}, {s.schema, name}, {moving, old}} {
		from, to := pgx.Identifier{names[0]}.Sanitize(), pgx.Identifier{names[1]}.Sanitize()
		if err := run(ctx, tx, "ALTER SCHEMA "+from+" RENAME TO "+to); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, swapQuarantineSQL, names[0], shard, names[1]); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, swapCheckpointsSQL, name, shard, s.schema, old); err != nil {
		return err
	}
	if s.place != "old" {
		if _, err := tx.Exec(ctx, versionClearSQL, s.schema, shard); err != nil {
			return err
		}
	}
	tag, err := tx.Exec(ctx, swapVersionsSQL, name, shard, s.run)
	if err == nil && tag.RowsAffected() != 2 {
		err = errSuperseded
	}
	return err
}

func run(ctx context.Context, tx pgx.Tx, statements ...string) error {
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// isBusy reports whether err is a lock that could not be had.
func isBusy(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (refused.Code == "55P03" || refused.Code == "40P01")
}
