package v1

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/problem"
	"github.com/commentd/commentd/projections/feed"
)

// Live is what has to be known to let callers follow events as they happen.
type Live struct {
	Hub *feed.Hub
	// Recheck returns whom the key of a request stands for now, or that it is good no more:
	// a stream outlives many a key.
	Recheck func(*http.Request) (auth.Principal, error)
}

// LiveEvent is an event as those who follow events see it. It has no version and no
// position: what is between two of them is not for everybody to know.
type LiveEvent struct {
	ID         domain.EventID    `json:"event_id" format:"uuid" doc:"The same whenever the event is sent: who keeps what it has seen can tell repetitions."`
	Type       string            `json:"type" doc:"What happened, for instance comment.edited."`
	RecordedAt Instant           `json:"recorded_at"`
	TicketID   domain.TicketID   `json:"ticket_id" format:"uuid"`
	CommentID  *domain.CommentID `json:"comment_id" nullable:"true" format:"uuid" doc:"The comment that it is about; null: the ticket itself, or a chat."`
	ChatID     *domain.ChatID    `json:"chat_id,omitzero" required:"false" format:"uuid" doc:"The chat that it is about, if any. What was said in it can be had by its URL."`
	IsInternal bool              `json:"is_internal" doc:"Whether customers are not to know of it."`
	Comment    *Comment          `json:"comment,omitzero" required:"false" doc:"The comment as it is when this is sent; absent if there is none, or none that the caller may see."`
}

const (
	eventStreamType = "text/event-stream"
	// heartbeat is for how long a stream is silent at most: proxies cut off what seems dead.
	heartbeat = 15 * time.Second
)

// followEvents serves GET /v1/events.
func (a *API) followEvents(w http.ResponseWriter, r *http.Request) error {
	if a.live == nil {
		return eventstore.ErrUnavailable
	}
	principal := auth.From(r.Context())
	q, err := parseLiveQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	if q.ticket != nil {
		if _, err := a.threads.Ticket(r.Context(), principal.Account, *q.ticket, principal.Actor()); err != nil {
			return err
		}
	}
	at, err := a.liveStart(r, principal, &q)
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		liveHeaders(w.Header())
		return nil
	}
	s := &liveStream{a: a, w: w, r: r, principal: principal, query: q, watcher: a.live.Hub.Watch(principal.Account, at)}
	defer s.watcher.Close()
	return s.run()
}

// liveStart returns the position after which the caller wants to be told.
func (a *API) liveStart(r *http.Request, p auth.Principal, q *liveQuery) (eventstore.Position, error) {
	from := q.from
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		from = last
	}
	switch from {
	case fromBeginning:
		return 0, nil
	case "", fromNow:
		head, err := a.live.Hub.Head(r.Context())
		return head.Position, err
	}
	position, err := a.cursors.Open(liveContext(p), from)
	if err != nil {
		return 0, problem.New(problem.BadRequest, "from must be beginning, now, or the id of an event of this stream; so must Last-Event-ID.")
	}
	head, err := a.live.Hub.Head(r.Context())
	if err == nil && head.Position < eventstore.Position(position) {
		err = errStreamAhead
	}
	return eventstore.Position(position), err
}

// errStreamAhead: Postgres was set back. What the caller has seen since did not happen.
var errStreamAhead = problem.New(problem.VersionConflict, "The log ends before this event: it was restored from a backup. Begin anew with from=beginning or from=now.")

// liveContext: the id of an event is good for whoever it was sent to.
func liveContext(p auth.Principal) []byte {
	return cursorContext("live", p.Account, p.UserID)
}

func liveHeaders(h http.Header) {
	h.Set("Content-Type", eventStreamType)
	h.Set("Cache-Control", cacheNever)
	h.Set("X-Accel-Buffering", "no") // else nginx sends nothing until it has a lot
}

// liveStream is one caller who follows.
type liveStream struct {
	a         *API
	w         http.ResponseWriter
	r         *http.Request
	principal auth.Principal
	query     liveQuery
	watcher   *feed.Watcher
	buffer    []byte
}

