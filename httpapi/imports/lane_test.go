package imports

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Lanes do not have more records in memory than there is room for, however many they are.
func TestShiftHoldsSoMuch(t *testing.T) {
	gone := errors.New("gone")
	for _, tt := range []struct {
		name     string
		record   int64
		together int32
		ends     error // of the first job
	}{
		{"small records", 1 << 10, 8, nil}, {"large records", maxHeld / 2, 2, nil}, {"records for which there is no room", 2 * maxHeld, 1, nil},
		{"until one fails", maxHeld / 2, 2, gone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := (&Importer{config: Config{Lanes: 8}}).begin(t.Context())
				s.record = tt.record
				var begun atomic.Int32
				next := make(chan error)
				ended := make(chan error)
				go func() {
					var err error
					for n := int64(0); n < 8 && err == nil; n++ {
						err = s.do(historyThen, n, func(context.Context, *lane) error {
							begun.Add(1)
							return <-next
						})
					}
					ended <- s.end(err)
				}()
				synctest.Wait()
				if n := begun.Load(); n != tt.together {
					t.Errorf("%d jobs are at work; want %d", n, tt.together)
				}
				next <- tt.ends
				close(next)
				if err := <-ended; !errors.Is(err, tt.ends) {
					t.Errorf("end = %v; want %v", err, tt.ends)
				}
				if n := begun.Load(); tt.ends == nil && n != 8 || s.held.bytes != 0 {
					t.Errorf("%d jobs have been at work, and %d bytes are held; want 8 and none", n, s.held.bytes)
				}
			})
		})
	}
}
