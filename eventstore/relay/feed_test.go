package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"pgregory.net/rapid"

	"github.com/commentd/commentd/eventstore"
)

// reader is a running feed and what it has delivered.
type reader struct {
	r      *rig
	nc     *nats.Conn
	stop   func() error // ends the feed and returns what Run returned
	mu     sync.Mutex
	events []eventstore.Recorded
}

func (r *rig) feed(from eventstore.Position) *reader {
	r.t.Helper()
	rd := &reader{r: r, nc: connect(r.t, r.broker)}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- NewFeed(r.log, rd.nc, r.shard).Run(ctx, from, rd.deliver) }()
	rd.stop = sync.OnceValue(func() error { stop(); return <-ended })
	r.t.Cleanup(func() { _ = rd.stop() })
	return rd
}

func (rd *reader) deliver(_ context.Context, batch []eventstore.Recorded) error {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	rd.events = append(rd.events, batch...)
	return nil
}

func (rd *reader) delivered() []eventstore.Recorded {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	return rd.events
}

// wantAll waits until the feed has delivered the log after a position, and fails the
// test if that is not the log.
func (rd *reader) wantAll(from eventstore.Position) {
	rd.r.t.Helper()
	n := int(rd.r.head().Position - from)
	eventually(rd.r.t, func() error {
		if got := len(rd.delivered()); got < n {
			return fmt.Errorf("%d events delivered, want %d", got, n)
		}
		return nil
	})
	want, err := rd.r.ReadAll(context.Background(), from, n)
	if err != nil {
		rd.r.t.Fatal(err)
	}
	if diff := difference(want, rd.delivered()); diff != "" {
		rd.r.t.Fatalf("delivered is not the log: %s", diff)
	}
}

func TestFeedDeliversTheLog(t *testing.T) {
	for _, from := range []eventstore.Position{0, 1, 1500, 3000} {
		t.Run(fmt.Sprint("from ", from), func(t *testing.T) {
			r := newRig(t)
			r.append(3000)
			r.relay()
			rd := r.feed(from)
			rd.wantAll(from)
			for range 100 {
				r.append(2)
			}
			rd.wantAll(from)
			r.appendUnheard(5)
			rd.wantAll(from)
			if err := rd.stop(); err != nil {
				t.Errorf("Run = %v, want nil", err)
			}
		})
	}
}

// The stream is what makes a feed fast: while all is well the log is not asked for
// events.
func TestFeedTakesNewEventsFromTheStream(t *testing.T) {
	r := newRig(t)
	r.wantHealthy(r.relay())
	r.append(1)
	counting := &countingLog{log: r.log}
	rd := &reader{r: r}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- NewFeed(counting, r.nc, 0).Run(ctx, 0, rd.deliver) }()
	rd.wantAll(0)
	eventually(t, func() error {
		if info := r.info(); info.State.Consumers == 0 {
			return errors.New("the feed has not subscribed")
		}
		return nil
	})
	for range 100 {
		r.append(5)
		rd.wantAll(0)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	// A pause of the machine may make the feed miss an event for long enough.
	if counting.read > 250 {
		t.Errorf("%d of 501 events were read from the log, want 1", counting.read)
	}
}

// countingLog counts the events that are read from it.
type countingLog struct {
	*log
	read int
}

func (l *countingLog) ReadAll(ctx context.Context, after eventstore.Position, limit int) ([]eventstore.Recorded, error) {
	events, err := l.log.ReadAll(ctx, after, limit)
	l.read += len(events)
	return events, err
}

func TestFeedWithoutNATS(t *testing.T) {
	r := newRig(t)
	r.append(10)
	r.nats.Stop()
	rd := r.feed(0)
	rd.wantAll(0)
	r.append(10)
	rd.wantAll(0)
	r.appendUnheard(10)
	rd.wantAll(0)
	if err := r.nats.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.relay()
	r.awaitRelayed()
	r.append(10)
	rd.wantAll(0)
}

// Whatever becomes of the stream, the feed delivers the log.
func TestFeedOutlivesTheStream(t *testing.T) {
	r := newRig(t)
	c := r.relay()
	r.wantHealthy(c)
	rd := r.feed(0)
	r.append(10)
	rd.wantAll(0)
	for _, tt := range []struct {
		name string
		do   func() error
	}{
		{"deleted", func() error { return r.js.DeleteStream(t.Context(), StreamName(0)) }},
		{"server restarted", func() error { return r.nats.Restart(t.Context()) }},
		{"connection cut", func() error { return rd.nc.ForceReconnect() }},
		{"relay gone", func() error { c.stop(); return nil }},
		{"server gone", func() error { r.nats.Stop(); return nil }},
		{"server back", func() error { return r.nats.Restart(t.Context()) }},
		{"relay back", func() error { c = r.relay(); return nil }},
	} {
		r.append(3)
		if err := tt.do(); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		for range 20 {
			r.append(3)
			r.appendUnheard(1)
		}
		rd.wantAll(0)
	}
	r.awaitRelayed()
	r.wantDense(1)
}

