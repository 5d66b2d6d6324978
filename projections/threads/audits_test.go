package threads_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// The audits of a ticket are what its rows in the log come to, with the texts and the
// visibility of today, whatever page is asked for and however far the projector is.
func TestAuditsAreThoseOfTheLog(t *testing.T) {
	l := logtest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := newSaga(t, rt, l)
		for range rapid.IntRange(1, 5).Draw(rt, "rounds") {
			for range rapid.IntRange(0, 8).Draw(rt, "events") {
				s.happen()
			}
			if rapid.Bool().Draw(rt, "hold") {
				for _, hold := range []bool{true, false} {
					s.do(domain.PutTicket{Account: s.account, Ticket: s.ticket, By: logtest.Agent, LegalHold: &hold, Numbers: s.numbers()})
				}
			}
			s.apply(rapid.IntRange(0, 12).Draw(rt, "applied"))
			s.checkAudits()
		}
	})
}

func (s *saga) checkAudits() {
	ctx, agent := context.Background(), logtest.Agent.Actor
	want := s.wantedAudits()
	if n, err := s.reader.AuditCount(ctx, s.account, s.ticket, agent); err != nil || n != len(want) {
		s.t.Fatalf("AuditCount = %d, %v; want %d", n, err, len(want))
	}
	for range 4 {
		s.checkAuditPage(want)
	}
	audits := logtest.Fold(s.tb, s.log.Pool, s.account, s.ticket).Audits
	for i, a := range audits {
		got, err := s.reader.AuditByNumber(ctx, s.account, s.ticket, agent, a.Number)
		if err != nil || s.audit(got) != want[i] {
			s.t.Fatalf("AuditByNumber(%d) = %s, %v; want %s", a.Number, s.audit(got), err, want[i])
		}
		if _, err := s.reader.AuditByNumber(ctx, s.account, s.ticket, agent, a.Number+1); !errors.Is(err, threads.ErrNoAudit) {
			s.t.Fatalf("AuditByNumber(%d) = %v; want %v", a.Number+1, err, threads.ErrNoAudit)
		}
	}
}

func (s *saga) checkAuditPage(want []string) {
	q := threads.AuditQuery{
		Account: s.account, Ticket: s.ticket, Viewer: logtest.Agent.Actor,
		Desc:  rapid.Bool().Draw(s.t, "desc"),
		Limit: rapid.IntRange(0, 4).Draw(s.t, "limit"),
	}
	audits := logtest.Fold(s.tb, s.log.Pool, s.account, s.ticket).Audits
	all := append([]string(nil), want...)
	from, to := 0, len(all)
	place := rapid.IntRange(0, len(all)-1).Draw(s.t, "place") // in the order of the page
	at := audits[place]
	if q.Desc {
		reverse(all)
		at = audits[len(audits)-1-place]
	}
	kind := rapid.IntRange(0, 3).Draw(s.t, "kind")
	switch kind {
	case 1:
		q.After, from = eventstore.Version(at.Version), place+1
	case 2:
		q.Before, to = eventstore.Version(at.Version), place
	case 3:
		q.Skip = rapid.IntRange(0, len(all)+1).Draw(s.t, "skip")
		from = min(q.Skip, len(all))
	}
	limit := q.Limit
	if limit == 0 {
		limit = 100
	}
	part := all[from:to]
	more := len(part) > limit
	if more && kind == 2 {
		part = part[len(part)-limit:]
	} else if more {
		part = part[:limit]
	}
	page, err := s.reader.Audits(context.Background(), q)
	if err != nil {
		s.t.Fatalf("Audits(%+v): %v", q, err)
	}
	var got []string
	for _, a := range page.Audits {
		got = append(got, s.audit(a))
	}
	if diff := cmp.Diff(strings.Join(part, ""), strings.Join(got, "")); diff != "" {
		s.t.Fatalf("Audits(%+v), %d applied (-want +got):\n%s", q, s.applied, diff)
	}
	if page.Total != len(want) || page.More != more {
		s.t.Fatalf("Audits(%+v) = total %d, more %v; want %d, %v", q, page.Total, page.More, len(want), more)
	}
}

func reverse(s []string) {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
}

