package feed

import (
	"context"
	"fmt"
	"sort"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// Watcher follows the events of one account. It is not for use by several goroutines.
type Watcher struct {
	hub     *Hub
	account domain.AccountID
	topic   *topic
	at      eventstore.Position // everything up to here was handed out, or passed over
	end     eventstore.Position // of what the topic was complete up to when it was last looked at
	time    int                 // of the hub's following, in which the log was read to its end; 0: it has to be read
}

// Watch begins to follow an account after a position. The watcher is to be closed.
func (h *Hub) Watch(account domain.AccountID, after eventstore.Position) *Watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[account]
	if t == nil {
		t = &topic{since: h.end, grown: make(chan struct{})}
		h.topics[account] = t
	}
	t.watchers++
	if h.watchers++; h.watchers == 1 {
		select {
		case h.wanted <- struct{}{}:
		default:
		}
	}
	return &Watcher{hub: h, account: account, topic: t, at: after}
}

// Close ends the watching.
func (w *Watcher) Close() {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watchers--
	if w.topic.watchers--; w.topic.watchers == 0 {
		delete(h.topics, w.account)
	}
}

// Next returns the next events of the account, at least one, in order, without a hole or
// a repetition; it waits until there are any. Errors: that of ctx, ErrStopped, ErrAhead,
// eventstore.ErrUnavailable.
func (w *Watcher) Next(ctx context.Context) ([]eventstore.Recorded, error) {
	for {
		events, grown, ok := w.recent()
		switch {
		case !ok:
			events, err := w.catchUp(ctx)
			if err != nil || len(events) > 0 {
				return events, err
			}
			continue
		case len(events) > 0:
			w.at = events[len(events)-1].Position
			return events, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-w.hub.stopped:
			return nil, ErrStopped
		}
	}
}

// Passed returns the position up to which everything that concerns the account has been
// handed out, which may be far beyond its last event.
func (w *Watcher) Passed() eventstore.Position {
	events, _, ok := w.recent()
	if !ok || len(events) > 0 {
		return w.at
	}
	return max(w.at, w.end)
}

// recent returns what the topic has after at. It is not ok if the topic may lack
// something.
func (w *Watcher) recent() (events []eventstore.Recorded, grown <-chan struct{}, ok bool) {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.follows || w.time != h.times || w.at < w.topic.since {
		return nil, nil, false
	}
	all := w.topic.recent
	w.end = h.end
	from := sort.Search(len(all), func(i int) bool { return all[i].Position > w.at })
	return all[from:len(all):len(all)], w.topic.grown, true
}

// catchUp reads a page of the log, after the hub has begun to follow: what comes after
// the page is then in the log or in the topic.
func (w *Watcher) catchUp(ctx context.Context) ([]eventstore.Recorded, error) {
	h := w.hub
	h.mu.Lock()
	began, time := h.began, h.times
	h.mu.Unlock()
	select {
	case <-began:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-h.stopped:
		return nil, ErrStopped
	}
	page, err := h.log.ReadAll(ctx, w.at, pageSize)
	if err != nil {
		return nil, err
	}
	if len(page) == 0 {
		return nil, w.arrived(ctx, time)
	}
	w.at = page[len(page)-1].Position
	events := page[:0]
	for i := range page {
		if page[i].Account == w.account {
			events = append(events, page[i])
		}
	}
	return events, nil
}

// arrived is called when the log has nothing after at: it ends there, unless it has lost
// its end.
func (w *Watcher) arrived(ctx context.Context, time int) error {
	head, err := w.hub.log.Head(ctx)
	switch {
	case err != nil:
		return err
	case head.Position < w.at:
		return fmt.Errorf("%w as position %d", ErrAhead, w.at)
	}
	w.time = time
	return nil
}
