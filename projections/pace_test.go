package projections

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/commentd/commentd/eventstore"
)

// TestPace: a rebuild rests while others write, for several times as long as it has worked,
// and not while it is alone.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var head eventstore.Head
		var broken error
		asked := 0
		p := newPace(func(context.Context) (eventstore.Head, error) { asked++; return head, broken })
		rested := func(worked time.Duration) time.Duration {
			time.Sleep(worked)
			began := time.Now()
			p.rest(t.Context())
			return time.Since(began)
		}
		head.Position = 100
		for range 3 {
			if got := rested(10 * time.Millisecond); got != 0 || p.step() != wideStep {
				t.Errorf("alone it rests for %v, and reads %d positions next", got, p.step())
			}
		}
		head.Position++
		if got := rested(10 * time.Millisecond); got != rests*10*time.Millisecond || p.step() != narrowStep {
			t.Errorf("with others it rests for %v after 10 ms, and reads %d positions next", got, p.step())
		}
		if got := rested(10 * time.Millisecond); got != rests*10*time.Millisecond {
			t.Errorf("a moment after others have written it rests for %v", got)
		}
		if got := rested(time.Minute); got != 0 || p.step() != wideStep {
			t.Errorf("a minute after others have written it rests for %v", got)
		}
		head.Position++
		if got := rested(time.Minute); got != rests*longestWork {
			t.Errorf("after a minute of work or of waiting it rests for %v", got)
		}
		before := asked
		for range 3 {
			if got := rested(time.Millisecond); got != 0 {
				t.Errorf("after a millisecond it rests for %v", got)
			}
		}
		if asked != before {
			t.Error("it asks for the end of the log after every millisecond")
		}
		broken = errors.New("away")
		head.Position++
		if got := rested(10 * time.Millisecond); got != 0 {
			t.Errorf("without Postgres it rests for %v", got)
		}
	})
}

// TestPaceEnds: who gives up a rebuild does not wait for it to have rested.
func TestPaceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var head eventstore.Head
		p := newPace(func(context.Context) (eventstore.Head, error) { head.Position++; return head, nil })
		time.Sleep(moment)
		p.rest(ctx)
		time.Sleep(longestWork)
		cancel()
		began := time.Now()
		p.rest(ctx)
		if got := time.Since(began); got != 0 {
			t.Errorf("it rests for %v", got)
		}
	})
}
