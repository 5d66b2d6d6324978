package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
)

// hastyOutlets is timing for tests in which things go wrong.
var hastyOutlets = outletTiming{tick: 20 * time.Millisecond, idle: 20 * time.Millisecond, lease: 500 * time.Millisecond, check: 20 * time.Millisecond,
	ack: 300 * time.Millisecond, note: 100 * time.Millisecond}

// watcher reads the events of an account from the log.
type watcher struct {
	log     *log
	account domain.AccountID
	at      eventstore.Position
}

func (l *log) watch(account domain.AccountID, after eventstore.Position) Watcher {
	return &watcher{l, account, after}
}

func (w *watcher) Next(ctx context.Context) ([]eventstore.Recorded, error) {
	for {
		appended := w.log.Appended()
		page, err := w.log.ReadAll(ctx, w.at, pageSize)
		if err != nil {
			return nil, err
		}
		if len(page) > 0 {
			w.at = page[len(page)-1].Position
			page = slices.DeleteFunc(page, func(e eventstore.Recorded) bool { return e.Account != w.account })
			if len(page) > 0 {
				return page, nil
			}
			continue
		}
		if head, err := w.log.Head(ctx); err != nil || head.Position < w.at {
			return nil, errors.Join(err, ErrAhead)
		}
		select {
		case <-appended:
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (w *watcher) Passed() eventstore.Position { return w.at }
func (w *watcher) Close()                      {}

// outletFiller is a running Outlets.
type outletFiller struct {
	*Outlets
	registry *prometheus.Registry
	stop     func()
}

// outlets starts one of connections of its own, as another process would have it.
func (r *rig) outlets(adjust ...func(*Outlets)) *outletFiller {
	r.t.Helper()
	nc := connect(r.t, r.broker)
	registry := prometheus.NewRegistry()
	o := NewOutlets(r.log, r.outletStore(), r.watch, nc, metrics.New(registry), Config{Slug: slugs, BaseURL: "http://localhost"})
	o.timing = hastyOutlets
	for _, f := range adjust {
		f(o)
	}
	return &outletFiller{o, registry, r.start(o.Run)}
}

// start runs something until the test ends, or the function returned is called.
func (r *rig) start(run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	var stopped bool
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("Run: %v", err)
		}
	}
	r.t.Cleanup(stop)
	return stop
}

func (r *rig) outletStore() *OutletStore { return NewOutletStore(r.pool, r.shard) }

func (r *rig) open(account domain.AccountID, a Audience, start eventstore.Position) {
	r.t.Helper()
	if err := r.outletStore().Open(context.Background(), account, a, start); err != nil {
		r.t.Fatal(err)
	}
}

func outletOf(account domain.AccountID, a Audience) string {
	slug, _ := slugs(context.Background(), account)
	return OutletStream(slug, a)
}

// copied is all that there is of a message to whoever reads it.
type copied struct {
	Sequence uint64
	Subject  string
	Header   nats.Header
	Data     string
}

// outletInfo returns the stream of an outlet as it is, or nil.
func (r *rig) outletInfo(name string) *jetstream.StreamInfo {
	s, err := r.js.Stream(context.Background(), name)
	if err != nil {
		return nil
	}
	return s.CachedInfo()
}

// copyOf reads a whole stream.
func (r *rig) copyOf(name string) []copied {
	r.t.Helper()
	info := r.outletInfo(name)
	if info == nil || info.State.Msgs == 0 {
		return nil
	}
	raw, err := lastOf(context.Background(), r.js, name, info.State.FirstSeq, info.State.LastSeq, int(info.State.LastSeq))
	if err != nil {
		r.t.Fatal(err)
	}
	messages := make([]copied, len(raw))
	for i, m := range raw {
		messages[i] = copied{m.sequence, m.Subject(), m.Headers(), string(m.Data())}
	}
	return messages
}

// due are the events that an outlet tells of.
func (r *rig) due(account domain.AccountID, a Audience, start eventstore.Position) []eventstore.Recorded {
	r.t.Helper()
	var told []eventstore.Recorded
	for after := start; ; {
		page, err := r.ReadAll(context.Background(), after, 5000)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(page) == 0 {
			return told
		}
		for _, e := range page {
			after = e.Position
			if e.Account == account && (a == AudienceAll || !e.Internal) {
				told = append(told, e)
			}
		}
	}
}

// awaitOutlet waits until the outlet has as many messages as are due.
func (r *rig) awaitOutlet(account domain.AccountID, a Audience, start eventstore.Position) {
	r.t.Helper()
	eventually(r.t, func() error {
		want := uint64(len(r.due(account, a, start)))
		if info := r.outletInfo(outletOf(account, a)); info == nil || info.State.LastSeq != want {
			return fmt.Errorf("outlet is %+v, want it to end at %d", info, want)
		}
		return nil
	})
}

// wantOutlet fails the test unless the outlet holds what is due, each event once, in
// order, from the sequence 1.
func (r *rig) wantOutlet(account domain.AccountID, a Audience, start eventstore.Position) []copied {
	r.t.Helper()
	r.awaitOutlet(account, a, start)
	got, due := r.copyOf(outletOf(account, a)), r.due(account, a, start)
	if len(got) != len(due) {
		r.t.Fatalf("%d messages, want %d", len(got), len(due))
	}
	for i, e := range due {
		if got[i].Sequence != uint64(i+1) || got[i].Header.Get("ce-id") != e.ID.String() {
			r.t.Fatalf("message %d has sequence %d and is of event %s, want %s", i+1, got[i].Sequence, got[i].Header.Get("ce-id"), e.ID)
		}
	}
	return got
}

// wantSame compares two readings of a stream, byte by byte.
func wantSame(t *testing.T, want, got []copied) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		if diff := cmp.Diff(want[i], got[i]); diff != "" {
			t.Fatalf("message %d has changed (-before +after):\n%s", i+1, diff)
		}
	}
	if len(got) < len(want) {
		t.Fatalf("%d messages, there were %d", len(got), len(want))
	}
}

// outletHealed is how often an outlet was repaired for a cause.
func (o *outletFiller) outletHealed(cause string) int {
	return int(metricOf(o.registry, "commentd_outlet_healed_total", cause))
}

func (r *rig) wantOutletsHealthy(o *outletFiller) {
	r.t.Helper()
	eventually(r.t, o.Health)
}
