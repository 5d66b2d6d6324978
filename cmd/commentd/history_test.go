package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/commentd/commentd/domain"
	v1 "github.com/commentd/commentd/httpapi/v1"
)

// scriptPast is the script command "past ACCOUNT TICKET CUSTOMER": the ticket gets a
// past. A customer's comment is edited and then redacted, a note is published, edited
// and hidden again, and a comment is deleted.
func scriptPast(ts *testscript.TestScript, _ bool, args []string) {
	ticket, err := domain.ParseTicketID(args[1])
	ts.Check(err)
	customer, err := domain.ParseUserID(args[2])
	ts.Check(err)
	agent := domain.By{Actor: domain.Actor{Kind: domain.ActorAgent, ID: domain.UserID(uuid.New())}, Admin: true, ActAs: true}
	ts.Check(stores(ts.Getenv, func(ctx context.Context, t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, args[0])
		ts.Check(err)
		do := func(cmd domain.Command) {
			_, err := t.log.Execute(ctx, cmd, nil)
			ts.Check(err)
		}
		numbers := func() domain.Numbers {
			n, err := t.log.Numbers().Draw(ctx, account.ID, 2)
			ts.Check(err)
			return domain.Numbers{Audit: n, Subject: n + 1}
		}
		create := func(author domain.Author, public bool, body string) domain.CommentID {
			id := domain.CommentID(uuid.Must(uuid.NewV7()))
			do(domain.CreateComment{
				Account: account.ID, Ticket: ticket, Comment: id, By: agent, Author: author, Public: public, Text: newText(body), Numbers: numbers(),
			})
			return id
		}
		update := func(id domain.CommentID, body string, public bool) {
			cmd := domain.UpdateComment{Account: account.ID, Ticket: ticket, Comment: id, By: agent, Public: &public, Audit: numbers().Audit}
			if body != "" {
				cmd.Text = newText(body)
			}
			do(cmd)
		}
		asked := create(domain.Author{Type: domain.AuthorCustomer, ID: customer}, true, "My pin is 4711.\n\x1b[31mCall me.")
		note := create(agent.Actor.Own(), false, "A difficult one.")
		update(asked, "My pin is 4711, sorry.", true)
		update(note, "", true)
		update(note, "A difficult case.", true)
		update(note, "", false)
		do(domain.RedactComment{Account: account.ID, Ticket: ticket, Comment: asked, By: agent, Audit: numbers().Audit, Hide: domain.Redaction{Text: "4711"}})
		do(domain.DeleteComment{Account: account.ID, Ticket: ticket, Comment: asked, By: agent, Audit: numbers().Audit})
		return nil
	}))
}

// scriptElsewhere is the script command "elsewhere ACCOUNT TICKET": what was said elsewhere, in
// 2014, is taken over.
func scriptElsewhere(ts *testscript.TestScript, _ bool, args []string) {
	ticket, err := domain.ParseTicketID(args[1])
	ts.Check(err)
	ts.Check(stores(ts.Getenv, func(ctx context.Context, t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, args[0])
		ts.Check(err)
		first, err := t.log.Numbers().Draw(ctx, account.ID, domain.NumbersPerWrite)
		ts.Check(err)
		_, err = t.log.Execute(ctx, domain.WriteTicket{
			Account: account.ID, Ticket: ticket, Comment: domain.CommentID(uuid.Must(uuid.NewV7())), By: operator,
			Say:     &domain.NewComment{Author: operator.Actor.Own(), Text: newText("Said elsewhere.")},
			Numbers: domain.Numbers{Audit: first, Subject: first + 1},
			Origin:  &domain.Origin{Audit: 360001, At: time.Date(2014, 2, 3, 4, 5, 6, 0, time.UTC)},
		}, nil)
		return err
	}))
}

func newText(body string) *domain.Text {
	return &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: body}
}

// TestReplayStepByStep: at a terminal each event waits for Enter, and q ends it.
func TestReplayStepByStep(t *testing.T) {
	for _, tt := range []struct {
		typed string
		shown int
	}{{"q\n", 1}, {"\n\nQ\n\n", 3}, {"\n", 2}, {"", 1}} {
		var out strings.Builder
		p := &replay{out: &out, keys: keys(t.Context(), strings.NewReader(tt.typed))}
		shown, err := 1, p.wait(t.Context())
		for ; err == nil; err = p.wait(t.Context()) {
			shown++
		}
		if shown != tt.shown || err != errQuit || strings.Count(out.String(), "Enter") != tt.shown {
			t.Errorf("%q shows %d events, %v; want %d", tt.typed, shown, err, tt.shown)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	silent, mute := io.Pipe()
	defer mute.Close()
	p := &replay{out: io.Discard, keys: keys(ctx, silent)}
	cancel()
	if err := p.wait(ctx); err != context.Canceled {
		t.Errorf("interrupted, it says %v", err)
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"plain, ▇▇▇▇ and äöü 日本": "plain, ▇▇▇▇ and äöü 日本",
		"\x1b[2J\u202egnp\u200b": `\x1b[2J\u202egnp\u200b`,
		"a\tb\r\x00\u0085":       `a\tb\r\x00\u0085`,
	} {
		if got := printable(text); got != want {
			t.Errorf("printable(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestMarked(t *testing.T) {
	long := strings.Repeat("0123456789", 8)
	for _, tt := range []struct {
		diff []v1.DiffPart
		want string
	}{
		{[]v1.DiffPart{{Op: "equal", Text: "pin "}, {Op: "delete", Text: "1"}, {Op: "insert", Text: "2\n"}}, `pin [-1-]{+2\n+}`},
		{[]v1.DiffPart{{Op: "equal", Text: long}, {Op: "delete", Text: "x"}, {Op: "equal", Text: long}, {Op: "insert", Text: "y"}, {Op: "equal", Text: long}},
			"…890123456789[-x-]012345678901…890123456789{+y+}012345678901…"},
		{[]v1.DiffPart{{Op: "insert", Text: long}}, "{+" + long[:60] + "…+}"},
	} {
		if got := marked(tt.diff); got != tt.want {
			t.Errorf("marked(%v) = %s, want %s", tt.diff, got, tt.want)
		}
	}
}
