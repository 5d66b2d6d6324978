package feed_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/projections/feed"
	"github.com/commentd/commentd/projections/internal/logtest"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

const (
	ours   = domain.AccountID(1)
	theirs = domain.AccountID(2)
)

// failing is a source that breaks off now and then.
type failing struct {
	feed.Source
	every int32
	runs  atomic.Int32
}

var errBroken = errors.New("the source has broken off")

func (f *failing) Run(ctx context.Context, from eventstore.Position, deliver func(context.Context, []eventstore.Recorded) error) error {
	f.runs.Add(1)
	var delivered int32
	return f.Source.Run(ctx, from, func(ctx context.Context, events []eventstore.Recorded) error {
		if delivered++; f.every > 0 && delivered > f.every {
			return errBroken
		}
		return deliver(ctx, events)
	})
}

func start(t *testing.T, l *logtest.Log, source feed.Source) (hub *feed.Hub, stop func()) {
	t.Helper()
	hub = feed.New(l.Store, source)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	t.Cleanup(stop)
	return hub, stop
}

// follow takes events until it has n.
func follow(t *testing.T, w *feed.Watcher, n int) (positions []eventstore.Position) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(positions) < n {
		events, err := w.Next(ctx)
		if err != nil || len(events) == 0 {
			t.Fatalf("Next = %d events, %v, after %d of %d", len(events), err, len(positions), n)
		}
		for _, e := range events {
			if e.Account != ours {
				t.Fatalf("an event of account %d", e.Account)
			}
			positions = append(positions, e.Position)
		}
	}
	return positions
}

// TestWatchers: watchers that come, go and come again while others write are told of
// every event of their account once and in order, whatever becomes of the source.
func TestWatchers(t *testing.T) {
	l := logtest.New(t)
	hub, _ := start(t, l, &failing{Source: feed.Polling{Log: l.Store}, every: 7})
	mine, other := l.Open(ours, nil), l.Open(theirs, nil)
	const writers, comments = 4, 60
	var writing sync.WaitGroup
	for range writers {
		writing.Go(func() {
			for range comments {
				l.Comment(ours, mine, true, "text")
				l.Comment(theirs, other, true, "text")
			}
		})
	}
	const all = writers*comments + 1
	var watching sync.WaitGroup
	heard := make([][]eventstore.Position, 8)
	for i := range heard {
		watching.Go(func() {
			var at eventstore.Position
			for len(heard[i]) < all {
				w := hub.Watch(ours, at)
				got := follow(t, w, min(1+rand.IntN(40), all-len(heard[i])))
				w.Close()
				heard[i] = append(heard[i], got...)
				at = got[len(got)-1]
			}
		})
	}
	writing.Wait()
	watching.Wait()
	var want []eventstore.Position
	events, err := l.Store.ReadAll(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Account == ours {
			want = append(want, e.Position)
		}
	}
	for i, got := range heard {
		if !slices.Equal(got, want) {
			t.Errorf("watcher %d heard of %d events, not of the %d there are, each once and in order", i, len(got), len(want))
		}
	}
}

// TestSlowWatcher: who does not come for a long time has missed nothing, and keeps
// nobody waiting.
func TestSlowWatcher(t *testing.T) {
	l := logtest.New(t)
	hub, _ := start(t, l, feed.Polling{Log: l.Store})
	ticket := l.Open(ours, nil)
	slow, fast := hub.Watch(ours, 0), hub.Watch(ours, 0)
	defer slow.Close()
	defer fast.Close()
	first := follow(t, slow, 1)
	const many = 1500 // more than are kept in memory
	var writing sync.WaitGroup
	for range 10 {
		writing.Go(func() {
			for range many / 10 {
				l.Comment(ours, ticket, true, "text")
			}
		})
	}
	all := follow(t, fast, many+1)
	writing.Wait()
	if got := append(first, follow(t, slow, many)...); !slices.Equal(got, all) {
		t.Error("the slow watcher heard of other events than the fast one")
	}
}

// TestPassed: a watcher knows how far it has come although nothing happens in its account.
func TestPassed(t *testing.T) {
	l := logtest.New(t)
	hub, _ := start(t, l, feed.Polling{Log: l.Store})
	l.Open(ours, nil)
	w := hub.Watch(ours, 0)
	defer w.Close()
	at := follow(t, w, 1)[0]
	if got := w.Passed(); got != at {
		t.Errorf("Passed = %d after the event at %d; want that", got, at)
	}
	other := l.Open(theirs, nil)
	for range 20 {
		l.Comment(theirs, other, true, "text")
	}
	logtest.Eventually(t, "the others' events are passed by", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if events, err := w.Next(ctx); err == nil {
			t.Fatalf("Next = %v; want none", events)
		}
		return w.Passed() == at+21
	})
	l.Comment(ours, l.Open(ours, nil), true, "text")
	if got := w.Passed(); got >= at+22 {
		t.Errorf("Passed = %d, beyond an event that was not handed out", got)
	}
}

// TestIdleHub: nothing is asked of the log, and the source is left alone, while nobody
// watches.
func TestIdleHub(t *testing.T) {
	l := logtest.New(t)
	source := &failing{Source: feed.Polling{Log: l.Store}}
	hub, _ := start(t, l, source)
	l.Open(ours, nil)
	if n := source.runs.Load(); n != 0 {
		t.Errorf("the source was run %d times for nobody", n)
	}
	w := hub.Watch(ours, 0)
	follow(t, w, 1)
	w.Close()
	if n := source.runs.Load(); n != 1 {
		t.Errorf("the source was run %d times for one watcher; want 1", n)
	}
}

// TestEnds: a watcher is told that its caller has gone, that the hub has stopped, and
// that the log does not reach as far as it was said to.
func TestEnds(t *testing.T) {
	l := logtest.New(t)
	hub, stop := start(t, l, feed.Polling{Log: l.Store})
	l.Open(ours, nil)
	w := hub.Watch(ours, 1)
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if events, err := w.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next = %v, %v; want context.Canceled", events, err)
	}
	beyond := hub.Watch(ours, 17)
	defer beyond.Close()
	if events, err := beyond.Next(t.Context()); !errors.Is(err, feed.ErrAhead) {
		t.Errorf("Next after 17 of 1 = %v, %v; want ErrAhead", events, err)
	}
	time.AfterFunc(20*time.Millisecond, stop)
	if events, err := w.Next(t.Context()); !errors.Is(err, feed.ErrStopped) {
		t.Errorf("Next = %v, %v; want ErrStopped", events, err)
	}
}
