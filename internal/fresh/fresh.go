// Package fresh keeps answers of the database in memory for less than a second,
// so that a change made anywhere reaches every instance within a second without
// a word between them. Nothing runs in the background: a cache that nobody asks
// makes no queries, and whoever finds an answer aged asks again on the spot.
package fresh

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// MaxAge is how long after a question was asked its answer may be used. What
	// remains to a second pays for clocks and schedulers.
	MaxAge = 900 * time.Millisecond
	// At this age one caller asks again; the others go on with what is known.
	refreshAge = MaxAge / 2
	// Either generation of answers holds as many; see turn.
	capacity = 1 << 14
	// A question is given up after this long, whoever waits for it.
	loadTimeout = 5 * time.Second
)

// Load asks for the value of key. That there is none is an answer too, and must
// be a value; an error is not kept.
type Load[K comparable, V any] func(ctx context.Context, key K) (V, error)

// A Cache answers from memory what Load has answered less than MaxAge ago. It is
// safe for concurrent use, and holds at most 32,768 answers.
type Cache[K comparable, V any] struct {
	load Load[K, V]
	now  func() time.Time

	mu         sync.RWMutex
	young, old map[K]answer[V]
	turned     time.Time // when young was begun
	flights    map[K]*flight[V]
}

// An answer is as old as its question: what it says may have changed while it
// was on its way.
type answer[V any] struct {
	value V
	asked time.Time
}

// A flight is a question under way; answer and err are set before done closes.
type flight[V any] struct {
	answer[V]
	err  error
	done chan struct{}
}

// New returns an empty cache in front of load. The clock is time.Now but in tests.
func New[K comparable, V any](load Load[K, V], now func() time.Time) *Cache[K, V] {
	return &Cache[K, V]{load: load, now: now, young: make(map[K]answer[V]), flights: make(map[K]*flight[V])}
}

// Get returns the value of key as it was at some moment of the last MaxAge, or
// the error of Load. Callers who want the same value at once share one question.
// An answer at hand that is young enough stands in for a question that fails.
func (c *Cache[K, V]) Get(ctx context.Context, key K) (V, error) {
	now := c.now()
	c.mu.RLock()
	a, ok := c.find(key)
	c.mu.RUnlock()
	if ok && now.Sub(a.asked) < refreshAge {
		return a.value, nil
	}
	return c.ask(ctx, key, now)
}

// Forget drops what is known of key. A question already under way is not called
// back, so this hastens a change on this instance and guarantees nothing.
func (c *Cache[K, V]) Forget(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, key)
	delete(c.old, key)
}

// ask leads or joins the question of key for a caller who came at now.
func (c *Cache[K, V]) ask(ctx context.Context, key K, now time.Time) (V, error) {
	for {
		c.mu.Lock()
		a, ok := c.find(key)
		age := now.Sub(a.asked)
		f := c.flights[key]
		if ok && (age < refreshAge || f != nil && age < MaxAge) {
			c.mu.Unlock()
			return a.value, nil
		}
		if f == nil {
			f = &flight[V]{answer: answer[V]{asked: now}, err: errAbandoned, done: make(chan struct{})}
			c.flights[key] = f
			c.mu.Unlock()
			c.fly(ctx, key, f)
			if f.err != nil && ok && age < MaxAge {
				return a.value, nil
			}
			return f.value, f.err
		}
		c.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return *new(V), context.Cause(ctx)
		}
		// A question that was long under way when this caller came has an answer
		// from before a change the caller may count on.
		if now.Sub(f.asked) < MaxAge {
			return f.value, f.err
		}
	}
}

var errAbandoned = errors.New("the question was abandoned")

// fly asks, and keeps the answer. It outlives the caller who leads it, because
// others may have joined.
func (c *Cache[K, V]) fly(ctx context.Context, key K, f *flight[V]) {
	defer func() { // also when load panics
		c.mu.Lock()
		delete(c.flights, key)
		if f.err == nil {
			c.turn(f.asked)
			c.young[key] = f.answer
		}
		c.mu.Unlock()
		close(f.done)
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
	defer cancel()
	f.value, f.err = c.load(ctx, key)
}

func (c *Cache[K, V]) find(key K) (answer[V], bool) {
	a, ok := c.young[key]
	if !ok {
		a, ok = c.old[key]
	}
	return a, ok
}

// turn begins a new generation when the young one is full or has outlived its
// answers, and drops the old one whole: an answer in use is asked for again and
// so returns to the young. That bounds memory without a sweep, however fast
// strangers make up keys.
func (c *Cache[K, V]) turn(now time.Time) {
	if len(c.young) < capacity && now.Sub(c.turned) < MaxAge {
		return
	}
	c.old, c.young = c.young, make(map[K]answer[V])
	c.turned = now
}
