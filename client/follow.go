package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Where to begin to follow events.
const (
	FromNow       = "now"
	FromBeginning = "beginning"
)

// FollowOptions say which events to be told of. The zero value is all that the key may
// know of, from now on.
type FollowOptions struct {
	Ticket     uuid.UUID // the zero UUID: of all tickets
	Types      []string  // for instance comment.created; none: all
	Visibility string    // public or internal; "": both
	// From is where to begin if the cursor remembers nothing: FromNow, FromBeginning, or the
	// Cursor of an event. "": FromNow.
	From string
	// Cursor remembers the last event that the caller is done with. nil: nothing does, and a
	// program that is started again begins with From.
	Cursor Cursor
}

// A LiveEvent is something that has happened, as the key may know of it.
type LiveEvent struct {
	ID         uuid.UUID  `json:"event_id"` // the same, should the event come again
	Type       string     `json:"type"`
	RecordedAt time.Time  `json:"recorded_at"`
	TicketID   uuid.UUID  `json:"ticket_id"`
	CommentID  *uuid.UUID `json:"comment_id"` // nil: it is about the ticket, or a chat
	ChatID     *uuid.UUID `json:"chat_id"`    // nil: it is about no chat
	IsInternal bool       `json:"is_internal"`
	// Comment is as it was when the event was sent, with the redactions and rights of that
	// moment; nil if there is none, or none that the key may see.
	Comment *Comment `json:"comment"`
	// Cursor is where to go on after this event.
	Cursor string `json:"-"`
}

// maxSilence is after how long a stream that says nothing is taken to be dead. The service
// gives a sign of life every 15 seconds.
const maxSilence = 45 * time.Second

// Follow goes through events as they happen, until ctx ends or the caller stops. It
// connects anew whenever it has to, and leaves nothing out. An event counts as done when
// the next one is asked for: the cursor is saved then. After a crash in between, that
// event comes again.
//
// Refusals, and errors of the cursor, end it.
func (c *Client) Follow(ctx context.Context, o FollowOptions) iter.Seq2[LiveEvent, error] {
	return func(yield func(LiveEvent, error) bool) {
		f := &follower{client: c, options: o, yield: yield}
		if err := f.run(ctx); err != nil && !f.stopped {
			yield(LiveEvent{}, err)
		}
	}
}

type follower struct {
	client  *Client
	options FollowOptions
	yield   func(LiveEvent, error) bool
	last    string // the cursor of the last event
	stopped bool
	got     int // events on this connection
}

func (f *follower) run(ctx context.Context) (err error) {
	if f.options.Cursor != nil {
		if f.last, err = f.options.Cursor.Load(ctx); err != nil {
			return err
		}
	}
	for failures := 0; ; failures++ {
		f.got = 0
		err := f.stream(ctx)
		var refused *Error
		switch {
		case f.stopped || ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errCursor) || errors.As(err, &refused) && !repeatable(err, false):
			return err
		case f.got > 0:
			failures = 0
		}
		if err := sleep(ctx, f.client.pauseAfter(min(failures, 6), err)); err != nil {
			return err
		}
	}
}

// errCursor: the cursor could not be saved.
var errCursor = errors.New("save the cursor")

func (f *follower) query() string {
	q := url.Values{}
	if f.options.Ticket != uuid.Nil {
		q.Set("ticket_id", f.options.Ticket.String())
	}
	if len(f.options.Types) > 0 {
		q.Set("type", strings.Join(f.options.Types, ","))
	}
	if f.options.Visibility != "" {
		q.Set("visibility", f.options.Visibility)
	}
	if f.options.From != "" {
		q.Set("from", f.options.From)
	}
	return "?" + q.Encode()
}

// stream follows one connection to its end.
func (f *follower) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	q := request{method: http.MethodGet, path: "/events" + f.query(), header: http.Header{"Accept": {"text/event-stream"}}}
	if f.last != "" {
		q.header.Set("Last-Event-Id", f.last)
	}
	answer, err := f.client.open(ctx, q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	silence := time.AfterFunc(maxSilence, cancel)
	defer silence.Stop()
	lines := newEventReader(answer.Body, func() { silence.Reset(maxSilence) })
	for {
		id, data, err := lines.next()
		if err != nil {
			return err
		}
		var e LiveEvent
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("read an event: %w", err)
		}
		e.Cursor = id
		silence.Stop() // the caller may take as long as it likes
		if !f.yield(e, nil) {
			f.stopped = true
			return nil
		}
		silence.Reset(maxSilence)
		f.last = id
		f.got++
		if f.options.Cursor != nil {
			if err := f.options.Cursor.Save(ctx, id); err != nil {
				return fmt.Errorf("%w: %w", errCursor, err)
			}
		}
	}
}

// eventReader reads server-sent events as this API sends them: an id and one line of data
// each.
type eventReader struct {
	lines *bufio.Reader
	alive func() // called for every line
}

func newEventReader(src io.Reader, alive func()) *eventReader {
	return &eventReader{bufio.NewReaderSize(src, 64<<10), alive}
}

func (r *eventReader) next() (id string, data []byte, err error) {
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return "", nil, err
		}
		r.alive()
		line = strings.TrimRight(line, "\r\n")
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && data != nil:
			return id, data, nil
		case field == "id":
			id = value
		case field == "data":
			data = []byte(value)
		}
	}
}
