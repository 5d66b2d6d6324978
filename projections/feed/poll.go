package feed

import (
	"context"
	"time"

	"github.com/commentd/commentd/eventstore"
)

// Polling is a Source for a process that has no NATS: it asks the log.
type Polling struct {
	Log interface {
		Log
		Appended() <-chan struct{}
	}
}

const (
	minWait = 10 * time.Millisecond
	maxWait = time.Second
)

// Run calls deliver with what comes after a position.
func (p Polling) Run(ctx context.Context, from eventstore.Position, deliver func(context.Context, []eventstore.Recorded) error) error {
	for wait := minWait; ctx.Err() == nil; {
		appended := p.Log.Appended()
		page, err := p.Log.ReadAll(ctx, from, pageSize)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			if err := deliver(ctx, page); err != nil {
				return err
			}
			from, wait = page[len(page)-1].Position, minWait
			continue
		}
		select {
		case <-ctx.Done():
		case <-appended:
			wait = minWait
		case <-time.After(wait):
			wait = min(2*wait, maxWait)
		}
	}
	return nil
}
