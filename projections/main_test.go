package projections_test

import (
	"context"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		child(url)
		return
	}
	if url := os.Getenv(childRebuild); url != "" {
		rebuildChild(url)
		return
	}
	devstacktest.Main(m)
}

// lease is short in tests, so that they need not wait long for one to expire.
const lease = 400 * time.Millisecond

// instance is a projector as another process would have it, but for the process.
type instance struct {
	*projections.Projector
	tb     testing.TB
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newInstance(tb testing.TB, l *logtest.Log, pool *pgxpool.Pool, feed projections.Feed, projection projections.Projection) *instance {
	return leasing(tb, l, pool, feed, projection, lease)
}

func leasing(tb testing.TB, l *logtest.Log, pool *pgxpool.Pool, feed projections.Feed, projection projections.Projection, lease time.Duration) *instance {
	return &instance{tb: tb, Projector: projections.New(pool, projection, feed, l.Store, l.Metrics,
		projections.Config{Lease: lease, MaxBatch: 50})}
}

func (i *instance) start() {
	ctx, cancel := context.WithCancel(context.Background())
	i.cancel = cancel
	i.done.Go(func() {
		if err := i.Run(ctx); err != nil {
			i.tb.Errorf("Run: %v", err)
		}
	})
	i.tb.Cleanup(i.stop)
}

func (i *instance) stop() {
	i.cancel()
	i.done.Wait()
}

// await waits until all that is in the log now has been applied.
func await(tb testing.TB, l *logtest.Log) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	head, err := l.Store.Head(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	if err := projections.Await(ctx, l.Pool, threads.Name, 0, head.Position); err != nil {
		tb.Fatal(err)
	}
}

// script lets n things happen to a few tickets of two accounts.
func script(tb testing.TB, l *logtest.Log, n int) {
	tb.Helper()
	type comment struct {
		account domain.AccountID
		ticket  domain.TicketID
		id      domain.CommentID
		public  bool
	}
	var comments []comment
	tickets := map[domain.TicketID]domain.AccountID{l.Open(1, nil): 1, l.Open(2, nil): 2, l.Open(1, nil): 1}
	for range n {
		for ticket, account := range tickets { // any of them
			c := comment{account: account, ticket: ticket, public: rand.IntN(2) == 0}
			c.id = l.Comment(account, ticket, c.public, "something")
			comments = append(comments, c)
			break
		}
		i := rand.IntN(len(comments))
		c := &comments[i]
		switch rand.IntN(4) {
		case 0:
			l.Do(domain.UpdateComment{Account: c.account, Ticket: c.ticket, Comment: c.id, By: logtest.Agent, Text: logtest.NewText(uuid.NewString()), Audit: 1})
		case 1:
			c.public = !c.public
			l.Do(domain.UpdateComment{Account: c.account, Ticket: c.ticket, Comment: c.id, By: logtest.Agent, Public: &c.public, Audit: 1})
		case 2:
			l.Do(domain.DeleteComment{Account: c.account, Ticket: c.ticket, Comment: c.id, By: logtest.Agent, Audit: 1})
			comments = append(comments[:i], comments[i+1:]...)
		}
	}
}

// logFeed reads the log itself: a feed as good as any.
type logFeed struct{ store *eventstore.Store }

func (f logFeed) Run(ctx context.Context, from eventstore.Position, deliver func(context.Context, []eventstore.Recorded) error) error {
	for ctx.Err() == nil {
		appended := f.store.Appended()
		batch, err := f.store.ReadAll(ctx, from, 100)
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			select {
			case <-appended:
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond): // other processes append too
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

// silentFeed delivers nothing.
type silentFeed struct{}

func (silentFeed) Run(ctx context.Context, _ eventstore.Position, _ func(context.Context, []eventstore.Recorded) error) error {
	<-ctx.Done()
	return ctx.Err()
}

// gauge is the value that a gauge shows.
func gauge(t *testing.T, g prometheus.Gauge) float64 {
	t.Helper()
	var m dto.Metric
	if err := g.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetGauge().GetValue()
}

// noLeaks fails the test if goroutines outlive what it started.
func noLeaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, append(devstacktest.Closing(), before)...) })
}
