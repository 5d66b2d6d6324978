package projections_test

import (
	"context"
	"testing"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

// logFeed reads the log itself: a feed as good as any.
type logFeed struct{ store *eventstore.Store }

func (f logFeed) Run(ctx context.Context, from eventstore.Position, deliver func(context.Context, []eventstore.Recorded) error) error {
	for ctx.Err() == nil {
		c := f.store.Appended()
		batch, err := f.store.ReadAll(ctx, from, 100)
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			select {
			case <-c:
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		if err := deliver(ctx, batch); err != nil {
			return err
		}
		from = batch[len(batch)-1].Position
	}
	return ctx.Err()
}

func TestSmoke(t *testing.T) {
	l := logtest.New(t)
	p := projections.New(l.Pool, threads.Projection{}, logFeed{l.Store}, l.Store, l.Metrics, projections.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { p.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	tk := l.Open(1, nil)
	c := l.Comment(1, tk, true, "hello")
	r := l.Do(domain.UpdateComment{Account: 1, Ticket: tk, Comment: c, By: logtest.Agent, Text: logtest.NewText("hello2"), Audit: 7})
	if err := projections.Await(ctx, l.Pool, "threads", 0, r.Position); err != nil {
		t.Fatal(err)
	}
	var n int
	l.Pool.QueryRow(ctx, "select revision from threads.comments").Scan(&n)
	if n != 3 {
		t.Fatal(n)
	}
}
