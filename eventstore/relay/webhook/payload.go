package webhook

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/public.sql
var publicSQL string

// Comment is a comment as it is now, in the form in which an API shows it.
type Comment struct {
	JSON   jsontext.Value
	Public bool
}

// Sources are what bodies are made of, beyond events.
type Sources struct {
	// BaseURL is put before paths, for instance "https://comments.example.com".
	BaseURL string
	// Slug returns the name by which the world knows an account.
	Slug func(context.Context, domain.AccountID) (string, error)
	// Comment returns a comment of a ticket for somebody who may see notes. The error is
	// domain.ErrNotFound or domain.ErrTicketNotFound if there is none any more, and
	// eventstore.ErrUnavailable if it may be had later.
	Comment func(context.Context, domain.AccountID, domain.TicketID, domain.CommentID) (Comment, error)
}

// envelope is the body of a request: a CloudEvent 1.0 in JSON, with the attributes that
// the event has in NATS.
type envelope struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Subject     string `json:"subject,omitzero"`
	Time        string `json:"time"`
	DataRef     string `json:"dataref,omitzero"`
	Data        data   `json:"data"`
}

type data struct {
	Ticket   *domain.TicketID   `json:"ticket_id,omitzero"`
	Comment  *domain.CommentID  `json:"comment_id,omitzero"`
	Chat     *domain.ChatID     `json:"chat_id,omitzero"`
	Internal bool               `json:"is_internal"`
	Version  eventstore.Version `json:"version,omitzero"` // only where it lets nothing be counted
	Now      jsontext.Value     `json:"comment,omitzero"`
}

const (
	typePrefix = "commentd."
	testType   = "webhook.test"
)

// body returns what is to be sent of an event now. It is not told if there is nothing of
// it that the endpoint may know. The error is eventstore.ErrUnavailable.
func (d *Dispatcher) body(ctx context.Context, e *endpoint, r *eventstore.Recorded) (body []byte, told bool, err error) {
	about := data{Ticket: &r.Ticket, Internal: r.Internal}
	if e.Internal {
		about.Version = r.Version
	}
	subject := "tickets/" + r.Ticket.String()
	switch {
	case r.Comment == (domain.CommentID{}):
	case r.OfChat():
		if !e.Internal {
			return nil, false, nil
		}
		about.Chat = (*domain.ChatID)(&r.Comment)
		subject += "/chats/" + r.Comment.String()
	default:
		about.Comment = &r.Comment
		subject += "/comments/" + r.Comment.String()
		now, shown, err := d.today(ctx, e, r)
		if err != nil || !shown && !e.Internal && !r.Retracts() {
			return nil, false, err
		}
		if shown && e.Text {
			about.Now = now.JSON
		}
	}
	body, err = json.Marshal(envelope{
		SpecVersion: "1.0", ID: r.ID.String(), Source: "/accounts/" + e.slug, Type: typePrefix + r.Type, Subject: subject,
		Time: r.RecordedAt.Format(time.RFC3339Nano), DataRef: strings.TrimSuffix(d.sources.BaseURL, "/") + "/v1/" + subject, Data: about,
	})
	return body, true, err
}

// today returns the comment that an event is about, as far as the endpoint asks for it,
// and whether it may be told of it.
func (d *Dispatcher) today(ctx context.Context, e *endpoint, r *eventstore.Recorded) (c Comment, shown bool, err error) {
	switch {
	case e.Text:
		c, err = d.sources.Comment(ctx, e.account, r.Ticket, r.Comment)
	case e.Internal:
		return c, true, nil
	default:
		err = d.pool.QueryRow(ctx, publicSQL, d.store.shard, e.account, uuid.UUID(r.Comment)).Scan(&c.Public)
		if !errors.Is(err, pgx.ErrNoRows) {
			err = unavailable("look at a comment", err)
		}
	}
	switch {
	case err == nil:
		return c, e.Internal || c.Public, nil
	case errors.Is(err, domain.ErrNotFound), errors.Is(err, domain.ErrTicketNotFound), errors.Is(err, pgx.ErrNoRows):
		return c, false, nil
	case errors.Is(err, eventstore.ErrUnavailable):
		return c, false, err
	}
	// Time will not mend it. That something has happened can still be told.
	slog.Error("a comment cannot be sent", "comment", r.Comment, "error", err)
	return Comment{}, e.Internal, nil
}

// testBody is what a test sends.
func testBody(e *endpoint, id domain.EventID) ([]byte, error) {
	return json.Marshal(envelope{
		SpecVersion: "1.0", ID: id.String(), Source: "/accounts/" + e.slug, Type: typePrefix + testType,
		Time: time.Now().UTC().Format(time.RFC3339Nano),
	})
}
