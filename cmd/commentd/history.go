package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	v1 "github.com/commentd/commentd/httpapi/v1"
	"github.com/commentd/commentd/projections/threads"
)

// oneTicket names the ticket that a command is about.
type oneTicket struct {
	database
	Ticket  string `arg:"" help:"The ticket, by UUID."`
	Account string `required:"" help:"The account, by slug."`
}

// read has do look into the ticket's past.
func (c oneTicket) read(ctx context.Context, e env, do func(*threads.Reader, threads.HistoryQuery) error) error {
	ticket, err := domain.ParseTicketID(c.Ticket)
	if err != nil {
		return &usageError{fmt.Errorf("the ticket is %w", err)}
	}
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, c.Account)
		if err != nil {
			return err
		}
		q := threads.HistoryQuery{Account: account.ID, Ticket: ticket, Viewer: operator.Actor}
		return do(threads.NewReader(t.pool, t.vault, 0), q)
	})
}

type ticketHistory struct {
	oneTicket
	output
}

// Run prints events as they are read: a history may be longer than the memory.
func (c ticketHistory) Run(ctx context.Context, e env) error {
	out := jsontext.NewEncoder(e.stdout) // a value per line
	return c.read(ctx, e, func(r *threads.Reader, q threads.HistoryQuery) error {
		begin := func(int) error {
			if c.JSON {
				return nil
			}
			_, err := fmt.Fprintf(e.stdout, eventLine, "TIME", "VERSION", "ACTOR", "EVENT", "COMMENT", "WHAT")
			return err
		}
		return r.History(ctx, q, begin, func(entries []threads.Entry) error {
			for i := range entries {
				event, err := v1.EventOf(&entries[i])
				switch {
				case err != nil:
				case c.JSON:
					err = json.MarshalEncode(out, event)
				default:
					err = printEvent(e.stdout, &event)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

const (
	eventLine    = "%-24s  %7s  %-24s  %-20s  %-12s  %s\n"
	momentFormat = "2006-01-02T15:04:05.000Z"
)

func printEvent(w io.Writer, e *v1.Event) error {
	comment := "-"
	switch {
	case e.CommentID != nil:
		comment = brief(uuid.UUID(*e.CommentID))
	case e.ChatID != nil:
		comment = brief(uuid.UUID(*e.ChatID))
	}
	_, err := fmt.Fprintf(w, eventLine, time.Time(e.RecordedAt).UTC().Format(momentFormat), strconv.Itoa(int(e.Version)),
		actorOf(e), e.Type, comment, what(e))
	return err
}

// brief is the end of an id, which differs from that of others; beginnings are times.
func brief(id uuid.UUID) string { return id.String()[24:] }

func actorOf(e *v1.Event) string {
	if e.Actor == nil {
		return "?"
	}
	return fmt.Sprintf("%s %s", e.Actor.Kind, brief(uuid.UUID(e.Actor.ID)))
}

// what says in one line what an event has changed.
func what(e *v1.Event) string {
	var parts []string
	for _, c := range e.Changes {
		parts = append(parts, change(c))
	}
	if e.Origin != nil {
		parts = append(parts, fmt.Sprintf("audit %d of %s elsewhere", e.Origin.Audit, time.Time(e.Origin.At).UTC().Format(timeFormat)))
	}
	switch {
	case e.Actor == nil:
		parts = append(parts, "cannot be read")
	case e.Cause != "":
		parts = append(parts, fmt.Sprintf("%d versions erased: %s", e.Versions, e.Cause))
	case e.Versions > 0:
		parts = append(parts, fmt.Sprintf("something hidden, in any of %d versions", e.Versions))
	case e.Obligation != nil:
		parts = append(parts, "the keys to what event "+e.Obligation.String()+" removed are destroyed")
	}
	return strings.Join(parts, ", ")
}

func change(c v1.Change) string {
	switch {
	case c.Diff != nil:
		return c.Field + " " + marked(c.Diff)
	case c.Before == nil:
		return c.Field + " " + value(c.After)
	}
	return c.Field + " " + value(c.Before) + " -> " + value(c.After)
}

func value(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case v1.Literal:
		var text string
		if json.Unmarshal(v, &text) != nil {
			return "?"
		}
		return `"` + head(text, longest) + `"`
	}
	return fmt.Sprint(v)
}
