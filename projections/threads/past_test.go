package threads_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// saga is a ticket with a past: texts are redacted and erased in it, too, and its
// requester changes.
type saga struct {
	*world
	t *rapid.T
	// texts are what contents say today, by id: what was sealed anew shares the text of
	// what it replaced.
	texts map[string]*string
	said  map[domain.CommentID][]*string // oldest first
	gone  []string                       // texts that nobody may read any more
	talks []*talk
}

// vocabulary are words of which none is part of another.
var vocabulary = []string{"alpha", "beta", "gamma", "delta", "omega"}

func newSaga(tb testing.TB, t *rapid.T, l *logtest.Log) *saga {
	return newSagaOf(tb, t, l, 1)
}

func newSagaOf(tb testing.TB, t *rapid.T, l *logtest.Log, account domain.AccountID) *saga {
	return &saga{world: newWorldOf(tb, l, account), t: t, texts: map[string]*string{}, said: map[domain.CommentID][]*string{}}
}

// speak returns a text of common words and one that is nowhere else.
func (s *saga) speak(comment domain.CommentID) *domain.Text {
	words := rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 4).Draw(s.t, "words")
	body := strings.Join(append(words, "w"+uuid.NewString()[:8]), " ")
	text := logtest.NewText(body)
	s.texts[text.Content.ID.String()] = &body
	if comment != (domain.CommentID{}) {
		s.said[comment] = append(s.said[comment], &body)
	}
	return text
}

// happen makes something happen that rapid chooses, and notes what is left of texts.
func (s *saga) happen() {
	t := s.t
	what := rapid.SampledFrom([]string{
		"create", "create", "edit", "edit", "edit", "flip", "rewrite and flip", "delete", "ticket", "redact", "redact", "erase", "erase subject", "write", "write", "chat", "chat",
	}).Draw(t, "what")
	by := logtest.Agent
	switch {
	case what == "ticket":
		s.changeTicket()
		return
	case what == "write":
		s.write()
		return
	case what == "chat":
		s.chat()
		return
	case what == "erase subject":
		s.do(domain.EraseSubject{Account: s.account, Ticket: s.ticket, By: by, Audit: s.numbers().Audit, Cause: domain.CauseErasure})
		return
	case what == "create" || len(s.comments) == 0:
		s.comment()
		return
	}
	id := rapid.SampledFrom(s.comments).Draw(t, "comment")
	c := logtest.Fold(s.tb, s.log.Pool, s.account, s.ticket).Comments[id.String()]
	flipped := !c.Public
	if c.Deleted && what != "erase" {
		return
	}
	switch what {
	case "edit":
		s.update(id, s.speak(id), nil)
	case "flip":
		s.update(id, nil, &flipped)
	case "rewrite and flip":
		s.update(id, s.speak(id), &flipped)
	case "delete":
		s.remove(id)
	case "redact":
		s.redact(id)
	case "erase":
		s.do(domain.EraseComment{Account: s.account, Ticket: s.ticket, Comment: id, By: by, Audit: s.numbers().Audit, Cause: domain.CauseRetention})
		for _, text := range s.said[id] {
			s.lose(*text)
			*text = "nothing"
		}
	}
}

// unique is the word of a text that is in no other.
func unique(text string) string { return text[strings.LastIndexByte(text, ' ')+1:] }

// lose notes that nobody is to read a text any more.
func (s *saga) lose(text string) {
	if word := unique(text); strings.HasPrefix(word, "w") {
		s.gone = append(s.gone, word)
	}
}

func (s *saga) comment() {
	id := domain.CommentID(logtest.NewID())
	s.do(domain.CreateComment{
		Account: s.account, Ticket: s.ticket, Comment: id, By: logtest.Agent, Public: rapid.Bool().Draw(s.t, "public"),
		Author: domain.Author{Type: domain.AuthorType(rapid.IntRange(1, 3).Draw(s.t, "author")), ID: domain.UserID(uuid.New())},
		Text:   s.speak(id), Numbers: s.numbers(),
	})
	s.comments = append(s.comments, id)
}

func (s *saga) changeTicket() {
	put := domain.PutTicket{Account: s.account, Ticket: s.ticket, By: logtest.Agent, Numbers: s.numbers()}
	other := domain.UserID(uuid.New())
	requester := rapid.SampledFrom([]*domain.UserID{nil, &other, &s.customer.ID, &s.customer.ID}).Draw(s.t, "requester")
	put.Requester = &requester
	if rapid.Bool().Draw(s.t, "new subject") {
		subject := s.speak(domain.CommentID{})
		put.Subject = &subject
	}
	s.do(put)
}