// run sends until the caller goes, the key is good no more, or the service stops. What
// ends a stream that has begun is not said: the caller comes again, and is told then.
func (s *liveStream) run() error {
	liveHeaders(s.w.Header())
	control := http.NewResponseController(s.w)
	if err := control.SetReadDeadline(time.Time{}); err != nil { // that of the server would end this
		return err
	}
	s.buffer = append(s.buffer, ": what happens from here on\n\n"...)
	if s.send(control) != nil {
		return nil
	}
	for {
		events, err := s.next()
		switch {
		case errors.Is(err, errSilence):
			s.buffer = append(s.buffer, ":\n\n"...)
		case err != nil:
			return nil
		}
		if s.principal, err = s.a.live.Recheck(s.r); err != nil || !s.principal.Has(auth.CommentsRead) {
			return nil
		}
		for some := range slices.Chunk(events, atOnce) {
			if err := s.add(some); err != nil {
				return nil
			}
			if len(s.buffer) > pieceSize && s.send(control) != nil {
				return nil
			}
		}
		if len(s.buffer) > 0 && s.send(control) != nil {
			return nil
		}
	}
}

// errSilence: nothing has happened for a while.
var errSilence = errors.New("nothing has happened")

func (s *liveStream) next() ([]eventstore.Recorded, error) {
	ctx, cancel := context.WithTimeoutCause(s.r.Context(), heartbeat, errSilence)
	defer cancel()
	return s.watcher.Next(ctx)
}

// send lets what is in the buffer go out. A caller who does not take it in time is cut
// off, and goes on later from the last event that arrived.
func (s *liveStream) send(control *http.ResponseController) error {
	if err := control.SetWriteDeadline(time.Now().Add(s.a.pieceTimeout)); err != nil {
		return err
	}
	if _, err := s.w.Write(s.buffer); err != nil {
		return err
	}
	s.buffer = s.buffer[:0]
	return control.Flush()
}

// atOnce is for how many events is looked up at a time what is to be shown of them: where
// many come, one after the other would take longer than they take to come.
const atOnce = 8

// add appends those of the next events that the caller asks for and may know of.
func (s *liveStream) add(events []eventstore.Recorded) error {
	ctx, cancel := context.WithTimeout(s.r.Context(), answerTimeout)
	defer cancel()
	var looking sync.WaitGroup
	var found [atOnce]struct {
		LiveEvent
		shows bool
		err   error
	}
	for i := range events {
		e := &events[i]
		if s.query.matches(e) && (!e.Internal || s.principal.MaySeeInternal()) {
			looking.Go(func() {
				defer func() {
					if recover() != nil { // here nobody else would: it ends this stream, and no other
						found[i].err = errors.New("an event cannot be shown")
					}
				}()
				found[i].LiveEvent, found[i].shows, found[i].err = s.show(ctx, e)
			})
		}
	}
	looking.Wait()
	for i := range events {
		if err := found[i].err; err != nil {
			return err
		}
		if found[i].shows {
			if err := s.append(&events[i], &found[i].LiveEvent); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *liveStream) append(e *eventstore.Recorded, shown *LiveEvent) error {
	data, err := json.Marshal(shown)
	if err != nil {
		return err
	}
	id := s.a.cursors.Seal(liveContext(s.principal), uint64(e.Position))
	s.buffer = append(append(append(s.buffer, "id: "...), id...), '\n')
	s.buffer = append(append(append(s.buffer, "event: "...), e.Type...), '\n')
	s.buffer = append(append(append(s.buffer, "data: "...), data...), "\n\n"...)
	return nil
}

// show is what the caller may know of an event today. What the caller may not see any
// more is left out, but for the news that it is gone.
func (s *liveStream) show(ctx context.Context, e *eventstore.Recorded) (live LiveEvent, ok bool, err error) {
	live = LiveEvent{ID: e.ID, Type: e.Type, RecordedAt: Instant(e.RecordedAt), TicketID: e.Ticket, IsInternal: e.Internal}
	p := &s.principal
	if e.Comment == (domain.CommentID{}) {
		if p.MaySeeInternal() {
			return live, true, nil
		}
		_, err := s.a.threads.Ticket(ctx, p.Account, e.Ticket, p.Actor())
		return live, err == nil, unlessGone(err)
	}
	if live.CommentID, live.ChatID = thingOf(e); live.ChatID != nil {
		return live, p.MaySeeInternal(), nil
	}
	comment, err := s.a.threads.Get(ctx, p.Account, e.Ticket, e.Comment, p.Actor())
	if err == nil {
		c := shown(e.Ticket, &comment)
		live.Comment = &c
		return live, true, nil
	}
	gone := errors.Is(err, domain.ErrNotFound) // and not the ticket
	return live, gone && (p.MaySeeInternal() || e.Retracts()), unlessGone(err)
}

func unlessGone(err error) error {
	if errors.Is(err, domain.ErrNotFound) || errors.Is(err, domain.ErrTicketNotFound) {
		return nil
	}
	return err
}
