package feed

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// Source hands out the events of the log in order, from wherever it is told:
// relay.Feed.
type Source interface {
	Run(ctx context.Context, from eventstore.Position, deliver func(context.Context, []eventstore.Recorded) error) error
}

// Log is what a Hub asks of the log itself: eventstore.Store.
type Log interface {
	Head(ctx context.Context) (eventstore.Head, error)
	ReadAll(ctx context.Context, after eventstore.Position, limit int) ([]eventstore.Recorded, error)
}

var (
	// ErrStopped: the hub follows the log no more.
	ErrStopped = errors.New("the feed has stopped")
	// ErrAhead: the log ends before the position from which it was to be read.
	ErrAhead = errors.New("the log does not reach as far")
)

const (
	// kept is how many events of an account are in memory at least, once there were as
	// many. Twice as many may be.
	kept = 512
	// pageSize is how many events are read from the log at a time.
	pageSize = 1000
	// linger is for how long the log is followed after the last watcher has left.
	linger = 10 * time.Second
	// pause is how long a source that has failed is left alone.
	pause = time.Second
)

// Hub is where watchers meet the log. Its zero value is not ready for use.
type Hub struct {
	log    Log
	source Source

	mu       sync.Mutex
	topics   map[domain.AccountID]*topic
	watchers int
	wanted   chan struct{} // of capacity 1: there is a watcher
	end      eventstore.Position
	follows  bool          // the topics are up to date, up to end
	times    int           // that following has begun
	began    chan struct{} // closed when follows becomes true
	stopped  chan struct{}
}

// topic is what is in memory of an account that is watched.
type topic struct {
	watchers int
	since    eventstore.Position   // all events after this one are in recent
	recent   []eventstore.Recorded // elements are never changed: watchers share them
	grown    chan struct{}         // closed when there is more
}

// New returns a hub. It does nothing until Run.
func New(log Log, source Source) *Hub {
	return &Hub{
		log: log, source: source, topics: make(map[domain.AccountID]*topic),
		wanted: make(chan struct{}, 1), began: make(chan struct{}), stopped: make(chan struct{}),
	}
}

// Head returns the end of the log. The error is eventstore.ErrUnavailable.
func (h *Hub) Head(ctx context.Context) (eventstore.Head, error) { return h.log.Head(ctx) }

// Run follows the log while there are watchers, until ctx ends.
func (h *Hub) Run(ctx context.Context) error {
	defer close(h.stopped)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.wanted:
		}
		for h.watched() && ctx.Err() == nil {
			if err := h.follow(ctx); err != nil && ctx.Err() == nil {
				slog.Warn("feed", "error", err)
				sleep(ctx, pause)
			}
		}
	}
}

func (h *Hub) watched() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.watchers > 0
}

// errUnwatched: the last watcher has left a while ago.
var errUnwatched = errors.New("nobody watches")

// follow begins at the end of the log, and goes on until nobody has watched for a while.
func (h *Hub) follow(ctx context.Context) error {
	head, err := h.log.Head(ctx)
	if err != nil {
		return err
	}
	h.begin(head.Position)
	defer h.lose()
	ctx, stop := context.WithCancelCause(ctx)
	var leaving sync.WaitGroup
	defer leaving.Wait()
	defer stop(nil)
	leaving.Go(func() { h.leave(ctx, stop) })
	err = h.source.Run(ctx, head.Position, func(_ context.Context, events []eventstore.Recorded) error {
		h.add(events)
		return nil
	})
	if errors.Is(context.Cause(ctx), errUnwatched) {
		return nil
	}
	return err
}

// leave ends the following when nobody has watched for a while.
func (h *Hub) leave(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(linger)
	defer tick.Stop()
	for idle := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if h.watched() {
			idle = false
			continue
		}
		if idle {
			stop(errUnwatched)
			return
		}
		idle = true
	}
}

// begin notes from where on the topics will have everything.
func (h *Hub) begin(at eventstore.Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end, h.follows = at, true
	h.times++
	for _, t := range h.topics {
		t.since, t.recent = at, nil
		t.wake() // what came before is in the log
	}
	close(h.began)
}

// lose notes that the topics get no more.
func (h *Hub) lose() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.follows, h.began = false, make(chan struct{})
}

func (h *Hub) add(events []eventstore.Recorded) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range events {
		e := &events[i]
		h.end = e.Position
		t := h.topics[e.Account]
		if t == nil {
			continue
		}
		if len(t.recent) == 2*kept {
			t.since = t.recent[kept-1].Position
			t.recent = append(make([]eventstore.Recorded, 0, 2*kept), t.recent[kept:]...)
		}
		t.recent = append(t.recent, *e)
		t.wake()
	}
}

func (t *topic) wake() {
	close(t.grown)
	t.grown = make(chan struct{})
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
