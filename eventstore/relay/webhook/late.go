package webhook

import (
	"context"
	_ "embed"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/late.sql
	lateSQL string
	//go:embed sql/events.sql
	eventsSQL string
)

// lateOnes returns what is late and due: only tests, while nothing else is to be sent.
func (r *runner) lateOnes(ctx context.Context) ([]attempt, error) {
	release, err := r.admit(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	rows, err := r.pool.Query(ctx, lateSQL, uuid.UUID(r.e.ID), batch, time.Now().Before(r.e.rest))
	if err != nil {
		return nil, unavailable("late", err)
	}
	work, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a attempt, err error) {
		return a, row.Scan((*uuid.UUID)(&a.id), &a.position, &a.tries)
	})
	if err != nil || len(work) == 0 {
		return nil, unavailable("late", err)
	}
	r.told = len(work) == batch // there may be more
	return work, r.recall(ctx, work)
}

// recall reads the events of what is late. A test is no event.
func (r *runner) recall(ctx context.Context, work []attempt) error {
	positions := make([]eventstore.Position, len(work))
	for i := range work {
		positions[i] = work[i].position
	}
	rows, err := r.pool.Query(ctx, eventsSQL, r.store.shard, positions)
	if err != nil {
		return unavailable("recall", err)
	}
	events, err := pgx.CollectRows(rows, eventstore.ScanRecorded)
	if err != nil {
		return unavailable("recall", err)
	}
	found := make(map[domain.EventID]*eventstore.Recorded, len(events))
	for i := range events {
		found[events[i].ID] = &events[i]
	}
	for i := range work {
		work[i].kind = testType
		if work[i].event = found[work[i].id]; work[i].event != nil {
			work[i].kind = work[i].event.Type
		}
	}
	return nil
}
