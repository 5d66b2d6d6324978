package audit

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/events.sql
var eventsSQL string

// page is how many events are read at once.
const page = 2000

// log checks the log by position, and the trees beside it.
func (r *run) log(ctx context.Context) error {
	var (
		at         int64 // position of the last event
		last       time.Time
		epoch      int32
		partitions = make([]int64, domain.Partitions)
	)
	for more := true; more; {
		events, err := r.read(ctx, eventsSQL, r.Shard, at)
		if err != nil {
			return err
		}
		more = len(events) == page
		for i := range events {
			e := &events[i]
			position := int64(e.Position)
			row := span(position, position)
			if position > int64(r.head.Position) && !r.noLog {
				r.report.find("log.events", row, "beyond the end of the log, which is %d", r.head.Position)
			}
			if position != at+1 {
				r.report.find("log.events", span(at+1, position-1), "missing")
				if err := r.pass(ctx, at+1, position-1); err != nil {
					return err
				}
			}
			part := e.Partition()
			if int64(e.PrevInPartition) != partitions[part] {
				r.report.find("log.events", row, "prev_in_partition is %d, the event before it in partition %d is %d", e.PrevInPartition, part, partitions[part])
			}
			if e.RecordedAt.Before(last) {
				r.report.find("log.events", row, "recorded before the event before it")
			}
			if e.Epoch < epoch {
				r.report.find("log.events", row, "of epoch %d after epoch %d", e.Epoch, epoch)
			}
			leaf := LeafHash(r.Shard, e)
			for _, tree := range r.trees {
				if err := tree.next(ctx, position, &leaf); err != nil {
					return err
				}
			}
			at, last, epoch, partitions[part] = position, e.RecordedAt, e.Epoch, position
		}
		r.progress(StageLog, at)
	}
	r.compareHead(at, last, epoch, partitions)
	return r.endTrees(ctx, at)
}

// compareHead compares the end of the log with what log.heads says of it.
func (r *run) compareHead(at int64, last time.Time, epoch int32, partitions []int64) {
	if r.noLog {
		return
	}
	row := fmt.Sprintf("shard %d", r.Shard)
	if at < int64(r.head.Position) {
		r.report.find("log.events", span(at+1, int64(r.head.Position)), "missing at the end of the log")
	}
	if at != int64(r.head.Position) {
		r.report.find("log.heads", row, "position is %d, the last event is at %d", r.head.Position, at)
	}
	if at > 0 && !r.head.RecordedAt.Equal(last) {
		r.report.find("log.heads", row, "recorded_at is not that of the last event")
	}
	if r.head.Epoch < epoch {
		r.report.find("log.heads", row, "epoch is %d, that of the last event is %d", r.head.Epoch, epoch)
	}
	if r.generation > 0 && r.head.Epoch != r.epoch {
		r.report.find("log.heads", row, "epoch is %d, the tree was sealed in epoch %d (audit.trees): the log was declared another one, and nobody has accepted that", r.head.Epoch, r.epoch)
	}
	if !slices.Equal(r.head.partitions, partitions) {
		r.report.find("log.heads", row, "partition_positions are not the last positions in each partition")
	}
}

// pass lets the trees know of positions that the log does not have.
func (r *run) pass(ctx context.Context, from, to int64) error {
	for _, tree := range r.trees {
		for position := from; position <= min(to, tree.size); position++ {
			if err := tree.next(ctx, position, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// read reads a page of events; fewer than page are the last.
func (r *run) read(ctx context.Context, sql string, args ...any) ([]eventstore.Recorded, error) {
	rows, err := r.tx.Query(ctx, sql, append(args, page)...)
	if err != nil {
		return nil, failed("read events", err)
	}
	events, err := pgx.CollectRows(rows, eventstore.ScanRecorded)
	if err != nil {
		return nil, failed("read events", err)
	}
	return events, nil
}
