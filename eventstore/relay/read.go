package relay

import (
	"context"
	"errors"
	"time"

	"github.com/commentd/commentd/eventstore"
)

// pageSize is how many events are read at once.
const pageSize = 1000

// errHistory: the log no longer goes on from what is in the stream.
var errHistory = errors.New("the log has another past than the stream")

// How often the log is looked at while nobody tells that it has grown. The pause doubles
// from the first figure to the second for readers who have no stream, and to the third for
// the relay, whom those who append tell of it: what they say may be lost.
const (
	minPause  = 5 * time.Millisecond
	maxPause  = time.Second
	idlePause = 2 * time.Second
)

// read hands out what is in the log after at, page by page, until ctx ends. While one
// page is published the next is fetched. An empty page says, once, that the end is
// reached. It returns what keeps it from going on.
func (r *Relay) read(ctx context.Context, at cursor, pages chan<- []eventstore.Recorded) error {
	told := false
	for ctx.Err() == nil {
		appended := r.log.Appended()
		page, err := r.page(ctx, at)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			hand(ctx, pages, page)
			last := page[len(page)-1]
			at, told = cursor{last.Position, last.ID}, false
		}
		if len(page) == pageSize {
			continue
		}
		// A page that is not full ends with the log: nothing is gained by asking again.
		if !told {
			hand(ctx, pages, nil)
			told = true
		}
		if err := r.await(ctx, at, appended); err != nil {
			return err
		}
	}
	return nil
}

func hand(ctx context.Context, pages chan<- []eventstore.Recorded, page []eventstore.Recorded) {
	select {
	case pages <- page:
	case <-ctx.Done():
	}
}

// page reads what follows at. It begins to read at the event at the cursor itself:
// the log of a database that was exchanged under us would not have it.
func (r *Relay) page(ctx context.Context, at cursor) ([]eventstore.Recorded, error) {
	if at.position == 0 {
		return r.log.ReadAll(ctx, 0, pageSize)
	}
	page, err := r.log.ReadAll(ctx, at.position-1, pageSize+1)
	if err != nil {
		return nil, err
	}
	if len(page) == 0 || page[0].Position != at.position || page[0].ID != at.id {
		return nil, errHistory
	}
	return page[1:], nil
}

// await returns when there may be something after at.
func (r *Relay) await(ctx context.Context, at cursor, appended <-chan struct{}) error {
	for pause := minPause; ; pause = min(2*pause, idlePause) {
		timer := time.NewTimer(pause)
		select {
		case <-appended:
		case <-r.pokes:
		case <-ctx.Done():
		case <-timer.C:
			head, err := r.log.Head(ctx)
			switch {
			case err != nil:
				return err
			case head.Position < at.position:
				return errHistory
			case head.Position == at.position:
				r.head.Store(&sighting{head, time.Now()})
				continue
			}
		}
		timer.Stop()
		return nil
	}
}

// sighting is the end of the log as it was seen at a moment.
type sighting struct {
	eventstore.Head
	at time.Time
}
