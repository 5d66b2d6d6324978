package threads_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// The history of a ticket is its rows in the log, whatever part of it is asked for,
// with the texts of today; so are the versions of its comments.
func TestHistoryIsTheLog(t *testing.T) {
	l := logtest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := newSaga(t, rt, l)
		for range rapid.IntRange(1, 40).Draw(rt, "events") {
			s.happen()
		}
		want := s.wantedHistory()
		for range 4 {
			q := threads.HistoryQuery{
				Account: s.account, Ticket: s.ticket, Viewer: logtest.Agent.Actor,
				After: eventstore.Version(rapid.IntRange(0, len(want)).Draw(rt, "after")),
				Limit: max(0, rapid.IntRange(-5, 9).Draw(rt, "limit")),
			}
			part := want[q.After:]
			if q.Limit > 0 {
				part = part[:min(q.Limit, len(part))]
			}
			s.checkHistory(q, part, len(want))
		}
		for _, id := range s.comments {
			s.checkVersions(id)
		}
	})
}

// wantedHistory is the history by brute force: the rows of the log, with what was said
// before and after.
func (s *saga) wantedHistory() (lines []string) {
	s.tb.Helper()
	rows, err := s.log.Pool.Query(context.Background(), `
		SELECT version, position, event_id, type, internal, coalesce(comment_id::text, ''), convert_from(data, 'UTF8')
		  FROM log.events WHERE ticket_id = $1 ORDER BY version`, uuid.UUID(s.ticket))
	if err != nil {
		s.t.Fatal(err)
	}
	type event struct {
		Version, Position int64
		ID                uuid.UUID
		Type              string
		Internal          bool
		Comment, Data     string
	}
	events, err := pgx.CollectRows(rows, pgx.RowToStructByPos[event])
	if err != nil {
		s.t.Fatal(err)
	}
	said := map[string]int{}
	subject, status, requester := "", "", ""
	for _, e := range events {
		var open struct {
			Status, Requester string
			Subject, Content  struct{ ID string }
		}
		if err := json.Unmarshal([]byte(strings.ReplaceAll(e.Data, `"subject":true`, `"x":0`)), &open); err != nil {
			s.t.Fatal(err)
		}
		texts, before := " - ", ""
		switch e.Type {
		case "comment.created", "comment.edited":
			id := domain.CommentID(uuid.MustParse(e.Comment))
			n := said[e.Comment]
			if said[e.Comment]++; n > 0 {
				texts = *s.said[id][n-1]
			}
			texts += " -> " + *s.said[id][n]
			if n == 0 {
				texts = "none" + strings.TrimPrefix(texts, " - ")
			}
		case "chat.entry_added":
			if open.Content.ID != "" {
				texts = "none -> " + *s.texts[open.Content.ID] // erased, it is nothing
			}
		case "ticket.opened", "ticket.changed":
			before = status + requester
			status, requester = open.Status, open.Requester
			if open.Subject.ID != subject {
				texts = s.subject(subject) + " -> " + s.subject(open.Subject.ID)
			}
			subject = open.Subject.ID
		case "content.erased":
			if e.Comment == "" {
				before = status + requester
				subject = ""
			}
		case "obligation.completed":
			before = status + requester
		}
		lines = append(lines, fmt.Sprintln(e.Version, e.Position, e.ID, e.Type, e.Internal, e.Comment, before, texts))
	}
	return lines
}

func (s *saga) subject(id string) string {
	if id == "" {
		return "none"
	}
	var there bool
	if err := s.log.Pool.QueryRow(context.Background(), "SELECT EXISTS (SELECT FROM log.contents WHERE content_id = $1)", id).Scan(&there); err != nil {
		s.t.Fatal(err)
	}
	if !there {
		return "nothing"
	}
	return *s.texts[id]
}

func (s *saga) checkHistory(q threads.HistoryQuery, want []string, all int) {
	got := []string{}
	begun := 0
	err := s.reader.History(context.Background(), q,
		func(total int) error {
			if begun++; total != all {
				s.t.Fatalf("History(%+v) counts %d events, want %d", q, total, all)
			}
			return nil
		},
		func(entries []threads.Entry) error {
			for _, e := range entries {
				got = append(got, s.entry(e))
			}
			return nil
		})
	if diff := cmp.Diff(want, got); err != nil || begun != 1 || diff != "" {
		s.t.Fatalf("History(%+v) = %v, begun %d times (-want +got):\n%s", q, err, begun, diff)
	}
}