// write says something and may change the ticket with it.
func (s *saga) write() {
	id := domain.CommentID(logtest.NewID())
	cmd := domain.WriteTicket{
		Account: s.account, Ticket: s.ticket, Comment: id, By: logtest.Agent, Numbers: s.numbers(),
		Say: &domain.NewComment{Author: logtest.Agent.Actor.Own(), Text: s.speak(id)},
	}
	if rapid.Bool().Draw(s.t, "new status") {
		status := rapid.SampledFrom([]domain.Status{domain.StatusOpen, domain.StatusPending}).Draw(s.t, "status")
		cmd.Status = &status
	}
	if rapid.Bool().Draw(s.t, "new subject") {
		subject := s.speak(domain.CommentID{})
		cmd.Subject = &subject
	}
	cmd.Origin = origin(s.t)
	s.do(cmd)
	s.comments = append(s.comments, id)
}

// redact hides a word, or all, in every version of a comment.
func (s *saga) redact(id domain.CommentID) {
	hide := domain.Redaction{All: true}
	if rapid.Bool().Draw(s.t, "a word") {
		words := strings.Fields(strings.ReplaceAll(*rapid.SampledFrom(s.said[id]).Draw(s.t, "of version"), "▇", ""))
		if len(words) == 0 {
			return
		}
		hide = domain.Redaction{Text: rapid.SampledFrom(words).Draw(s.t, "word")}
	}
	result, err := s.log.Store.Execute(context.Background(), domain.RedactComment{
		Account: s.account, Ticket: s.ticket, Comment: id, By: logtest.Agent, Audit: s.numbers().Audit, Hide: hide,
	}, nil)
	if err != nil && !errors.Is(err, domain.ErrTextNotFound) && !errors.Is(err, domain.ErrNothingToRedact) {
		s.t.Fatalf("redact: %v", err)
	}
	if !result.Changed {
		return
	}
	for _, text := range s.said[id] {
		switch {
		case *text == "nothing":
		case hide.All:
			s.lose(*text)
			*text = "▇▇▇▇"
		default:
			if unique(*text) == hide.Text {
				s.lose(*text)
			}
			*text = strings.ReplaceAll(*text, hide.Text, "▇▇▇▇")
		}
	}
	var pairs []struct{ Old, New string }
	rows, err := s.log.Pool.Query(context.Background(), `
		SELECT c ->> 'old', c -> 'new' ->> 'id'
		  FROM log.events e CROSS JOIN jsonb_array_elements(convert_from(data, 'UTF8')::jsonb -> 'contents') c
		 WHERE e.event_id = $1`, uuid.UUID(result.Event))
	if err == nil {
		pairs, err = pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Old, New string }])
	}
	if err != nil || len(pairs) == 0 {
		s.t.Fatalf("the event of a redaction: %v, %v", pairs, err)
	}
	for _, p := range pairs {
		s.texts[p.New] = s.texts[p.Old]
	}
}

// Whatever happens, and whatever moment is asked for, the answer is the fold of what had
// happened by then, with the texts and the rights of today.
func TestThePastIsAFoldOfWhatHadHappened(t *testing.T) {
	l := logtest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := newSaga(t, rt, l)
		for range rapid.IntRange(1, 5).Draw(rt, "rounds") {
			for range rapid.IntRange(1, 8).Draw(rt, "events") {
				s.happen()
			}
			s.apply(rapid.IntRange(0, 12).Draw(rt, "applied"))
		}
		s.checkPast()
	})
}

// viewer is one of the ways in which the past is asked for.
type viewer struct {
	name  string
	actor domain.Actor
	audit bool
	as    bool
}

func (s *saga) viewers() []viewer {
	agent := logtest.Agent.Actor
	return []viewer{{"agent", agent, false, false}, {"auditor", agent, true, false}, {"as customer", agent, true, true}, {"customer", s.customer, false, false}}
}

