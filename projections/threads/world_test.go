package threads_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// world is a ticket to which things happen.
type world struct {
	tb       testing.TB
	log      *logtest.Log
	reader   *threads.Reader
	account  domain.AccountID
	ticket   domain.TicketID
	customer domain.Actor
	comments []domain.CommentID
	bodies   map[string]string           // by content id
	written  map[string]domain.Body      // likewise, if there is more than a text
	customs  map[domain.CommentID]string // what edits keep
	applied  eventstore.Version
}

func newWorld(tb testing.TB, l *logtest.Log) *world { return newWorldOf(tb, l, 1) }

// newWorldOf is a world of an account.
func newWorldOf(tb testing.TB, l *logtest.Log, account domain.AccountID) *world {
	w := &world{
		tb: tb, log: l, reader: threads.NewReader(l.Pool, l.Vault, 0), account: account,
		ticket:   domain.TicketID(uuid.New()),
		customer: domain.Actor{Kind: domain.ActorCustomer, ID: domain.UserID(uuid.New())},
		bodies:   make(map[string]string), written: make(map[string]domain.Body), customs: make(map[domain.CommentID]string),
	}
	requester := &w.customer.ID
	w.do(domain.PutTicket{
		Account: w.account, Ticket: w.ticket, By: logtest.Agent, Requester: &requester, Numbers: w.numbers(),
	})
	return w
}

func (w *world) do(cmd domain.Command) eventstore.Result {
	w.tb.Helper()
	result, err := w.log.Store.Execute(context.Background(), cmd, nil)
	if err != nil {
		w.tb.Fatalf("Execute(%+v): %v", cmd, err)
	}
	return result
}

func (w *world) numbers() domain.Numbers {
	w.tb.Helper()
	n, err := w.log.Store.Numbers().Draw(context.Background(), w.account, domain.NumbersPerWrite)
	if err != nil {
		w.tb.Fatal(err)
	}
	return domain.Numbers{Audit: n, Subject: n + 1}
}

func (w *world) text(body string) *domain.Text {
	text := logtest.NewText(body)
	w.bodies[text.Content.ID.String()] = body
	return text
}

func (w *world) create(author domain.Author, public bool, body string) domain.CommentID {
	w.tb.Helper()
	id := domain.CommentID(logtest.NewID())
	w.do(domain.CreateComment{
		Account: w.account, Ticket: w.ticket, Comment: id, By: logtest.Agent, Author: author, Public: public,
		Text: w.text(body), Numbers: w.numbers(),
	})
	w.comments = append(w.comments, id)
	return id
}

// submit adds a comment of which more is known than who said what.
func (w *world) submit(t *rapid.T, author domain.Author, public bool, body string) {
	w.tb.Helper()
	id := domain.CommentID(logtest.NewID())
	flags, err := domain.FlagsOf(rapid.SliceOf(rapid.SampledFrom([]int{0, 4, 22})).Draw(t, "flags")...)
	if err != nil {
		t.Fatal(err)
	}
	text := w.text(body)
	text.HTML = domain.SanitiseHTML(rapid.SampledFrom([]string{"", "<p>" + body + "</p>", "<i>x</i>"}).Draw(t, "html"))
	text.Custom = rapid.SampledFrom([]string{"", `{"a":[1]}`}).Draw(t, "custom")
	w.written[text.Content.ID.String()] = domain.Body{Text: body, HTML: text.HTML, Custom: text.Custom}
	w.customs[id] = text.Custom
	w.do(domain.CreateComment{
		Account: w.account, Ticket: w.ticket, Comment: id, By: logtest.Agent, Author: author, Public: public,
		Text: text, Numbers: w.numbers(), Flags: flags,
		Channel: domain.Channel(rapid.IntRange(0, 9).Draw(t, "channel")),
	})
	w.comments = append(w.comments, id)
}

// write changes the ticket, or adds a comment, or both.
func (w *world) write(t *rapid.T, body string) {
	w.tb.Helper()
	cmd := domain.WriteTicket{Account: w.account, Ticket: w.ticket, By: logtest.Agent, Numbers: w.numbers()}
	if rapid.Bool().Draw(t, "says") {
		cmd.Comment = domain.CommentID(logtest.NewID())
		cmd.Say = &domain.NewComment{Author: logtest.Agent.Actor.Own(), Text: w.text(body), Channel: domain.ChannelWeb}
		if rapid.Bool().Draw(t, "visibility") {
			public := rapid.Bool().Draw(t, "public")
			cmd.Say.Public = &public
		}
		w.comments = append(w.comments, cmd.Comment)
	}
	if rapid.Bool().Draw(t, "new status") {
		status := rapid.SampledFrom([]domain.Status{domain.StatusOpen, domain.StatusPending, domain.StatusSolved}).Draw(t, "status")
		cmd.Status = &status
	}
	cmd.Origin = origin(t)
	w.do(cmd)
}