func (s *saga) entry(e threads.Entry) string {
	comment, before, texts := "", "", " - "
	if e.Comment != (domain.CommentID{}) {
		comment = e.Comment.String()
	} else {
		if e.Before.Requester != nil {
			before = e.Before.Requester.String()
		}
		before = string(e.Before.Status) + before
	}
	if e.Old.BodyJSON != nil || e.Old.Destroyed || e.New.BodyJSON != nil || e.New.Destroyed {
		texts = said(e.Old) + " -> " + said(e.New)
	}
	for _, gone := range s.gone {
		if strings.Contains(texts, gone) {
			s.t.Fatalf("%s is back in the history", gone)
		}
	}
	return fmt.Sprintln(e.Version, e.Position, e.ID, e.Type, e.Internal, comment, before, texts)
}

func said(t threads.Text) string {
	if t.BodyJSON == nil && !t.Destroyed {
		return "none"
	}
	return unquoted(t.BodyJSON)
}

func (s *saga) checkVersions(id domain.CommentID) {
	var got, want []string
	for i, text := range s.said[id] {
		want = append(want, fmt.Sprintln(i+1, *text))
	}
	redacted := false
	err := s.reader.Versions(context.Background(), s.account, s.ticket, id, logtest.Agent.Actor, func(versions []threads.Version) error {
		for _, v := range versions {
			got = append(got, fmt.Sprintln(v.Number, said(v.Text)))
			redacted = redacted || v.Redacted
			if strings.Contains(string(v.BodyJSON), "▇") && !v.Redacted {
				s.t.Fatalf("version %d of %s is masked, and said not to be redacted", v.Number, id)
			}
			if last := v.Number == len(s.said[id]); last != v.ReplacedAt.IsZero() || v.WrittenAt.IsZero() || v.Actor != logtest.Agent.Actor {
				s.t.Fatalf("version %+v", v)
			}
		}
		return nil
	})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		s.t.Fatalf("Versions = %v (-want +got):\n%s", err, diff)
	}
	var events int
	err = s.log.Pool.QueryRow(context.Background(), "SELECT count(*) FROM log.events WHERE comment_id = $1 AND type = 'comment.redacted'", uuid.UUID(id)).Scan(&events)
	if err != nil || redacted && events == 0 {
		s.t.Fatalf("a version of %s is called redacted: %d redactions, %v", id, events, err)
	}
}

// Whoever may not see internal notes is told of no history, and nobody of another
// account's.
func TestHistoryIsForAuditors(t *testing.T) {
	w := newWorld(t, logtest.New(t))
	id := w.create(logtest.Agent.Actor.Own(), true, "text")
	ctx := t.Context()
	history := func(account domain.AccountID, viewer domain.Actor, ticket domain.TicketID) error {
		return w.reader.History(ctx, threads.HistoryQuery{Account: account, Ticket: ticket, Viewer: viewer},
			func(int) error { t.Error("begun"); return nil }, func([]threads.Entry) error { return nil })
	}
	versions := func(account domain.AccountID, viewer domain.Actor, ticket domain.TicketID, comment domain.CommentID) error {
		return w.reader.Versions(ctx, account, ticket, comment, viewer, func([]threads.Version) error { t.Error("given"); return nil })
	}
	past := func(account domain.AccountID, viewer domain.Actor, change func(*threads.PastQuery)) error {
		q := threads.PastQuery{ListQuery: threads.ListQuery{Account: account, Ticket: w.ticket, Viewer: viewer}, At: threads.Moment{Version: 1}}
		change(&q)
		_, err := w.reader.Past(ctx, q)
		return err
	}
	agent, other := logtest.Agent.Actor, domain.TicketID(uuid.New())
	elsewhere := w.log.Open(1, nil)
	for what, err := range map[string]error{
		"history for the customer":  history(1, w.customer, w.ticket),
		"history for nobody":        history(1, domain.Actor{}, w.ticket),
		"history elsewhere":         history(2, agent, w.ticket),
		"history of nothing":        history(1, agent, other),
		"versions for the customer": versions(1, w.customer, w.ticket, id),
		"versions elsewhere":        versions(2, agent, w.ticket, id),
		"versions of nothing":       versions(1, agent, other, id),
		"past elsewhere":            past(2, agent, func(*threads.PastQuery) {}),
		"past by version":           past(1, w.customer, func(*threads.PastQuery) {}),
		"past as customer":          past(1, w.customer, func(q *threads.PastQuery) { q.At, q.AsCustomer = threads.Moment{Time: time.Now()}, true }),
		"past audited":              past(1, w.customer, func(q *threads.PastQuery) { q.At, q.Audit = threads.Moment{Time: time.Now()}, true }),
	} {
		if !errors.Is(err, domain.ErrTicketNotFound) {
			t.Errorf("%s: %v, want %v", what, err, domain.ErrTicketNotFound)
		}
	}
	for what, err := range map[string]error{
		"another comment":             versions(1, agent, w.ticket, domain.CommentID(uuid.New())),
		"a comment of another ticket": versions(1, agent, elsewhere, id),
	} {
		if !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("versions of %s: %v, want %v", what, err, domain.ErrNotFound)
		}
	}
}
