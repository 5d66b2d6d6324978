package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
)

// LogStream is the stream of all events of all accounts, for the operator's own programs.
const LogStream = "COMMENTD_LOG"

// OutletStream is the stream of an account's outlet, for an audience: public or all.
func OutletStream(account, audience string) string {
	return "COMMENTD_OUT_" + strings.ToUpper(account) + "_" + strings.ToUpper(audience)
}

// SubscribeOptions say where to begin. The zero value is the beginning of the stream.
type SubscribeOptions struct {
	Stream   string   // "": LogStream
	Subjects []string // of its subjects; none: all
	// Consumer is one that was made for the caller, who may make none: the reader that was
	// admitted to an outlet. It gives all subjects, and is for one Subscribe at a time. "": one
	// is made.
	Consumer string
	// Cursor remembers the sequence of the last message that the caller is done with, and of
	// which stream. A sequence alone is taken to be one of the stream that is there. nil:
	// nothing does.
	Cursor Cursor
}

// A Message is an event as NATS carries it: without any text. Data is its open part.
type Message struct {
	ID         uuid.UUID
	Type       string // for instance comment.created
	Account    string
	TicketID   uuid.UUID
	CommentID  uuid.UUID // the zero UUID: it is about the ticket, or a chat
	ChatID     uuid.UUID // the zero UUID: it is about no chat
	Version    int64     // its place among the events of the ticket; 0: that is not told
	Internal   bool
	RecordedAt time.Time
	Sequence   uint64 // in the stream
	Epoch      int64  // greater than before: what came last of the epoch before did not happen
	DataRef    string // the URL of the ticket, the comment or the chat; of a comment for Resolve
	Data       json.RawMessage
}

// ErrBegunAnew: the stream is not the one that the cursor is of. An outlet was switched off
// and on, or the log has lost its end: the same sequences may mean other messages, and some of
// what was read may not have happened. Subscribe with an empty cursor to read the stream from
// its beginning; messages that were seen before have the same ID.
var ErrBegunAnew = errors.New("the stream has begun anew: read it from its beginning, with an empty cursor")

// Subscribe goes through the messages of a stream as they come, until ctx ends or the
// caller stops. A message counts as done when the next one is asked for: the cursor is
// saved then. After a crash in between, that message comes again.
//
// It ends with ErrBegunAnew rather than leave out messages of another stream of that name.
// With a Consumer that is not there it ends after some seconds, and with one that is not
// permitted within a minute; one that was there once is waited for.
func Subscribe(ctx context.Context, js jetstream.JetStream, o SubscribeOptions) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		if err := subscribe(ctx, js, o, yield); err != nil {
			yield(Message{}, err)
		}
	}
}

func subscribe(ctx context.Context, js jetstream.JetStream, o SubscribeOptions, yield func(Message, error) bool) error {
	if o.Stream == "" {
		o.Stream = LogStream
	}
	if o.Consumer != "" && len(o.Subjects) > 0 {
		return errors.New("a consumer that was made for the caller gives all subjects")
	}
	s := &subscriber{js: js, SubscribeOptions: o, yield: yield}
	if o.Cursor != nil {
		saved, err := o.Cursor.Load(ctx)
		if err != nil {
			return err
		}
		if saved != "" {
			if err := s.goOn(saved); err != nil {
				return err
			}
		}
	}
	if o.Consumer != "" {
		return s.consume(ctx)
	}
	messages, err := s.ordered(ctx)
	if err != nil {
		return err
	}
	defer messages.Stop()
	_, err = s.each(ctx, messages)
	return err
}

// subscriber is a Subscribe that is under way.
type subscriber struct {
	SubscribeOptions
	js    jetstream.JetStream
	yield func(Message, error) bool
	last  uint64 // the sequence of the last message that the caller is done with
	// beyond is the sequence of a message that came where those before it were missing; 0: none.
	beyond   uint64
	making   string // says which stream last is of; "": that is not known
	admitted bool   // Consumer was there once
}

