package projections_test

import (
	"context"
	"sync"
	"testing"

	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// fill opens tickets with comments, many at a time.
func fill(b *testing.B, l *logtest.Log, tickets, comments int) {
	b.Helper()
	var filling sync.WaitGroup
	free := make(chan struct{}, 64)
	for range tickets {
		free <- struct{}{}
		filling.Go(func() {
			defer func() { <-free }()
			ticket := l.Open(1, nil)
			for range comments {
				l.Comment(1, ticket, true, "I have the same problem since the last update.")
			}
		})
	}
	filling.Wait()
}

// BenchmarkCatchUp is how fast a projector that was away comes to the end of the log.
func BenchmarkCatchUp(b *testing.B) {
	l := logtest.New(b)
	fill(b, l, 1000, 20)
	head, err := l.Store.Head(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		b.StopTimer()
		l.Exec("TRUNCATE threads.tickets, threads.comments, projections.checkpoints, projections.members")
		b.StartTimer()
		p := newInstance(b, l, l.Pool, logFeed{l.Store}, threads.Projection{})
		p.start()
		await(b, l)
		b.StopTimer()
		p.stop()
		b.StartTimer()
	}
	b.ReportMetric(float64(head.Position)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