// audit is an audit as a line.
func (s *saga) audit(a threads.Audit) string {
	line := fmt.Sprintln("audit", a.Number, int(a.Version), a.Actor.ID, a.At.UnixMicro())
	seen := map[int64]bool{}
	for _, e := range a.Events {
		if seen[e.Number] {
			s.t.Fatalf("two events of audit %d have number %d", a.Number, e.Number)
		}
		seen[e.Number] = true
		switch e.Type {
		case threads.AuditComment:
			c := e.Comment
			body := "nothing"
			if c.Document != nil {
				body = c.Document.Text
				if unquoted(c.BodyJSON) != body {
					s.t.Fatalf("a comment has two texts: %q, %s", body, c.BodyJSON)
				}
			}
			if (a.Document != nil) != (c.Document != nil && !c.Deleted) {
				s.t.Fatalf("the audit %+v has another document than its comment %+v", a, c)
			}
			line += fmt.Sprintln("comment", e.Number, c.Number, c.Audit, c.ID, c.Author.ID, c.Public, c.Deleted, body)
		case threads.AuditPrivacy:
			line += fmt.Sprintln("privacy", e.CommentNumber, e.Public)
		case threads.AuditRedaction:
			line += fmt.Sprintln("redaction", e.CommentNumber)
		case threads.AuditChatStarted:
			line += chatLine("started", e.Number, e.Chat.Visitor, shownChat(e.Chat))
		case threads.AuditChatEnded:
			line += chatLine("ended", e.Number, e.Chat.Visitor, nil)
		case threads.AuditCreate:
			line += fmt.Sprintln("create", e.Field, value(e.Value))
		case threads.AuditChange:
			line += fmt.Sprintln("change", e.Field, value(e.Previous), value(e.Value))
		}
	}
	for _, gone := range s.gone {
		if strings.Contains(line, gone) {
			s.t.Fatalf("%s is back in an audit", gone)
		}
	}
	return line
}

func value(v threads.AuditValue) string {
	switch {
	case v.User != nil:
		return v.User.String()
	case v.SubjectJSON != nil:
		return unquoted(v.SubjectJSON)
	case v.Status != "":
		return string(v.Status)
	}
	return "null"
}

// wantedAudit is the lines of an audit: a comment comes before what has happened with it.
type wantedAudit struct {
	number                 int64
	header, comment, other string
}

// wantedAudits are the audits by brute force: from the rows of the log, and what is
// known of the texts.
func (s *saga) wantedAudits() (lines []string) {
	s.tb.Helper()
	var audits []*wantedAudit
	rows, err := s.log.Pool.Query(context.Background(), `
		SELECT version, type, internal, coalesce(comment_id::text, ''), convert_from(data, 'UTF8')
		  FROM log.events WHERE ticket_id = $1 ORDER BY version`, uuid.UUID(s.ticket))
	if err != nil {
		s.t.Fatal(err)
	}
	type event struct {
		Version       int
		Type          string
		Internal      bool
		Comment, Data string
	}
	events, err := pgx.CollectRows(rows, pgx.RowToStructByPos[event])
	if err != nil {
		s.t.Fatal(err)
	}
	today := logtest.Fold(s.tb, s.log.Pool, s.account, s.ticket)
	null := func(id string) string {
		if id == "" {
			return "null"
		}
		return id
	}
	subject := func(id string) string {
		if text := s.subject(id); text != "none" && text != "nothing" {
			return text
		}
		return "null"
	}
	before := struct{ status, requester, subject string }{}
	for _, e := range events {
		var open struct {
			Actor             struct{ ID string }
			Audit             int64
			Status, Requester string
			Subject           struct{ ID string }
		}
		if err := json.Unmarshal([]byte(strings.ReplaceAll(e.Data, `"subject":true`, `"x":0`)), &open); err != nil {
			s.t.Fatal(err)
		}
		at := func() *wantedAudit {
			n := len(audits)
			if n == 0 || audits[n-1].number != open.Audit {
				audits, n = append(audits, &wantedAudit{number: open.Audit}), n+1
			}
			audits[n-1].header = fmt.Sprintln("audit", open.Audit, e.Version, open.Actor.ID, today.Audits[n-1].At.UnixMicro())
			return audits[n-1]
		}
		c := today.Comments[e.Comment]
		switch e.Type {
		case "comment.created":
			text := *s.textAt(c)
			if c.Deleted {
				text = "▇▇▇▇"
			}
			at().comment = fmt.Sprintln("comment", c.Number, c.Number, open.Audit, e.Comment, c.Author, c.Public, c.Deleted, text)
		case "comment.made_private", "comment.made_public":
			at().other += fmt.Sprintln("privacy", c.Number, e.Type == "comment.made_public")
		case "comment.redacted":
			at().other += fmt.Sprintln("redaction", c.Number)
		case "ticket.opened":
			at().other += fmt.Sprintln("create status", open.Status) + fmt.Sprintln("create requester_id", null(open.Requester)) +
				fmt.Sprintln("create subject", subject(open.Subject.ID))
		case "ticket.changed":
			line := ""
			for _, f := range []struct{ name, was, is, shownWas, shownIs string }{
				{"status", before.status, open.Status, before.status, open.Status},
				{"requester_id", before.requester, open.Requester, null(before.requester), null(open.Requester)},
				{"subject", before.subject, open.Subject.ID, subject(before.subject), subject(open.Subject.ID)},
			} {
				if f.was != f.is {
					line += fmt.Sprintln("change", f.name, f.shownWas, f.shownIs)
				}
			}
			if !e.Internal {
				at().other += line
			}
		case "chat.started", "chat.ended":
			at().other += s.wantedChat(strings.TrimPrefix(e.Type, "chat."), e.Comment, e.Data, open.Audit)
		case "content.erased":
			if e.Comment == "" {
				before.subject = ""
			}
		}
		if e.Type == "ticket.opened" || e.Type == "ticket.changed" {
			before.status, before.requester, before.subject = open.Status, open.Requester, open.Subject.ID
		}
	}
	for _, a := range audits {
		lines = append(lines, a.header+a.comment+a.other)
	}
	return lines
}

