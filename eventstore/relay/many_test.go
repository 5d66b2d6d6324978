package relay

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
	"github.com/commentd/commentd/migrations"
)

// load appends n times, in a hurry, from two sides.
func (r *rig) load(n int) *sync.WaitGroup {
	var appending sync.WaitGroup
	for i := range 2 {
		appending.Go(func() {
			for j := range n {
				if i == 0 {
					r.append(1 + j%40)
				} else {
					r.appendUnheard(1 + j%40)
				}
			}
		})
	}
	return &appending
}

func TestOfTwoRelaysOneStandsBy(t *testing.T) {
	r := newRig(t)
	one, other := r.relay(), r.relay()
	r.wantHealthy(one)
	r.wantHealthy(other)
	if one.Status().State == StateStandby {
		one, other = other, one
	}
	if got := other.Status().State; got != StateStandby {
		t.Fatalf("the other relay is %s, want %s", got, StateStandby)
	}
	other.metrics.RelayLag.Set(7) // as one says that had the lease when Postgres went away
	eventually(t, func() error {
		if lag := other.metric("commentd_relay_lag_events", ""); lag != 0 {
			return fmt.Errorf("the lag on standby is %v, want 0", lag)
		}
		return nil
	})
	r.append(10)
	r.awaitRelayed()
	one.stop()
	r.append(10)
	r.awaitRelayed()
	r.awaitState(other, StateRelaying)
	r.wantDense(1)
}

// The lease of these relays is of no use: each has one of its own.
func TestManyRelaysWithoutLease(t *testing.T) {
	for _, tt := range []struct {
		relays int
		slow   bool
	}{{2, false}, {5, false}, {3, true}} {
		t.Run(fmt.Sprintf("%d slow %t", tt.relays, tt.slow), func(t *testing.T) {
			r := newRig(t)
			r.append(5000)
			var all []*carrier
			for i := range tt.relays {
				all = append(all, r.relay(func(r *Relay) { r.lease.shard, r.slow = int16(i), tt.slow }))
			}
			r.load(60).Wait()
			r.awaitRelayed()
			r.wantDense(1)
			for _, c := range all {
				r.wantHealthy(c)
				for _, cause := range []string{"foreign message", "epoch raised", "tail lost", "tail missing", "beginning missing"} {
					if n := c.healedBy(cause); n != 0 {
						t.Errorf("a relay healed by %s %d times", cause, n)
					}
				}
			}
		})
	}
}

// A lease may be held by nobody who works: a stopped process, a pooler's session.
func TestLeaseThatNobodyUsesIsDisregarded(t *testing.T) {
	r := newRig(t)
	conn, err := pgx.Connect(t.Context(), r.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "SELECT pg_advisory_lock($1, 0)", leaseClass); err != nil {
		t.Fatal(err)
	}
	one, other := r.relay(), r.relay()
	r.load(20).Wait()
	r.awaitRelayed()
	r.wantDense(1)
	r.wantHealthy(one)
	r.wantHealthy(other)
}

// Somebody who hears what the relay publishes and may answer tells it that everything
// was stored, and in the end that more was.
func TestForgedAcknowledgements(t *testing.T) {
	r := newRig(t)
	c := r.relay()
	r.wantHealthy(c)
	var mu sync.Mutex
	forged := 0
	forger := connect(t, r.broker)
	if _, err := forger.Subscribe("commentd.log.>", func(m *nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		forged++
		var next int
		_, _ = fmt.Sscan(m.Header.Get(headerExpectedLast), &next)
		seq := next + 1
		if forged%10 == 0 {
			seq = 424242
		}
		_ = m.Respond(fmt.Appendf(nil, `{"stream":"COMMENTD_LOG","seq":%d}`, seq))
	}); err != nil {
		t.Fatal(err)
	}
	if err := forger.Flush(); err != nil {
		t.Fatal(err)
	}
	appending := r.load(60)
	for range 5 { // the forger then is the only one who answers
		time.Sleep(30 * time.Millisecond)
		_ = r.js.DeleteStream(t.Context(), StreamName(0))
	}
	appending.Wait()
	r.awaitRelayed()
	mu.Lock()
	n := forged
	mu.Unlock()
	if n == 0 {
		t.Fatal("nothing was forged")
	}
	r.wantDense(1)
	forger.Close()
	r.append(1)
	r.awaitRelayed()
	r.wantHealthy(c)
}

