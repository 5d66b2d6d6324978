package retention

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// log is what is asked of the write side: eventstore.Store.
type log interface {
	Execute(ctx context.Context, cmd domain.Command, receipt *eventstore.Receipt) (eventstore.Result, error)
	Numbers() *eventstore.Numbers
}

// An Eraser erases targets, many at a time: one batch of the log takes what all of them
// have to say.
type Eraser struct {
	log   log
	pool  *pgxpool.Pool
	shard int16
	width int
}

// NewEraser returns an eraser of what is in log, which runs, and in the database behind
// pool. width is how many commands it has under way at once.
func NewEraser(log *eventstore.Store, pool *pgxpool.Pool, shard int16, width int) *Eraser {
	return &Eraser{log: log, pool: pool, shard: shard, width: width}
}

// Erase erases what source hands out. done, if it is not nil, is called after each
// target, by many at once. What is erased already, or was never there, counts for
// nothing.
//
// If it fails, the tally is of what is known to be erased; some of the rest may be, too.
// To erase again is safe.
func (e *Eraser) Erase(ctx context.Context, cause domain.Cause, source Source, done func()) (Tally, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	targets := make(chan Target)
	var tally tallying
	var working sync.WaitGroup
	for range e.width {
		working.Go(func() {
			for t := range targets {
				if err := e.one(ctx, t, cause, &tally); err != nil {
					stop(err)
					return
				}
				if done != nil {
					done()
				}
			}
		})
	}
	err := source(ctx, func(t Target) error {
		select {
		case targets <- t:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	close(targets)
	working.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return tally.Tally, err
}

// patience is how often, and pause for how long at first, what may pass is waited for.
const (
	patience = 6
	pause    = 100 * time.Millisecond
)

// one erases a target. An erasure may be tried again whatever became of it.
func (e *Eraser) one(ctx context.Context, t Target, cause domain.Cause, tally *tallying) error {
	for try := 0; ; try++ {
		result, err := e.execute(ctx, t, cause)
		switch {
		case errors.Is(err, domain.ErrLegalHold):
			tally.held(t)
			return nil
		case errors.Is(err, domain.ErrTicketNotFound), errors.Is(err, domain.ErrNotFound), errors.Is(err, domain.ErrChatNotFound):
			return nil
		case err == nil:
			if result.Changed {
				tally.erased(t, result)
			}
			return nil
		case !passing(err) || try == patience || ctx.Err() != nil:
			return fmt.Errorf("erase in ticket %s: %w", t.Ticket, err)
		}
		select {
		case <-time.After(pause << try):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func passing(err error) bool {
	return errors.Is(err, eventstore.ErrBusy) || errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrUnknownOutcome)
}

func (e *Eraser) execute(ctx context.Context, t Target, cause domain.Cause) (eventstore.Result, error) {
	audit, err := e.log.Numbers().Draw(ctx, t.Account, domain.NumbersPerWrite)
	if err != nil {
		return eventstore.Result{}, err
	}
	return e.log.Execute(ctx, t.command(cause, audit), nil)
}
