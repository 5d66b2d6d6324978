package httpapi

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
)

// RateLimit is how often one API key may ask. The zero value is no limit.
type RateLimit struct {
	PerSecond float64 // requests per second, in the long run
	Burst     int     // requests at once; at least 1
}

// limiter counts per key, by the generic cell rate algorithm: of each key it keeps
// the moment at which its allowance will be whole again.
type limiter struct {
	every     time.Duration // one request
	tolerance time.Duration

	mu    sync.Mutex
	whole map[uuid.UUID]time.Time
	sweep int // size of whole at which the next sweep is due
}

const minSweep = 1024

// newLimiter returns nil if there is no limit.
func newLimiter(limit RateLimit) *limiter {
	if limit.PerSecond <= 0 {
		return nil
	}
	every := time.Duration(float64(time.Second) / limit.PerSecond)
	return &limiter{
		every: every, tolerance: every * time.Duration(max(limit.Burst, 1)-1),
		whole: make(map[uuid.UUID]time.Time), sweep: minSweep,
	}
}

// take counts a request that key makes at now. It returns 0, or how long the key
// has to wait; a refused request does not count.
func (l *limiter) take(key uuid.UUID, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	whole := l.whole[key]
	if whole.Before(now) {
		whole = now
	}
	if wait := whole.Sub(now) - l.tolerance; wait > 0 {
		return wait
	}
	l.whole[key] = whole.Add(l.every)
	if len(l.whole) >= l.sweep {
		l.forget(now)
	}
	return 0
}

// left returns how many requests key may make at once from now on, and after how long
// its allowance will be whole.
func (l *limiter) left(key uuid.UUID, now time.Time) (n int, whole time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	whole = max(0, l.whole[key].Sub(now))
	if whole > l.tolerance {
		return 0, whole
	}
	return int((l.tolerance-whole)/l.every) + 1, whole
}

// burst is how many requests a key that has not asked lately may make at once.
func (l *limiter) burst() int { return int(l.tolerance/l.every) + 1 }

// tell puts into h how much of its allowance a key has left, as Zendesk's clients know
// it.
func (l *limiter) tell(h http.Header, key uuid.UUID, now time.Time) {
	n, whole := l.left(key, now)
	limit, remaining := strconv.Itoa(l.burst()), strconv.Itoa(n)
	h.Set("X-Rate-Limit", limit)
	h.Set("X-Rate-Limit-Remaining", remaining)
	h.Set("Ratelimit-Limit", limit)
	h.Set("Ratelimit-Remaining", remaining)
	h.Set("Ratelimit-Reset", strconv.Itoa(int((whole+time.Second-1)/time.Second)))
}

// forget drops the keys whose allowance is whole: they are as good as new. So what
// is kept is bounded by the keys that were used within the time of a burst.
func (l *limiter) forget(now time.Time) {
	for key, whole := range l.whole {
		if !whole.After(now) {
			delete(l.whole, key)
		}
	}
	l.sweep = max(minSweep, 2*len(l.whole))
}