func (s *saga) checkPast() {
	today := logtest.Fold(s.tb, s.log.Pool, s.account, s.ticket)
	times := today.Times()
	for i, at := range times {
		byVersion := logtest.FoldTo(s.tb, s.log.Pool, s.account, s.ticket, eventstore.Version(i+1))
		byTime := logtest.FoldBy(s.tb, s.log.Pool, s.account, s.ticket, at) // what happened at the time itself has happened
		for _, v := range s.viewers() {
			q, then := threads.PastQuery{Audit: v.audit, AsCustomer: v.as, At: threads.Moment{Version: eventstore.Version(i + 1)}}, byVersion
			if v.name == "customer" || rapid.Bool().Draw(s.t, "by time") {
				q.At, then = threads.Moment{Time: at}, byTime
			}
			q.ListQuery = s.drawList(v.actor, today)
			s.checkMoment(v, q, then, today)
		}
	}
	agent := threads.ListQuery{Account: s.account, Ticket: s.ticket, Viewer: logtest.Agent.Actor}
	_, err := s.reader.Past(context.Background(), threads.PastQuery{ListQuery: agent, At: threads.Moment{Version: eventstore.Version(len(times) + 1)}})
	if !errors.Is(err, threads.ErrNoVersion) {
		s.t.Fatalf("a version to come = %v", err)
	}
	page, err := s.reader.Past(context.Background(), threads.PastQuery{ListQuery: agent, At: threads.Moment{Time: slices.MinFunc(times, time.Time.Compare).Add(-time.Microsecond)}})
	if err != nil || page.Total != 0 {
		s.t.Fatalf("before the beginning = %d comments, %v", page.Total, err)
	}
}

func (s *saga) drawList(actor domain.Actor, today *logtest.Thread) threads.ListQuery {
	q := threads.ListQuery{
		Account: s.account, Ticket: s.ticket, Viewer: actor,
		Desc:   rapid.Bool().Draw(s.t, "desc"),
		Limit:  max(0, rapid.IntRange(-3, 4).Draw(s.t, "limit")),
		Author: domain.AuthorType(max(0, rapid.IntRange(-9, 3).Draw(s.t, "author"))),
	}
	if rapid.IntRange(0, 4).Draw(s.t, "filtered") == 0 {
		internal := rapid.Bool().Draw(s.t, "internal")
		q.Internal = &internal
	}
	if len(s.comments) == 0 {
		return q
	}
	at := today.Comments[rapid.SampledFrom(s.comments).Draw(s.t, "cursor").String()].Position
	switch rapid.IntRange(0, 5).Draw(s.t, "cursors") {
	case 0:
		q.After = at
	case 1:
		q.Before = at
	}
	return q
}

// checkMoment compares one answer with the fold of what had happened by the moment.
func (s *saga) checkMoment(v viewer, q threads.PastQuery, then, today *logtest.Thread) {
	page, err := s.reader.Past(context.Background(), q)
	if v.name == "customer" && today.Customer != s.customer.ID.String() {
		if !errors.Is(err, domain.ErrTicketNotFound) {
			s.t.Fatalf("the past of another's ticket = %+v, %v", page, err)
		}
		return
	}
	if err != nil {
		s.t.Fatalf("Past(%+v): %v", q, err)
	}
	comments, total, more := pastList(then, today, v, q)
	var want, got []string
	for _, c := range comments {
		want = append(want, fmt.Sprintln(c.ID, c.AuthorType, c.Author, c.Public, c.Number, int64(c.Position),
			c.Created.UnixMicro(), c.Updated.UnixMicro(), *s.textAt(c)))
	}
	for _, c := range page.Comments {
		got = append(got, fmt.Sprintln(c.ID, c.Author.Type, c.Author.ID, c.Public, c.Number, int64(c.Position),
			c.CreatedAt.UnixMicro(), c.UpdatedAt.UnixMicro(), unquoted(c.BodyJSON)))
	}
	if diff := cmp.Diff(want, got); diff != "" || page.Total != total || page.More != more {
		s.t.Fatalf("at %+v, %s: total %d, more %v, want %d, %v (-want +got):\n%s", q.At, v.name, page.Total, page.More, total, more, diff)
	}
	for _, c := range page.Comments {
		for _, gone := range s.gone {
			if strings.Contains(string(c.BodyJSON), gone) {
				s.t.Fatalf("at %+v, %s: %s is back", q.At, v.name, gone)
			}
		}
	}
}

func (s *saga) textAt(c *logtest.Comment) *string {
	if text := s.texts[c.Content]; text != nil {
		return text
	}
	nothing := "nothing"
	return &nothing
}

// pastList is the answer to a query about the past, by brute force.
func pastList(then, today *logtest.Thread, v viewer, q threads.PastQuery) (comments []*logtest.Comment, total int, more bool) {
	shown := &logtest.Thread{Comments: map[string]*logtest.Comment{}}
	for id, c := range then.Comments {
		now := today.Comments[id]
		if !c.Deleted && map[string]bool{
			"agent":       !now.Deleted,
			"auditor":     true,
			"as customer": c.Public && then.Customer != "",
			"customer":    c.Public && now.Public && !now.Deleted,
		}[v.name] {
			shown.Comments[id] = c
		}
	}
	return list(shown, q.ListQuery)
}
