package projections_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/relay"
	"github.com/commentd/commentd/internal/devstack"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// carried is a log with a relay that carries it into JetStream.
type carried struct {
	*logtest.Log
	nats *devstack.NATS
	nc   *nats.Conn
}

func newCarried(tb testing.TB) *carried {
	tb.Helper()
	c := &carried{Log: logtest.New(tb), nats: devstacktest.NATS(tb)}
	connect := func() *nats.Conn {
		nc, err := nats.Connect(c.nats.URL(), nats.CustomInboxPrefix(relay.InboxPrefix), nats.MaxReconnects(-1),
			nats.ReconnectWait(10*time.Millisecond), nats.ReconnectBufSize(-1),
			nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(nc.Close)
		return nc
	}
	c.nc = connect()
	slug := func(_ context.Context, id domain.AccountID) (string, error) { return fmt.Sprintf("a-%d", id), nil }
	carrier := relay.New(c.Store, c.Pool, connect(), c.Metrics, relay.Config{Slug: slug})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := carrier.Run(ctx); err != nil {
			tb.Errorf("relay: %v", err)
		}
	})
	tb.Cleanup(func() { cancel(); running.Wait() })
	return c
}

func (c *carried) feed() *relay.Feed { return relay.NewFeed(c.Store, c.nc, 0) }

// Without NATS the projector is fed from the log; with NATS again, all is well.
func TestTheProjectorOutlivesNATS(t *testing.T) {
	c := newCarried(t)
	p := newInstance(t, c.Log, c.Pool, c.feed(), threads.Projection{})
	p.start()
	script(t, c.Log, 10)
	await(t, c.Log)
	for range 2 {
		c.nats.Stop()
		script(t, c.Log, 10)
		await(t, c.Log)
		logtest.CheckRows(t, c.Pool)
		if err := c.nats.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		script(t, c.Log, 10)
		await(t, c.Log)
		logtest.CheckRows(t, c.Pool)
	}
}
