package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/migrations"
)

// TestPostgresKilled kills Postgres, and shuts it down, while clients write. They are
// told that the outcome is not known, or that the service cannot answer; when it is
// back, so is the service.
func TestPostgresKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	server := devstacktest.PostgresServer(t)
	if err := migrations.Up(t.Context(), server.URL()); err != nil {
		t.Fatal(err)
	}
	p := newProductionOn(t, server.URL(), devstacktest.NATS(t))
	instances := p.instances(t, "api,relay,projector,worker", "api,relay,projector,worker")
	apis := []string{instances[0].url, instances[1].url}
	tickets := p.newTickets(t, apis[0], 8)
	l, h := newLedger(t, p.key), newHistory(t, p.key)
	stopWriting := l.write(6, 5*time.Millisecond, tickets[:4], apis...)
	stopRecording := h.record(4, 5*time.Millisecond, tickets[4:], apis...)
	for _, down := range []func() error{
		server.Kill,
		func() error { return server.Stop(t.Context()) },
		server.Kill,
	} {
		l.awaitMore(50)
		time.Sleep(rand.N(100 * time.Millisecond))
		if err := down(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(time.Second))
		if err := server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		back := time.Now()
		l.awaitMore(1)
		t.Logf("%v after Postgres writers go on", time.Since(back))
	}
	l.awaitMore(50)
	stopWriting()
	stopRecording()
	t.Logf("%d of %d comments were acknowledged, the slowest answer took %v", l.acknowledged.Load(), len(l.entries), time.Duration(l.slowest.Load()))
	l.settle(apis...)
	l.check(apis[0])
	h.check()
	p.audit(t, l, apis...)
	awaitNoLag(t, instances...)
}
