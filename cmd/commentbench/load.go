package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A call does the thing that is measured, once. caller is in [0, callers).
type call func(ctx context.Context, caller int) error

// closedLoop has callers make calls, each the next as soon as the last is answered,
// until d has passed. It waits for the answers that are then still due.
func closedLoop(ctx context.Context, callers int, d time.Duration, do call) (sample, error) {
	began := time.Now()
	end := began.Add(d)
	s, err := spread(callers, func(caller int, s *sample) error {
		for at := time.Now(); at.Before(end) && ctx.Err() == nil; {
			err := do(ctx, caller)
			now := time.Now()
			if err = s.note(now.Sub(at), err); err != nil {
				return err
			}
			at = now
		}
		return ctx.Err()
	})
	s.elapsed = time.Since(began)
	return s, err
}

// openLoop makes calls at a fixed rate for d, however long they take. Latency counts
// from the moment at which a call was due: a caller who is kept waiting does not
// make the wait invisible by asking less.
func openLoop(ctx context.Context, callers int, rate float64, d time.Duration, do call) (sample, error) {
	began := time.Now()
	total := int(rate * d.Seconds())
	s, err := spread(callers, func(caller int, s *sample) error {
		for i := caller; i < total && ctx.Err() == nil; i += callers {
			due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
			time.Sleep(time.Until(due))
			err := do(ctx, caller)
			if err = s.note(time.Since(due), err); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	s.elapsed = time.Since(began)
	return s, err
}

// refusal is an answer other than the one that should have come. It is counted, and
// the caller goes on.
type refusal struct{ status int }

func (r *refusal) Error() string { return fmt.Sprintf("answered %d", r.status) }

// maxRefusals is after how many of them a caller gives up.
const maxRefusals = 20

// note counts a call, and returns its error if there is no going on.
func (s *sample) note(took time.Duration, err error) error {
	if err == nil {
		s.count++
		s.latency = append(s.latency, took)
		return nil
	}
	s.failed++
	if refused := (*refusal)(nil); errors.As(err, &refused) && s.failed < maxRefusals {
		return nil
	}
	return err
}

// spread runs callers and adds up what they saw. The first error is returned.
func spread(callers int, run func(caller int, s *sample) error) (sample, error) {
	samples := make([]sample, callers)
	errs := make([]error, callers)
	var running sync.WaitGroup
	for i := range callers {
		samples[i].latency = make([]time.Duration, 0, 1<<12)
		running.Go(func() { errs[i] = run(i, &samples[i]) })
	}
	running.Wait()
	var sum sample
	var first error
	for i := range samples {
		sum.count += samples[i].count
		sum.failed += samples[i].failed
		sum.latency = append(sum.latency, samples[i].latency...)
		if first == nil {
			first = errs[i]
		}
	}
	return sum, first
}