func TestRelayWaitsForNATS(t *testing.T) {
	r := newRig(t)
	r.nats.Stop()
	c := r.relay()
	r.append(10)
	r.awaitState(c, StateWaitingForNATS)
	wantError(t, c.Health(), "NATS")
	for range 3 {
		if err := r.nats.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.awaitRelayed()
		r.wantHealthy(c)
		r.append(100)
		r.nats.Stop()
		r.awaitState(c, StateWaitingForNATS)
		r.append(100)
	}
	eventually(t, func() error {
		if lag := c.metric("commentd_relay_lag_events", ""); lag < 100 {
			return fmt.Errorf("lag is %v, want at least 100", lag)
		}
		return nil
	})
	if err := r.nats.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.awaitRelayed()
	r.wantDense(1)
	eventually(t, func() error {
		if lag := c.metric("commentd_relay_lag_events", ""); lag != 0 {
			return fmt.Errorf("lag is %v, want 0", lag)
		}
		return nil
	})
}

// While NATS is away no stream refuses anything, and whoever has the lease is not idle.
func TestAnOutageIsNoRefusal(t *testing.T) {
	r := newRig(t)
	relay := New(r.log, r.pool, connect(t, r.broker), metrics.New(prometheus.NewRegistry()), Config{Slug: slugs})
	relay.watched = watched{last: 5, since: time.Now().Add(-time.Hour)}
	for range manyRefusals {
		relay.explain(t.Context(), errDisconnected)
	}
	if relay.watched != (watched{}) {
		t.Error("the time without NATS counts as one in which the other relay does not get on")
	}
	for i := range manyRefusals {
		if got := relay.Status().State; got != StateWaitingForNATS {
			t.Fatalf("after %d refusals the relay is %s", i, got)
		}
		relay.explain(t.Context(), errNotNext)
	}
	if got := relay.Status().State; got != StateRefused {
		t.Errorf("after many refusals in a row the relay is %s", got)
	}
}

func TestRelayWaitsForPostgres(t *testing.T) {
	if testing.Short() {
		t.Skip("needs Postgres")
	}
	server := devstacktest.PostgresServer(t)
	if err := migrations.Up(t.Context(), server.URL()); err != nil {
		t.Fatal(err)
	}
	r := newRigOn(t, openLog(t, server.URL()))
	c, rd := r.relay(), r.feed(0)
	for range 2 {
		r.append(500)
		r.awaitRelayed()
		rd.wantAll(0)
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		r.awaitState(c, StateWaitingForLog)
		if err := c.Health(); err == nil || err.Error() != "waiting for Postgres" {
			t.Errorf("anybody is told %v", err) // no host, no user
		}
		if err := server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.wantHealthy(c)
	}
	eventually(t, func() error { // connections of the pool may have to die first
		_, err := r.pool.Exec(t.Context(), "SELECT 1")
		return err
	})
	r.append(500)
	r.awaitRelayed()
	r.wantDense(1)
	rd.wantAll(0)
}

// Two questions to Postgres in a second may go unnoticed; the relay asks one, the feed
// half a one.
func TestIdleRelayAndFeedAskLittle(t *testing.T) {
	r := newRig(t)
	r.append(10)
	c := r.relay(func(r *Relay) { r.timing.check = time.Second })
	rd := r.feed(0)
	r.awaitRelayed()
	rd.wantAll(0)
	r.wantHealthy(c)
	const settled = 6 * time.Second // until all pauses are at their longest
	time.Sleep(settled)
	began, before := time.Now(), r.queries.Load()
	time.Sleep(5 * time.Second)
	asked, seconds := r.queries.Load()-before, time.Since(began).Seconds()
	if limit := 1.5*seconds + 1; float64(asked) > limit {
		t.Errorf("%d queries in %.1f s, want at most %.0f", asked, seconds, limit)
	}
	if asked == 0 {
		t.Error("no queries at all: nobody looks at the log")
	}
	rd.mu.Lock()
	defer rd.mu.Unlock()
	if len(rd.events) != 10 {
		t.Errorf("%d events delivered, want 10", len(rd.events))
	}
}
