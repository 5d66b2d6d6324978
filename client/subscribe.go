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

// SubscribeOptions say where to begin. The zero value is the beginning of the stream.
type SubscribeOptions struct {
	Stream   string   // "": LogStream
	Subjects []string // of its subjects; none: all
	// Cursor remembers the sequence of the last message that the caller is done with. nil:
	// nothing does.
	Cursor Cursor
}

// A Message is an event as NATS carries it: without any text. Data is its open part.
type Message struct {
	ID         uuid.UUID
	Type       string // for instance comment.created
	Account    string
	TicketID   uuid.UUID
	CommentID  uuid.UUID // the zero UUID: it is about the ticket
	Version    int64     // its place among the events of the ticket
	Internal   bool
	RecordedAt time.Time
	Sequence   uint64 // in the stream
	Epoch      int64  // greater than before: what came last of the epoch before did not happen
	DataRef    string // the URL of the ticket or the comment, for Resolve
	Data       json.RawMessage
}

// Subscribe goes through the messages of a stream as they come, until ctx ends or the
// caller stops. A message counts as done when the next one is asked for: the cursor is
// saved then. After a crash in between, that message comes again.
func Subscribe(ctx context.Context, js jetstream.JetStream, o SubscribeOptions) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		if err := subscribe(ctx, js, o, yield); err != nil {
			yield(Message{}, err)
		}
	}
}

func subscribe(ctx context.Context, js jetstream.JetStream, o SubscribeOptions, yield func(Message, error) bool) error {
	config := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy, FilterSubjects: o.Subjects}
	if o.Cursor != nil {
		saved, err := o.Cursor.Load(ctx)
		if err != nil {
			return err
		}
		if saved != "" {
			last, err := strconv.ParseUint(saved, 10, 64)
			if err != nil {
				return errors.New("the cursor is not a sequence")
			}
			config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, last+1
		}
	}
	if o.Stream == "" {
		o.Stream = LogStream
	}
	consumer, err := js.OrderedConsumer(ctx, o.Stream, config)
	if err != nil {
		return err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		raw, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
		m, err := messageOf(raw)
		if err != nil {
			return err
		}
		if !yield(m, nil) {
			return nil
		}
		if o.Cursor != nil {
			if err := o.Cursor.Save(ctx, strconv.FormatUint(m.Sequence, 10)); err != nil {
				return fmt.Errorf("%w: %w", errCursor, err)
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
	m.TicketID, m.CommentID, errs[4] = subjectOf(h.Get("ce-subject"))
	if err := errors.Join(errs[:]...); err != nil {
		return m, fmt.Errorf("message %d is not an event: %w", m.Sequence, err)
	}
	return m, nil
}

// subjectOf reads tickets/<id> and tickets/<id>/comments/<id>.
func subjectOf(subject string) (ticket, comment uuid.UUID, err error) {
	parts := strings.Split(subject, "/")
	if len(parts) < 2 {
		return ticket, comment, errors.New("no ticket")
	}
	if ticket, err = uuid.Parse(parts[1]); err != nil || len(parts) < 4 {
		return ticket, comment, err
	}
	comment, err = uuid.Parse(parts[3])
	return ticket, comment, err
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
