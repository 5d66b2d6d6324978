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

// page is how many events are read at once, and enough how many rows are compared.
const (
	page   = 2000
	enough = 1000
)

// log checks the log by position, and the trees beside it.
func (r *run) log(ctx context.Context) error {
	w := &logWalk{run: r, partitions: make([]int64, domain.Partitions)}
	if m := r.from; m != nil {
		w.at, w.last, w.lastEpoch, w.partitions = m.Position, m.RecordedAt, m.Epoch, slices.Clone(m.Partitions)
		w.fed = min(m.Position, m.Size) // the tree was behind the log
	}
	for more := true; more; {
		events, err := r.read(ctx, eventsSQL, r.Shard, w.fed)
		if err != nil {
			return err
		}
		more = len(events) == r.page
		for i := range events {
			if err := w.next(ctx, &events[i]); err != nil {
				return err
			}
		}
		r.progress(StageLog, w.at)
		r.from = w.place()
		if err := r.note(); err != nil {
			return err
		}
	}
	w.compareHead()
	return r.endTrees(ctx, w.at)
}

// logWalk goes through the log by position.
type logWalk struct {
	*run
	fed int64 // position of the last event that the trees know of

	at         int64 // of the last event that was checked
	last       time.Time
	lastEpoch  int32
	partitions []int64 // last position in each
}

// next checks an event, and lets the trees know of it.
func (w *logWalk) next(ctx context.Context, e *eventstore.Recorded) error {
	position := int64(e.Position)
	if position > w.at { // else it was checked before an interruption
		w.check(e)
	}
	for _, tree := range w.trees {
		for missing := w.fed + 1; missing < position && missing <= tree.size; missing++ {
			if err := tree.next(ctx, missing, nil); err != nil {
				return err
			}
		}
	}
	leaf := LeafHash(w.Shard, e)
	for _, tree := range w.trees {
		if err := tree.next(ctx, position, &leaf); err != nil {
			return err
		}
	}
	w.fed = position
	return nil
}

// check checks that an event goes on from the one before it.
func (w *logWalk) check(e *eventstore.Recorded) {
	position := int64(e.Position)
	row := span(position, position)
	if position > int64(w.head.Position) && !w.noLog {
		w.report.find("log.events", row, "beyond the end of the log, which is %d", w.head.Position)
	}
	if position != w.at+1 {
		w.report.find("log.events", span(w.at+1, position-1), "missing")
	}
	part := e.Partition()
	if int64(e.PrevInPartition) != w.partitions[part] {
		w.report.find("log.events", row, "prev_in_partition is %d, the event before it in partition %d is %d", e.PrevInPartition, part, w.partitions[part])
	}
	if e.RecordedAt.Before(w.last) {
		w.report.find("log.events", row, "recorded before the event before it")
	}
	if e.Epoch < w.lastEpoch {
		w.report.find("log.events", row, "of epoch %d after epoch %d", e.Epoch, w.lastEpoch)
	}
	w.at, w.last, w.lastEpoch, w.partitions[part] = position, e.RecordedAt, e.Epoch, position
}

// compareHead compares the end of the log with what log.heads says of it.
func (w *logWalk) compareHead() {
	if w.noLog {
		return
	}
	row := fmt.Sprintf("shard %d", w.Shard)
	if w.at < int64(w.head.Position) {
		w.report.find("log.events", span(w.at+1, int64(w.head.Position)), "missing at the end of the log")
	}
	if w.at != int64(w.head.Position) {
		w.report.find("log.heads", row, "position is %d, the last event is at %d", w.head.Position, w.at)
	}
	if w.at > 0 && !w.head.RecordedAt.Equal(w.last) {
		w.report.find("log.heads", row, "recorded_at is not that of the last event")
	}
	if w.head.Epoch < w.lastEpoch {
		w.report.find("log.heads", row, "epoch is %d, that of the last event is %d", w.head.Epoch, w.lastEpoch)
	}
	if w.generation > 0 && w.head.Epoch != w.epoch {
		w.report.find("log.heads", row, "epoch is %d, the tree was sealed in epoch %d (audit.trees): the log was declared another one, and nobody has accepted that", w.head.Epoch, w.epoch)
	}
	if !slices.Equal(w.head.partitions, w.partitions) {
		w.report.find("log.heads", row, "partition_positions are not the last positions in each partition")
	}
}

// read reads a page of events; fewer than there may be are the last.
func (r *run) read(ctx context.Context, sql string, args ...any) ([]eventstore.Recorded, error) {
	rows, err := r.tx.Query(ctx, sql, append(args, r.page)...)
	if err != nil {
		return nil, eventstore.Unavailable("read events", err)
	}
	events, err := pgx.CollectRows(rows, eventstore.ScanRecorded)
	if err != nil {
		return nil, eventstore.Unavailable("read events", err)
	}
	return events, nil
}
