package projections_test

import (
	"context"
	"testing"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// A checkpoint that the log does not lead to halts its partition and is not moved,
// while the other partitions go on. Once it is put right nothing is missing.
func TestAWrongCheckpointHaltsItsPartition(t *testing.T) {
	for _, tt := range []struct{ name, spoil string }{
		{"above the head", "UPDATE projections.checkpoints SET position = 1000000, read_to = 1000000 WHERE partition = $1"},
		{"above the end of the partition", `UPDATE projections.checkpoints SET position =
			(SELECT position FROM log.heads) WHERE partition = $1`},
		{"at an event of another partition", `UPDATE projections.checkpoints SET position =
			(SELECT max(position) - 1 FROM log.events WHERE ticket_id = $2) WHERE partition = $1`},
		{"at an event that a lost epoch had there", `UPDATE log.events SET epoch = 2 WHERE ticket_id = $2`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := logtest.New(t)
			noLeaks(t)
			ticket := l.Open(1, nil)
			partition := domain.Partition(1, ticket)
			p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
			p.start()
			await(t, l)
			p.stop()
			right := checkpoint(t, l, partition)

			other := l.Open(1, nil)
			for domain.Partition(1, other) == partition {
				other = l.Open(1, nil)
			}
			l.Comment(1, ticket, true, "missed by whoever skips")
			if tt.name == "at an event that a lost epoch had there" {
				l.Exec("UPDATE log.heads SET epoch = 2")
			}
			l.Comment(1, other, true, "something else")
			l.Exec(tt.spoil+" AND $1::int IS NOT NULL AND $2::uuid IS NOT NULL", partition, [16]byte(ticket))
			wrong := checkpoint(t, l, partition)

			p = newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
			p.start()
			halted := func() float64 {
				return gauge(t, l.Metrics.ProjectorHalted.WithLabelValues(threads.Name))
			}
			logtest.Eventually(t, "the alarm", func() bool { return halted() == 1 })
			l.Comment(1, other, true, "and more of it")
			l.Comment(1, ticket, true, "still nothing for this one")
			logtest.Eventually(t, "the other partitions go on", func() bool {
				var done bool
				err := l.Pool.QueryRow(context.Background(), `SELECT applied_version = version
					FROM log.tickets JOIN threads.tickets USING (ticket_id) WHERE ticket_id = $1`, [16]byte(other)).Scan(&done)
				return err == nil && done
			})
			if at := checkpoint(t, l, partition); at != wrong {
				t.Errorf("the halted checkpoint has moved from %d to %d", wrong, at)
			}

			l.Exec("UPDATE projections.checkpoints SET position = $2, read_to = 0, epoch = 1 WHERE partition = $1", partition, right)
			l.Exec("UPDATE log.events SET epoch = 1 WHERE position <= $1", right)
			await(t, l)
			logtest.CheckRows(t, l.Pool)
			logtest.Eventually(t, "the end of the alarm", func() bool { return halted() == 0 })
		})
	}
}

func checkpoint(t *testing.T, l *logtest.Log, partition int) (position eventstore.Position) {
	t.Helper()
	err := l.Pool.QueryRow(context.Background(), "SELECT position FROM projections.checkpoints WHERE partition = $1", partition).Scan(&position)
	if err != nil {
		t.Fatal(err)
	}
	return position
}

func TestANewEpochIsFollowed(t *testing.T) {
	l := logtest.New(t)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
	p.start()
	script(t, l, 10)
	await(t, l)
	l.Exec("UPDATE log.heads SET epoch = 7")
	script(t, l, 10)
	await(t, l)
	logtest.CheckRows(t, l.Pool)
	var behind int
	err := l.Pool.QueryRow(t.Context(), "SELECT count(*) FROM projections.checkpoints WHERE epoch <> 7").Scan(&behind)
	if err != nil || behind > 0 {
		t.Errorf("%d checkpoints have not followed (%v)", behind, err)
	}
}