// ordered makes a consumer that sees to it by itself that nothing is missing.
func (s *subscriber) ordered(ctx context.Context) (jetstream.MessagesContext, error) {
	config := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy, FilterSubjects: s.Subjects}
	if err := s.inspect(ctx); err != nil {
		return nil, err
	}
	if s.last > 0 {
		config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, s.last+1
	}
	consumer, err := s.js.OrderedConsumer(ctx, s.Stream, config)
	if err != nil {
		return nil, err
	}
	return consumer.Messages()
}

// each hands out messages until the caller stops, and reports whether it did. From a
// consumer that does not see to it by itself, a message that does not follow ends it.
func (s *subscriber) each(ctx context.Context, messages jetstream.MessagesContext) (stopped bool, err error) {
	var consumer string
	for {
		raw, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			if ctx.Err() != nil {
				return false, context.Cause(ctx)
			}
			return false, err
		}
		m, err := messageOf(raw)
		if err != nil {
			return false, err
		}
		if s.Consumer != "" && !s.follows(m.Sequence) {
			return false, errGap
		}
		if s.Consumer == "" {
			meta, err := raw.Metadata()
			if err != nil {
				return false, err
			}
			if meta.Consumer != consumer { // it was made anew, and so may be the stream
				if err := s.inspect(ctx); err != nil {
					return false, err
				}
				consumer = meta.Consumer
			}
		}
		if !s.yield(m, nil) {
			return true, nil
		}
		s.last = m.Sequence
		if s.Cursor != nil {
			if err := s.Cursor.Save(ctx, s.cursor()); err != nil {
				return false, fmt.Errorf("%w: %w", errCursor, err)
			}
		}
	}
}

func messageOf(raw jetstream.Msg) (m Message, err error) {
	h := raw.Headers()
	meta, err := raw.Metadata()
	if err != nil {
		return m, err
	}
	m = Message{
		Type: strings.TrimPrefix(h.Get("ce-type"), "commentd."), Account: strings.TrimPrefix(h.Get("ce-source"), "/accounts/"),
		Internal: h.Get("ce-internal") == "true", Sequence: meta.Sequence.Stream, DataRef: h.Get("ce-dataref"), Data: raw.Data(),
	}
	var errs [5]error
	m.ID, errs[0] = uuid.Parse(h.Get("ce-id"))
	m.RecordedAt, errs[1] = time.Parse(time.RFC3339Nano, h.Get("ce-time"))
	if version := h.Get("ce-version"); version != "" {
		m.Version, errs[2] = strconv.ParseInt(version, 10, 64)
	}
	if epoch := h.Get("ce-epoch"); epoch != "" {
		m.Epoch, errs[3] = strconv.ParseInt(epoch, 10, 64)
	}
	errs[4] = m.about(h.Get("ce-subject"))
	if err := errors.Join(errs[:]...); err != nil {
		return m, fmt.Errorf("message %d is not an event: %w", m.Sequence, err)
	}
	return m, nil
}

// about reads tickets/<id>, tickets/<id>/comments/<id> and tickets/<id>/chats/<id>.
func (m *Message) about(subject string) (err error) {
	parts := strings.Split(subject, "/")
	if len(parts) != 2 && len(parts) != 4 || parts[0] != "tickets" {
		return errors.New("no ticket")
	}
	if m.TicketID, err = uuid.Parse(parts[1]); err != nil || len(parts) == 2 {
		return err
	}
	switch parts[2] {
	case "comments":
		m.CommentID, err = uuid.Parse(parts[3])
	case "chats":
		m.ChatID, err = uuid.Parse(parts[3])
	}
	return err // of a thing that is not known yet the ticket is known
}

// Resolve returns the comment that a message or a webhook is about, as it is now, if the
// key may read it. The key is sent to no other host than that of the client.
func (c *Client) Resolve(ctx context.Context, dataref string) (Comment, error) {
	u, err := url.Parse(dataref)
	if err != nil {
		return Comment{}, errors.New("the reference is no URL")
	}
	_, path, found := strings.Cut(u.Path, "/v1/")
	if !found || !strings.Contains(path, "/comments/") {
		return Comment{}, errors.New("the reference is not that of a comment")
	}
	return c.comment(ctx, request{method: http.MethodGet, path: "/" + path})
}
