package relay

import (
	"context"

	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstack"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

func TestMain(m *testing.M) {
	if run := children[os.Getenv(childMode)]; run != nil {
		if err := run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	devstacktest.Main(m)
}

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// eventually waits until the condition, which says what is missing, is met.
func eventually(t testing.TB, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", patience, err)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func slugs(_ context.Context, id domain.AccountID) (string, error) {
	return fmt.Sprintf("a-%d", id), nil
}

func connect(t testing.TB, url string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, nats.CustomInboxPrefix(InboxPrefix), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(10*time.Millisecond), nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// hurry is timing for tests in which things go wrong.
var hurry = timing{check: 20 * time.Millisecond, ack: 300 * time.Millisecond, standby: 20 * time.Millisecond,
	stall: 200 * time.Millisecond, restart: time.Second}

// rig is a log, a broker and a view of the stream as an operator has it.
type rig struct {
	*log
	t      testing.TB
	nats   *devstack.NATS // nil if the broker is another process
	broker string         // its URL
	nc     *nats.Conn     // not the relay's
	js     jetstream.JetStream
	shard  int16
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return newRigOn(t, newLog(t))
}

func newRigOn(t testing.TB, l *log) *rig {
	t.Helper()
	r := &rig{log: l, t: t, nats: devstacktest.NATS(t)}
	r.broker = r.nats.URL()
	r.nc = connect(t, r.broker)
	var err error
	if r.js, err = jetstream.New(r.nc); err != nil {
		t.Fatal(err)
	}
	return r
}

// relay starts a relay of its own connections, as another process would have it.
func (r *rig) relay(adjust ...func(*Relay)) *carrier {
	r.t.Helper()
	return r.relayOf(r.log, adjust...)
}

func (r *rig) relayOf(l *log, adjust ...func(*Relay)) *carrier {
	r.t.Helper()
	nc := connect(r.t, r.broker)
	registry := prometheus.NewRegistry()
	relay := New(l, l.pool, nc, metrics.New(registry), Config{Slug: slugs, BaseURL: "http://localhost"})
	relay.timing = hurry
	for _, f := range adjust {
		f(relay)
	}
	c := &carrier{Relay: relay, given: nc, registry: registry}
	c.stop = r.start(relay.Run)
	return c
}

// carrier is a running relay.
type carrier struct {
	*Relay
	given    *nats.Conn
	registry *prometheus.Registry
	stop     func()
}

// metric returns the value of one of the relay's metrics; label is the value of its
// only label, or empty.
func (c *carrier) metric(name, label string) float64 { return metricOf(c.registry, name, label) }

func metricOf(registry *prometheus.Registry, name, label string) float64 {
	families, err := registry.Gather()
	if err != nil {
		return -1
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() != name || label != "" && m.GetLabel()[0].GetValue() != label {
				continue
			}
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return 0
}

func (c *carrier) healedBy(cause string) int {
	return int(c.metric("commentd_relay_healed_total", cause))
}

// awaitState waits for the relay to come into a state.
func (r *rig) awaitState(c *carrier, want State) Status {
	r.t.Helper()
	eventually(r.t, func() error {
		if got := c.Status(); got.State != want {
			return fmt.Errorf("relay is %s (%s), want %s", got.State, got.Reason, want)
		}
		return nil
	})
	return c.Status()
}

// info returns the stream as it is, or nil.
func (r *rig) info() *jetstream.StreamInfo {
	s, err := r.js.Stream(context.Background(), StreamName(r.shard))
	if err != nil {
		return nil
	}
	return s.CachedInfo()
}

// awaitRelayed waits until the stream ends where the log ends.
func (r *rig) awaitRelayed() {
	r.t.Helper()
	eventually(r.t, func() error {
		want := r.head().Position
		if info := r.info(); info == nil || info.State.LastSeq != uint64(want) {
			return fmt.Errorf("stream is %+v, want it to end at %d", info, want)
		}
		return nil
	})
}

// contents reads the whole stream.
func (r *rig) contents() map[eventstore.Position]eventstore.Recorded {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := r.js.CreateConsumer(ctx, StreamName(r.shard), jetstream.ConsumerConfig{AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true})
	if err != nil {
		r.t.Fatal(err)
	}
	events := make(map[eventstore.Position]eventstore.Recorded)
	for left := c.CachedInfo().NumPending; left > 0; {
		batch, err := c.Fetch(int(min(left, 1000)), jetstream.FetchMaxWait(patience))
		if err != nil {
			r.t.Fatal(err)
		}
		for msg := range batch.Messages() {
			left--
			meta, err := msg.Metadata()
			if err != nil {
				r.t.Fatal(err)
			}
			e, err := Decode(meta.Sequence.Stream, msg.Headers(), msg.Data())
			if err != nil {
				r.t.Fatalf("message %d: %v", meta.Sequence.Stream, err)
			}
			slug, _ := slugs(ctx, e.Account)
			if want := subjectOf(r.shard, slug, e.Internal, e.Type); msg.Subject() != want {
				r.t.Errorf("message %d is on %s, want %s", meta.Sequence.Stream, msg.Subject(), want)
			}
			events[e.Position] = e
		}
		if err := batch.Error(); err != nil {
			r.t.Fatal(err)
		}
	}
	return events
}

// wantDense fails the test unless the stream holds the log from a position to its
// end, each event at its place, and nothing else.
func (r *rig) wantDense(from eventstore.Position) {
	r.t.Helper()
	r.wantAllBut(from, nil)
}

func (r *rig) wantAllBut(from eventstore.Position, holes []eventstore.Position) {
	r.t.Helper()
	got := r.contents()
	for after := eventstore.Position(0); ; {
		page, err := r.ReadAll(context.Background(), after, 5000)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, want := range page {
			after = want.Position
			e, ok := got[want.Position]
			delete(got, want.Position)
			hole := want.Position < from
			for _, h := range holes {
				hole = hole || h == want.Position
			}
			if ok && !reflect.DeepEqual(want, e) {
				r.t.Fatalf("position %d (-log +stream):\n%s", want.Position, cmp.Diff(want, e))
			}
			if ok == hole {
				r.t.Fatalf("position %d in the stream: %t, want %t", want.Position, ok, !hole)
			}
		}
	}
	if len(got) > 0 {
		r.t.Fatalf("%d messages in the stream that are not in the log", len(got))
	}
}

// healthy is the state of all things well.
func (r *rig) wantHealthy(c *carrier) {
	r.t.Helper()
	eventually(r.t, c.Health)
}

// difference returns what is the first to be different in two runs of events, or an
// empty string.
func difference(want, got []eventstore.Recorded) string {
	for i := range min(len(want), len(got)) {
		if !reflect.DeepEqual(want[i], got[i]) {
			return fmt.Sprintf("event %d (-want +got):\n%s", i, cmp.Diff(want[i], got[i]))
		}
	}
	if len(want) != len(got) {
		return fmt.Sprintf("%d events, want %d", len(got), len(want))
	}
	return ""
}

func wantError(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v; want one with %q", err, want)
	}
}

// statusAt returns nil if the relay says that the stream has the log up to at.
func statusAt(c *carrier, at eventstore.Position) error {
	if got := c.Status().Position; got != at {
		return fmt.Errorf("relay is at %d, want %d", got, at)
	}
	return nil
}
