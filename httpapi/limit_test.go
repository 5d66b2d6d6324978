package httpapi

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func TestLimiter(t *testing.T) {
	l := newLimiter(RateLimit{PerSecond: 2, Burst: 3})
	start := time.Unix(1_700_000_000, 0)
	key := uuid.New()
	for _, tt := range []struct {
		at   time.Duration
		want time.Duration
	}{
		{0, 0}, {0, 0}, {0, 0}, // the burst
		{0, 500 * time.Millisecond},
		{100 * time.Millisecond, 400 * time.Millisecond},
		{500 * time.Millisecond, 0},
		{500 * time.Millisecond, 500 * time.Millisecond},
		{10 * time.Second, 0}, {10 * time.Second, 0}, {10 * time.Second, 0},
		{10 * time.Second, 500 * time.Millisecond},
	} {
		left, whole := l.left(key, start.Add(tt.at))
		if got := l.take(key, start.Add(tt.at)); got != tt.want {
			t.Errorf("take at %s = %s, want %s", tt.at, got, tt.want)
		}
		if (left == 0) != (tt.want > 0) || left > l.burst() || whole > 1500*time.Millisecond {
			t.Errorf("before that, left = %d, %s", left, whole)
		}
	}
	if got := l.take(uuid.New(), start); got != 0 {
		t.Errorf("another key has to wait %s", got)
	}
}

func TestLimiterOff(t *testing.T) {
	if newLimiter(RateLimit{}) != nil {
		t.Error("the zero RateLimit limits")
	}
}

// TestLimiterForgets: what is kept does not grow with the keys that were ever used.
func TestLimiterForgets(t *testing.T) {
	l := newLimiter(RateLimit{PerSecond: 10, Burst: 5})
	now := time.Unix(1_700_000_000, 0)
	for range 50_000 {
		now = now.Add(10 * time.Millisecond)
		if wait := l.take(uuid.New(), now); wait != 0 {
			t.Fatalf("a new key has to wait %s", wait)
		}
	}
	if len(l.whole) > minSweep {
		t.Errorf("%d keys are kept, want at most %d", len(l.whole), minSweep)
	}
}

// TestLimiterBound: however a caller spreads requests, within any window no more
// pass than the burst and what the rate adds.
func TestLimiterBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		burst := rapid.IntRange(1, 10).Draw(t, "burst")
		l := newLimiter(RateLimit{PerSecond: 10, Burst: burst})
		key := uuid.New()
		now := time.Unix(1_700_000_000, 0)
		var passed []time.Time
		for _, gap := range rapid.SliceOfN(rapid.IntRange(0, 400), 1, 200).Draw(t, "gaps") {
			now = now.Add(time.Duration(gap) * time.Millisecond)
			wait := l.take(key, now)
			if wait < 0 {
				t.Fatalf("wait %s", wait)
			}
			if wait == 0 {
				passed = append(passed, now)
				continue
			}
			if again := l.take(key, now.Add(wait)); again != 0 {
				t.Fatalf("told to wait %s, and then %s more", wait, again)
			}
			now = now.Add(wait)
			passed = append(passed, now)
		}
		for i := range passed {
			for j := i; j < len(passed); j++ {
				if most := burst + int(passed[j].Sub(passed[i])/(100*time.Millisecond)); j-i+1 > most {
					t.Fatalf("%d requests passed within %s, want at most %d", j-i+1, passed[j].Sub(passed[i]), most)
				}
			}
		}
	})
}
