package vault

import (
	"context"
	"errors"
	"sync"
)

// renewable is a value that many use until it is used up, and that one of them
// then replaces while the others wait. Its zero value is used up.
type renewable[T any] struct {
	mu      sync.Mutex
	value   T
	renewal *renewal // under way, or nil
}

type renewal struct {
	done chan struct{}
	err  error // once done
}

// get returns the value that take accepts. take is called under a lock with the
// current value; where it declines, renew is asked for the next one, by one caller
// at a time. A failed renewal fails for those who wait for it too, unless it failed
// because its caller had gone: then the next in line tries.
func (r *renewable[T]) get(ctx context.Context, take func(T) bool, renew func(context.Context) (T, error)) (T, error) {
	for {
		r.mu.Lock()
		if take(r.value) {
			defer r.mu.Unlock()
			return r.value, nil
		}
		wait := r.renewal
		if wait == nil {
			r.renewal = &renewal{done: make(chan struct{})}
		}
		r.mu.Unlock()

		var err error
		if wait == nil {
			err = r.renew(ctx, renew)
		} else {
			select {
			case <-wait.done:
				if !errors.Is(wait.err, context.Canceled) && !errors.Is(wait.err, context.DeadlineExceeded) {
					err = wait.err
				}
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		if err != nil {
			return *new(T), err
		}
	}
}

func (r *renewable[T]) renew(ctx context.Context, renew func(context.Context) (T, error)) error {
	err := errors.New("vault: the renewal did not end") // for those who wait, if renew panics
	var value T
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if err == nil {
			r.value = value
		}
		r.renewal.err = err
		close(r.renewal.done)
		r.renewal = nil
	}()
	value, err = renew(ctx)
	return err
}