// origin is where a write comes from; most come from nowhere. It may have happened before what
// was taken over earlier.
func origin(t *rapid.T) *domain.Origin {
	if rapid.IntRange(0, 2).Draw(t, "elsewhere") > 0 {
		return nil
	}
	at := time.Date(2014, 2, 3, 4, 5, rapid.IntRange(0, 9).Draw(t, "second"), 0, time.UTC)
	if rapid.IntRange(0, 4).Draw(t, "to come") == 0 {
		at = time.Now().Add(time.Hour)
	}
	return &domain.Origin{Audit: rapid.Int64().Draw(t, "audit"), At: at}
}

func (w *world) update(id domain.CommentID, text *domain.Text, public *bool) {
	w.tb.Helper()
	if custom := w.customs[id]; text != nil && custom != "" {
		w.written[text.Content.ID.String()] = domain.Body{Text: text.Body, Custom: custom}
	}
	w.do(domain.UpdateComment{
		Account: w.account, Ticket: w.ticket, Comment: id, By: logtest.Agent, Text: text, Public: public, Audit: w.numbers().Audit,
	})
}

func (w *world) remove(id domain.CommentID) {
	w.tb.Helper()
	w.do(domain.DeleteComment{Account: w.account, Ticket: w.ticket, Comment: id, By: logtest.Agent, Audit: w.numbers().Audit})
}

// happen makes something happen that rapid chooses.
func (w *world) happen(t *rapid.T) {
	var living []domain.CommentID
	ref := logtest.Fold(w.tb, w.log.Pool, w.account, w.ticket)
	for _, id := range w.comments {
		if !ref.Comments[id.String()].Deleted {
			living = append(living, id)
		}
	}
	what := rapid.SampledFrom([]string{"create", "create", "create", "edit", "flip", "flip", "rewrite and flip", "delete", "ticket", "write", "write"}).Draw(t, "what")
	if len(living) == 0 && what != "ticket" && what != "write" {
		what = "create"
	}
	body := rapid.StringMatching(`[ -~äß\n☃]{0,40}`)
	switch what {
	case "create":
		author := domain.Author{
			Type: domain.AuthorType(rapid.IntRange(1, 3).Draw(t, "author")),
			ID:   domain.UserID(uuid.New()),
		}
		w.submit(t, author, rapid.Bool().Draw(t, "public"), body.Draw(t, "body"))
		return
	case "write":
		w.write(t, body.Draw(t, "body"))
		return
	case "ticket":
		status := rapid.SampledFrom([]domain.Status{domain.StatusOpen, domain.StatusPending, domain.StatusSolved}).Draw(t, "status")
		subject := w.text(body.Draw(t, "subject"))
		w.do(domain.PutTicket{
			Account: w.account, Ticket: w.ticket, By: logtest.Agent, Status: &status, Subject: &subject, Numbers: w.numbers(),
		})
		return
	}
	id := rapid.SampledFrom(living).Draw(t, "comment")
	flipped := !ref.Comments[id.String()].Public
	switch what {
	case "edit":
		w.update(id, w.text(body.Draw(t, "body")), nil)
	case "flip":
		w.update(id, nil, &flipped)
	case "rewrite and flip":
		w.update(id, w.text(body.Draw(t, "body")), &flipped)
	case "delete":
		w.remove(id)
	}
}

// apply applies up to n events that have not been applied, as one batch.
func (w *world) apply(n int) {
	w.tb.Helper()
	ctx := context.Background()
	recorded, err := w.log.Store.ReadTicket(ctx, w.account, w.ticket, w.applied, n)
	if err != nil {
		w.tb.Fatal(err)
	}
	if len(recorded) == 0 {
		return
	}
	events := make([]projections.Event, len(recorded))
	for i, r := range recorded {
		fact, err := r.Decode()
		if err != nil {
			w.tb.Fatal(err)
		}
		events[i] = projections.Event{Recorded: r, Fact: fact}
		w.applied = r.Version
	}
	change := threads.Projection{}.Change(events)
	err = pgx.BeginFunc(ctx, w.log.Pool, func(tx pgx.Tx) error {
		var load, write pgx.Batch
		change.Load(&load)
		if err := tx.SendBatch(ctx, &load).Close(); err != nil {
			return err
		}
		if err := change.Write(&write); err != nil {
			return err
		}
		return tx.SendBatch(ctx, &write).Close()
	})
	if err != nil {
		w.tb.Fatal(err)
	}
}