// A hostile stream, which brings what was just appended: with holes, twice, as
// garbage, as events of another history, with things that never happened.
func TestFeedDeliversTheLogWhateverTheStreamSays(t *testing.T) {
	l := newLog(t)
	l.append(50)
	l.raiseEpoch()
	l.append(50)
	events, err := l.ReadAll(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.IntRange(0, 99).Draw(rt, "from")
		view := &growingLog{log: l, end: eventstore.Position(from)}
		var got []eventstore.Recorded
		r := &reading{Feed: &Feed{log: view}, at: eventstore.Position(from), deliver: func(_ context.Context, batch []eventstore.Recorded) error {
			got = append(got, batch...)
			return nil
		}}
		for view.end < 100 {
			stream := &subscription{items: make(chan item, 100)}
			r.sub = stream
			grown := rapid.IntRange(1, 10).Draw(rt, "appended")
			for range grown {
				view.end = min(view.end+1, 100)
				for _, i := range hostile(rt, events[view.end-1]) {
					stream.items <- i
				}
			}
			for len(stream.items) > 0 {
				if err := r.take(t.Context(), <-stream.items); err != nil && !errors.Is(err, errStream) {
					rt.Fatalf("take = %v", err)
				}
				if diff := difference(events[from:r.at], got); diff != "" {
					rt.Fatalf("delivered up to %d is not the log: %s", r.at, diff)
				}
			}
		}
		r.sub = nil
		if err := r.look(t.Context()); err != nil {
			rt.Fatal(err)
		}
		if diff := difference(events[from:], got); diff != "" {
			rt.Fatalf("delivered is not the log: %s", diff)
		}
		r.helpers.Wait()
	})
}

// growingLog is a log of which the end is not there yet.
type growingLog struct {
	*log
	end eventstore.Position
}

func (l *growingLog) Head(ctx context.Context) (eventstore.Head, error) {
	head, err := l.log.Head(ctx)
	head.Position = l.end
	return head, err
}

func (l *growingLog) ReadAll(ctx context.Context, after eventstore.Position, limit int) ([]eventstore.Recorded, error) {
	return l.log.ReadAll(ctx, after, max(0, min(limit, int(l.end-after))))
}

// hostile returns what a stream may make of an event.
func hostile(t *rapid.T, e eventstore.Recorded) []item {
	good := item{e.Position, e, true}
	switch rapid.SampledFrom([]string{"good", "good", "good", "good", "good", "lost", "twice", "garbage", "other epoch", "late", "never happened"}).Draw(t, "message") {
	case "lost":
		return nil
	case "twice":
		return []item{good, good}
	case "garbage":
		return []item{{position: e.Position}}
	case "other epoch":
		other := e
		other.Epoch, other.ID[0] = e.Epoch+7, ^e.ID[0]
		return []item{{e.Position, other, true}}
	case "late":
		late := e
		late.Position = max(1, e.Position-5)
		return []item{good, {late.Position, late, true}}
	case "never happened":
		other := e
		other.Position, other.ID[0] = e.Position+1000, ^e.ID[0]
		return []item{good, {other.Position, other, true}}
	}
	return []item{good}
}

func TestFeedRefusesAReaderAheadOfTheLog(t *testing.T) {
	r := newRig(t)
	r.append(10)
	if err := NewFeed(r.log, r.nc, 0).Run(t.Context(), 11, nil); !errors.Is(err, ErrAhead) {
		t.Errorf("Run from 11 of 10 = %v, want %v", err, ErrAhead)
	}
	r.relay()
	r.awaitRelayed()
	rd := r.feed(0)
	rd.wantAll(0)
	r.loseTail(5)
	ended := make(chan error, 1)
	go func() { ended <- NewFeed(r.log, r.nc, 0).Run(t.Context(), 10, rd.deliver) }()
	select {
	case err := <-ended:
		if !errors.Is(err, ErrAhead) {
			t.Errorf("Run when the log has lost its tail = %v, want %v", err, ErrAhead)
		}
	case <-time.After(patience):
		t.Error("Run did not notice that the log has lost its tail")
	}
}

func TestFeedEndsWithTheErrorOfDeliver(t *testing.T) {
	for _, live := range []bool{false, true} {
		r := newRig(t)
		c := r.relay()
		r.wantHealthy(c)
		r.append(1)
		calls := 0
		err := NewFeed(r.log, r.nc, 0).Run(t.Context(), 0, func(context.Context, []eventstore.Recorded) error {
			if calls++; live && calls == 1 {
				time.AfterFunc(200*time.Millisecond, func() { r.append(1) })
				return nil
			}
			return fmt.Errorf("%w: no more", eventstore.ErrUnavailable)
		})
		if !errors.Is(err, eventstore.ErrUnavailable) {
			t.Errorf("live %t: Run = %v, want that of deliver", live, err)
		}
	}
}
