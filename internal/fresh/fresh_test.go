package fresh

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errDown = errors.New("down")

// source answers questions with how many it was asked, after delay.
type source struct {
	mu    sync.Mutex
	asked int
	delay time.Duration
	err   error
}

func (s *source) load(ctx context.Context, _ string) (int, error) {
	s.mu.Lock()
	s.asked++
	n, delay, err := s.asked, s.delay, s.err
	s.mu.Unlock()
	select {
	case <-time.After(delay):
		if err != nil {
			return 0, err
		}
		return n, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (s *source) set(delay time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay, s.err = delay, err
}

func (s *source) wantAsked(t *testing.T, want int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked != want {
		t.Errorf("asked %d times; want %d", s.asked, want)
	}
}

// get checks one answer. In a bubble, time moves only where a test lets it.
func get(t *testing.T, c *Cache[string, int], want int, wantErr error) {
	t.Helper()
	got, err := c.Get(t.Context(), "k")
	if got != want || !errors.Is(err, wantErr) {
		t.Errorf("Get = %d, %v; want %d, %v", got, err, want, wantErr)
	}
}

func TestAnAnswerIsAskedForAgainOnlyWhenUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		c := New(s.load, time.Now)
		get(t, c, 1, nil)
		time.Sleep(refreshAge - 1)
		get(t, c, 1, nil)
		time.Sleep(time.Nanosecond)
		get(t, c, 2, nil)
		time.Sleep(time.Hour)
		get(t, c, 3, nil)
	})
}

func TestAtHalfAgeOneAsksAndTheOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		c := New(s.load, time.Now)
		get(t, c, 1, nil)
		time.Sleep(refreshAge)
		s.set(time.Second, nil)
		go c.Get(t.Context(), "k")
		synctest.Wait()
		start := time.Now()
		get(t, c, 1, nil)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a caller waited %v although an answer was at hand", waited)
		}
		// The answer at hand ages while the question is under way.
		time.Sleep(refreshAge)
		get(t, c, 2, nil)
		s.wantAsked(t, 2)
	})
}

func TestCallersShareAQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{delay: 10 * time.Millisecond}
		c := New(s.load, time.Now)
		for range 50 {
			go get(t, c, 1, nil)
		}
		time.Sleep(time.Second)
		s.wantAsked(t, 1)
	})
}

func TestAFailureIsCoveredWhileTheAnswerIsYoungAndNeverKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		c := New(s.load, time.Now)
		get(t, c, 1, nil)
		s.set(0, errDown)
		time.Sleep(MaxAge - 1)
		get(t, c, 1, nil)
		time.Sleep(time.Nanosecond)
		get(t, c, 0, errDown)
		s.set(0, nil)
		get(t, c, 4, nil)
	})
}

// A change that is a second old must be seen, even if a question that was asked
// before it is answered after it.
func TestAQuestionLongUnderWayIsNotForLateComers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{delay: 2 * time.Second}
		c := New(s.load, time.Now)
		go get(t, c, 1, nil)
		time.Sleep(MaxAge - 1)
		go get(t, c, 1, nil)
		time.Sleep(time.Nanosecond)
		s.set(0, nil)
		get(t, c, 2, nil)
	})
}

func TestWhoLeavesDoesNotTakeTheAnswerWithThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{delay: time.Second}
		c := New(s.load, time.Now)
		leader, leave := context.WithCancel(t.Context())
		go c.Get(leader, "k")
		synctest.Wait()
		go get(t, c, 1, nil)
		impatient, giveUp := context.WithCancel(t.Context())
		go func() {
			if _, err := c.Get(impatient, "k"); !errors.Is(err, context.Canceled) {
				t.Errorf("Get with a context that ended = %v; want context.Canceled", err)
			}
		}()
		synctest.Wait()
		leave()
		giveUp()
		time.Sleep(2 * time.Second)
	})
}

func TestAQuestionWithoutAnswerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{delay: time.Hour}
		c := New(s.load, time.Now)
		start := time.Now()
		get(t, c, 0, context.DeadlineExceeded)
		if waited := time.Since(start); waited != loadTimeout {
			t.Errorf("waited %v; want %v", waited, loadTimeout)
		}
	})
}

func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		c := New(s.load, time.Now)
		get(t, c, 1, nil)
		c.Forget("k")
		get(t, c, 2, nil)
	})
}

func TestAPanicLeavesNobodyWaiting(t *testing.T) {
	broken := true
	c := New(func(context.Context, string) (int, error) {
		if broken {
			panic("broken")
		}
		return 1, nil
	}, time.Now)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		c.Get(t.Context(), "k")
	}()
	broken = false
	get(t, c, 1, nil)
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(func(_ context.Context, key int) (int, error) { return key, nil }, time.Now)
		for key := range 5 * capacity {
			if got, err := c.Get(t.Context(), key); got != key || err != nil {
				t.Fatalf("Get(%d) = %d, %v", key, got, err)
			}
		}
		if held := len(c.young) + len(c.old); held > 2*capacity || held < capacity {
			t.Errorf("%d answers held; want %d to %d", held, capacity, 2*capacity)
		}
	})
}
