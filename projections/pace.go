package projections

import (
	"context"
	"time"

	"github.com/commentd/commentd/eventstore"
)

// pace is how a part of the log is loaded: without a pause while nobody else writes, and
// giving way while commands come. A command wakes up half a dozen processes one after the
// other, and each of them may have to wait for a processor until the scheduler takes it away
// from a rebuild; so that works for moments then, and rests between them.
type pace struct {
	end   func(context.Context) (eventstore.Head, error)
	seen  eventstore.Position // the end of the log when it was last asked for; 0: it was not
	grown time.Time           // when it was last found to have grown
	since time.Time           // when the work after the last rest began
}

const (
	// moment is for how long to work before the end of the log is asked for.
	moment = 4 * time.Millisecond
	// rests is for how many times as long to rest as the work has taken.
	rests = 7
	// longestWork is what counts of the work, in which there may have been a wait.
	longestWork = 50 * time.Millisecond
	// alone is how long nobody must have written for others to be taken to be gone.
	alone = time.Second
	// How many positions are read at a time: alone, and while others write.
	wideStep, narrowStep = 4000, 400
)

func newPace(end func(context.Context) (eventstore.Head, error)) *pace {
	return &pace{end: end, since: time.Now()}
}

// step is how many positions to read next.
func (p *pace) step() eventstore.Position {
	if time.Since(p.grown) < alone {
		return narrowStep
	}
	return wideStep
}

// rest is called after a piece of work. Where the end of the log cannot be had there is no
// rest: whoever called it will find out why.
func (p *pace) rest(ctx context.Context) {
	worked := time.Since(p.since)
	if worked < moment {
		return
	}
	head, err := p.end(ctx)
	if err != nil {
		return
	}
	if p.seen != 0 && head.Position != p.seen {
		p.grown = time.Now()
	}
	p.seen = head.Position
	if time.Since(p.grown) < alone {
		select {
		case <-ctx.Done():
		case <-time.After(rests * min(worked, longestWork)):
		}
	}
	p.since = time.Now()
}