// An audit is found by its own number, whatever number another one had elsewhere.
func TestAuditsAreNotFoundByTheirOrigins(t *testing.T) {
	w := newWorld(t, logtest.New(t))
	late := w.numbers()
	w.do(domain.WriteTicket{
		Account: w.account, Ticket: w.ticket, By: logtest.Agent, Comment: domain.CommentID(logtest.NewID()), Numbers: w.numbers(),
		Say: &domain.NewComment{Author: logtest.Agent.Actor.Own(), Text: w.text("said elsewhere")}, Origin: &domain.Origin{Audit: late.Audit},
	})
	for range 20 { // as far apart as those that are looked through when an audit was found
		w.create(logtest.Agent.Actor.Own(), true, "text")
	}
	status := domain.StatusPending
	w.do(domain.WriteTicket{Account: w.account, Ticket: w.ticket, By: logtest.Agent, Status: &status, Numbers: late})
	got, err := w.reader.AuditByNumber(t.Context(), w.account, w.ticket, logtest.Agent.Actor, late.Audit)
	if err != nil || got.Number != late.Audit {
		t.Errorf("AuditByNumber(%d) = %+v, %v", late.Audit, got, err)
	}
}

// Audits are for those who see internal notes.
func TestAuditsAreForAgents(t *testing.T) {
	w := newWorld(t, logtest.New(t))
	w.create(logtest.Agent.Actor.Own(), true, "public")
	ctx := t.Context()
	for name, viewer := range map[string]struct {
		account domain.AccountID
		actor   domain.Actor
	}{
		"the requester": {1, w.customer}, "nobody": {1, domain.Actor{}}, "an agent of another account": {2, logtest.Agent.Actor},
	} {
		_, err := w.reader.Audits(ctx, threads.AuditQuery{Account: viewer.account, Ticket: w.ticket, Viewer: viewer.actor})
		_, err2 := w.reader.AuditCount(ctx, viewer.account, w.ticket, viewer.actor)
		_, err3 := w.reader.AuditByNumber(ctx, viewer.account, w.ticket, viewer.actor, 1)
		for _, err := range []error{err, err2, err3} {
			if !errors.Is(err, domain.ErrTicketNotFound) {
				t.Errorf("the audits for %s: %v; want %v", name, err, domain.ErrTicketNotFound)
			}
		}
	}
}
