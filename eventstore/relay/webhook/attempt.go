package webhook

import (
	"context"
	"sync"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// attempt is an event that is to be sent, and then what became of it.
type attempt struct {
	event    *eventstore.Recorded // nil: a test
	position eventstore.Position
	id       domain.EventID
	kind     string
	tries    int  // that have failed before
	fresh    bool // the cursor has not passed it yet

	at   time.Time
	told bool // else there was nothing that the endpoint may know
	answer
}

// settled reports whether there is no need to try again.
func (a *attempt) settled() bool { return !a.told || a.outcome == Delivered }

// attemptAll sends what it is given, and returns what was dealt with. The error is
// eventstore.ErrUnavailable if that is not all because bodies could not be made.
func (r *runner) attemptAll(ctx context.Context, work []attempt) ([]attempt, error) {
	if r.e.Strict {
		return r.inOrder(ctx, work)
	}
	return r.abreast(ctx, work)
}

// inOrder sends one after the other until a new one is not taken.
func (r *runner) inOrder(ctx context.Context, work []attempt) ([]attempt, error) {
	began := time.Now()
	for i := range work {
		if ctx.Err() != nil || i > 0 && time.Since(began) > strictBatch {
			return work[:i], nil
		}
		if err := r.try(ctx, &work[i]); err != nil {
			return work[:i], err
		}
		if work[i].fresh && !work[i].settled() {
			return work[:i+1], nil
		}
	}
	return work, nil
}

// abreast sends several at a time.
func (r *runner) abreast(ctx context.Context, work []attempt) ([]attempt, error) {
	errs := make([]error, len(work))
	todo := make(chan int, len(work))
	for i := range work {
		todo <- i
	}
	close(todo)
	var trying sync.WaitGroup
	for range min(width, len(work)) {
		trying.Go(func() {
			for i := range todo {
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = r.try(ctx, &work[i])
				}
			}
		})
	}
	trying.Wait()
	for i, err := range errs {
		if err != nil { // what comes after it may have been sent, and is sent again
			return work[:i], err
		}
	}
	return work, nil
}

// try sends one event as it may be told now.
func (r *runner) try(ctx context.Context, a *attempt) (err error) {
	var body []byte
	if a.event == nil {
		a.told = true
		body, err = testBody(r.e, a.id)
	} else {
		body, a.told, err = r.body(ctx, r.e, a.event)
	}
	if err != nil || !a.told {
		return err
	}
	// A request that is under way may end in peace: what it has done is worth knowing.
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })()
	a.at = time.Now()
	if a.fresh && a.tries == 0 {
		r.metrics.WebhookDelay.Observe(a.at.Sub(a.event.RecordedAt).Seconds())
	}
	header := sign(a.id.String(), a.at, body, r.e.secrets.secrets(a.at))
	a.answer = r.sender.post(sending, r.e.URL, header, body)
	r.metrics.WebhookAttempts.WithLabelValues(string(a.outcome)).Inc()
	return nil
}
