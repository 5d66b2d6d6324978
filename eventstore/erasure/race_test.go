package erasure_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/commentd/commentd/domain"
)

// run has a worker of process p run until the test ends.
func (w *world) run(p *process) {
	w.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.worker.Run(ctx) }()
	w.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
}

// Processes that write and erase under the very buckets that workers retire lose no
// text, and leave none under a key that is destroyed.
func TestRacingWriters(t *testing.T) {
	w := newWorld(t)
	w.run(w.another())
	w.run(w.another())
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 4 {
		p := w.another()
		wg.Go(func() {
			var mine []domain.CommentID
			for n := 0; ctx.Err() == nil; n++ {
				body := fmt.Sprint("text ", n)
				id, err := create(t.Context(), p, w.ticket, body)
				if err != nil {
					t.Errorf("create: %v", err)
					return
				}
				mu.Lock()
				w.texts[id] = body
				mu.Unlock()
				if mine = append(mine, id); n%6 < 5 {
					continue
				}
				// The bucket that is erased from is the one that is written to.
				gone := mine[n/2]
				if err := erase(t.Context(), p, w.ticket, gone); err != nil {
					t.Errorf("erase: %v", err)
				}
				mu.Lock()
				delete(w.texts, gone)
				mu.Unlock()
			}
		})
	}
	eventually(t, func() error {
		rounds := w.count("SELECT count(DISTINCT destroyed_at) FROM log.retired_buckets")
		if rounds < 6 {
			return fmt.Errorf("%d rounds are over", rounds)
		}
		return nil
	})
	stop()
	wg.Wait()
	w.awaitDone()
	w.check()
	if n := w.count("SELECT count(*) FROM log.contents"); n != len(w.texts) {
		t.Errorf("%d contents are stored; want %d", n, len(w.texts))
	}
}
