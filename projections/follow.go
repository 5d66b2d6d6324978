package projections

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/checkpoints.sql
var checkpointsSQL string

// checkpoints are how far a version has come, by partition.
type checkpoints [domain.Partitions]struct {
	position eventstore.Position
	epoch    int32
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func readCheckpoints(ctx context.Context, db querier, sql, name string, shard int16) (c checkpoints, err error) {
	rows, err := db.Query(ctx, sql, name, shard)
	if err != nil {
		return c, err
	}
	var partition int16
	var position eventstore.Position
	var epoch int32
	_, err = pgx.ForEachRow(rows, []any{&partition, &position, &epoch}, func() error {
		c[partition].position, c[partition].epoch = position, epoch
		return nil
	})
	return c, err
}

// follower brings a version that is not read to where the one that is read has come,
// with the projector's own code: it holds all partitions.
type follower struct {
	*Projector
	site *site
}

func (s *site) follower(ctx context.Context) (*follower, error) {
	name, shard := s.tables.Name(), s.config.Shard
	var batch pgx.Batch
	// Of an interrupted run a member may be left, who would be given a share.
	batch.Queue("DELETE FROM projections.members WHERE projection = $1 AND shard = $2", name, shard)
	batch.Queue(versionOwnSQL, name, shard, s.run)
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, fmt.Errorf("take the checkpoints: %w", err)
	}
	f := &follower{New(s.pool, s.tables, nil, s.log, s.metrics, Config{Shard: shard}), s}
	f.member = s.run
	return f, f.look(ctx)
}

var errOtherLog = errors.New("the log is not the one that the rebuild began with: it was restored, or its epoch raised; begin anew")

// look finds out where the log ends, and whether the partitions are still held.
func (f *follower) look(ctx context.Context) error {
	if err := f.lease(ctx); err != nil {
		return err
	}
	for _, c := range f.held {
		switch {
		case c == nil:
			return errSuperseded
		case c.halted != "":
			return errOtherLog
		}
	}
	if f.site.place == "next" && f.head.epoch != f.site.epoch {
		return errOtherLog
	}
	return nil
}

// goals are where the version that is read has come, of what this one can be brought
// to: the log may not have led there, or that version may be the one behind.
func (f *follower) goals(live *checkpoints) (goals [domain.Partitions]eventstore.Position) {
	for i, c := range f.held {
		goal := live[i].position
		if live[i].epoch != f.head.epoch || goal > f.head.partitions[i] {
			goal = f.head.partitions[i]
		}
		goals[i] = max(c.position, goal)
	}
	return goals
}

// follow applies events up to the goals and tells of which tickets, and how many.
func (f *follower) follow(ctx context.Context, goals [domain.Partitions]eventstore.Position, touched func(ticketKey)) (applied int, err error) {
	from, to := f.head.position, eventstore.Position(0)
	for i, c := range f.held {
		if c.position < goals[i] {
			from, to = min(from, max(c.position, c.readTo)), max(to, goals[i])
		}
	}
	far := to-from > closeEnough
	if far {
		f.site.begins(StepCatchUp, 0, int64(to-from))
	}
	for from < to {
		batch, err := f.log.ReadAll(ctx, from, f.config.MaxBatch)
		if err != nil {
			return applied, err
		}
		if len(batch) == 0 {
			return applied, errOtherLog
		}
		if from = batch[len(batch)-1].Position; far {
			f.site.advance(int64(len(batch)))
		}
		wanted := batch[:0]
		for _, r := range batch {
			if r.Position <= goals[r.Partition()] {
				wanted = append(wanted, r)
			}
		}
		accepted, moved, odd := f.accept(wanted, 0)
		if odd >= 0 {
			return applied, errOtherLog
		}
		if err := f.apply(ctx, accepted, moved, "log"); err != nil {
			if errors.Is(err, errFenced) {
				err = errSuperseded
			}
			return applied, err
		}
		for i := range accepted {
			touched(keyOf(&accepted[i]))
		}
		applied += len(accepted)
	}
	return applied, nil
}
