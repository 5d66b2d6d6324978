package projections_test

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// hostileFeed delivers what it was given, and then nothing any more.
type hostileFeed struct{ batches [][]eventstore.Recorded }

func (f *hostileFeed) Run(ctx context.Context, _ eventstore.Position, deliver func(context.Context, []eventstore.Recorded) error) error {
	for _, batch := range f.batches {
		if err := deliver(ctx, batch); err != nil {
			return err
		}
	}
	f.batches = nil
	<-ctx.Done()
	return ctx.Err()
}

// Whatever a feed delivers (things twice, out of order, not at all, from an epoch or
// a future that the log does not have) the rows are the fold of the log.
func TestAHostileFeedChangesNothing(t *testing.T) {
	l := logtest.New(t)
	noLeaks(t)
	rapid.Check(t, func(rt *rapid.T) {
		l.Exec("TRUNCATE log.events, log.tickets, log.comments, threads.tickets, threads.comments, projections.checkpoints")
		l.Exec("UPDATE log.heads SET position = 0, epoch = 1, partition_positions = array_fill(0::bigint, ARRAY[64])")
		script(t, l, 5)
		if rapid.Bool().Draw(rt, "failover") {
			l.Exec("UPDATE log.heads SET epoch = epoch + 1")
			script(t, l, 2)
		}
		all, err := l.Store.ReadAll(context.Background(), 0, 100_000)
		if err != nil {
			t.Fatal(err)
		}
		feed := &hostileFeed{}
		for range rapid.IntRange(0, 6).Draw(rt, "batches") {
			feed.batches = append(feed.batches, hostileBatch(rt, all))
		}
		p := leasing(t, l, l.Pool, feed, threads.Projection{}, lease/8)
		p.start()
		await(t, l)
		p.stop()
		logtest.CheckRows(t, l.Pool)
	})
}

func hostileBatch(rt *rapid.T, all []eventstore.Recorded) []eventstore.Recorded {
	from := rapid.IntRange(0, len(all)-1).Draw(rt, "from")
	batch := slices.Clone(all[from:rapid.IntRange(from+1, len(all)).Draw(rt, "to")])
	switch rapid.SampledFrom([]string{"honest", "shuffled", "doubled", "holed", "stale", "future"}).Draw(rt, "vice") {
	case "shuffled":
		batch = rapid.Permutation(batch).Draw(rt, "order")
	case "doubled":
		batch = append(batch, batch...)
	case "holed":
		i := rapid.IntRange(0, len(batch)-1).Draw(rt, "hole")
		batch = slices.Delete(batch, i, i+1)
	case "stale": // what a lost epoch had at these positions
		for i := range batch {
			batch[i].Epoch--
			batch[i].Data = []byte(`{"audit":1,"number":1,"author":{"type":"AGENT","id":"550e8400-e29b-41d4-a716-446655440000"},"public":true}`)
		}
	case "future":
		for i := range batch {
			batch[i].PrevInPartition = batch[i].Position
			batch[i].Position += eventstore.Position(len(all))
		}
	}
	if len(batch) == 0 {
		return all[:1]
	}
	return batch
}
