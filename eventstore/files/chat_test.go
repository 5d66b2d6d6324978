package files_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/retention"
	"github.com/commentd/commentd/eventstore/vault"
)

var (
	relay   = domain.By{Actor: agent, Admin: true, ActAs: true}
	visitor = domain.Author{Type: domain.AuthorCustomer, ID: domain.UserID(uuid.UUID{15: 3})}
)

// startChat begins a chat, on a ticket that it opens if need be.
func (w *world) startChat() domain.ChatID {
	w.t.Helper()
	w.execute(w.comment("the ticket is there"))
	n := w.numbers()
	cmd := domain.StartChat{
		Account: account, Ticket: w.ticket, Chat: domain.ChatID(uuid.New()), By: relay, Visitor: visitor.ID, Numbers: domain.Numbers{Audit: n, Subject: n + 1},
	}
	w.execute(cmd)
	return cmd.Chat
}

// send is a command by which the visitor says something and sends the files of an upload.
func (w *world) send(chat domain.ChatID, message string, u files.Upload) domain.AddChatEntries {
	w.t.Helper()
	var claimed domain.Text
	if err := w.files.Claim(w.t.Context(), u.Account, u.Uploader, []vault.UploadToken{u.Token}, &claimed); err != nil {
		w.t.Fatal(err)
	}
	id := func() domain.ContentRef { return domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))} }
	cmd := domain.AddChatEntries{Account: account, Ticket: w.ticket, Chat: chat, By: relay, Audit: w.numbers(), Entries: []domain.NewChatEntry{
		{Kind: domain.ChatMessage, Author: visitor, Text: &domain.Text{Content: id(), Body: message}},
	}}
	for i, a := range claimed.Attachments {
		text := &domain.Text{Content: id(), Attachments: []domain.Attachment{a}}
		if i == 0 {
			text.Claims = claimed.Claims
		}
		cmd.Entries = append(cmd.Entries, domain.NewChatEntry{Kind: domain.ChatFile, Author: visitor, Text: text})
	}
	return cmd
}

func (w *world) endChat(chat domain.ChatID) {
	w.t.Helper()
	w.execute(domain.EndChat{Account: account, Ticket: w.ticket, Chat: chat, By: relay, Audit: w.numbers()})
}

func (w *world) redactChat(chat domain.ChatID, indexes ...int) (eventstore.Result, error) {
	w.t.Helper()
	return w.log.Execute(w.t.Context(), domain.RedactChatFiles{
		Account: account, Ticket: w.ticket, Chat: chat, By: relay, Audit: w.numbers(), Indexes: indexes,
	}, nil)
}

// said returns what the entries of a chat say, and the events about it.
func (w *world) said(chat domain.ChatID) (bodies []domain.Body, facts []domain.Event) {
	w.t.Helper()
	facts = w.facts(domain.CommentID(chat))
	var all domain.ChatEntries
	for _, e := range facts {
		all = all.Evolve(e)
	}
	for _, id := range all.Contents() {
		bodies = append(bodies, w.body(domain.CommentID(chat), id))
	}
	return bodies, facts
}

// Files that are sent in a chat are the chat's, once.
func TestSendInChat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chat := w.startChat()
	u := w.upload("one", "two")
	cmd, again := w.send(chat, "see there", u), w.send(chat, "again", u)
	w.execute(cmd)
	if _, err := w.log.Execute(t.Context(), again, nil); !errors.Is(err, domain.ErrUploads) {
		t.Errorf("sending the upload again: %v; want ErrUploads", err)
	}
	said, facts := w.said(chat)
	if len(said) != 3 || len(facts) != 4 || said[0].Text != "see there" || len(said[0].Attachments) != 0 {
		t.Fatalf("the chat says %+v in %d events; want a message and two files", said, len(facts))
	}
	for i, want := range []string{"one", "two"} {
		body := said[1+i]
		if body.Text != "" || len(body.Attachments) != 1 {
			t.Fatalf("entry %d says %+v; want a file and nothing else", 1+i, body)
		}
		for _, a := range append(body.Attachments[0].Thumbnails, body.Attachments[0]) {
			if ticket, at, err := w.files.Locate(t.Context(), account, a.Number); err != nil || ticket != w.ticket || at != domain.CommentID(chat) {
				t.Errorf("Locate(%d) = %s, %s, %v; want the chat", a.Number, ticket, at, err)
			}
		}
		if content, err := w.read(body.Attachments[0]); err != nil || content != want {
			t.Errorf("the content of entry %d: %q, %v; want %q", 1+i, content, err, want)
		}
	}
	// What is refused leaves the upload as it is.
	w.endChat(chat)
	late := w.upload("late")
	if _, err := w.log.Execute(t.Context(), w.send(chat, "late", late), nil); !errors.Is(err, domain.ErrChatEnded) {
		t.Errorf("sending after the end: %v; want ErrChatEnded", err)
	}
	if up, err := w.files.Uploaded(t.Context(), late); err != nil || len(up.Files) != 1 {
		t.Errorf("the upload afterwards: %+v, %v; want its file", up, err)
	}
}

// Redacted files are gone, all that were named or none; nothing else in the chat changes.
func TestRedactChatFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chat := w.startChat()
	w.execute(w.send(chat, "the pin 12345 is in the file", w.upload("pin 12345", "two", "three")))
	if _, err := w.redactChat(chat, 1); !errors.Is(err, domain.ErrChatActive) {
		t.Errorf("redacting an active chat: %v; want ErrChatActive", err)
	}
	w.endChat(chat)
	before, _ := w.said(chat)
	for _, indexes := range [][]int{{1, 0}, {1, 4}, {-1, 1}} {
		if _, err := w.redactChat(chat, indexes...); !errors.Is(err, domain.ErrNoChatEntry) {
			t.Errorf("redacting %v: %v; want ErrNoChatEntry", indexes, err)
		}
	}
	if now, _ := w.said(chat); !slices.EqualFunc(now, before, domain.Body.Equal) {
		t.Fatalf("the chat says %+v after refusals; want %+v", now, before)
	}

	if r, err := w.redactChat(chat, 3, 1, 3); err != nil || r.Removed != 2 {
		t.Fatalf("RedactChatFiles = %+v, %v; want two texts removed", r, err)
	}
	now, facts := w.said(chat)
	event, ok := facts[len(facts)-1].(domain.ChatRedacted)
	if !ok || len(event.Files) != 2 || event.Files[0].Old != before[3].Attachments[0].Number || event.Files[1].Old != before[1].Attachments[0].Number {
		t.Fatalf("the event is %+v; want the two files redacted", facts[len(facts)-1])
	}
	placeholder := func(i int) domain.Body {
		return domain.Body{Attachments: []domain.Attachment{{Number: event.Files[i].New, Name: "redacted.txt", Type: "text/plain", Size: 1}}}
	}
	if want := []domain.Body{before[0], placeholder(1), before[2], placeholder(0)}; !slices.EqualFunc(now, want, domain.Body.Equal) {
		t.Errorf("the chat says %+v; want %+v", now, want)
	}
	for _, i := range []int{1, 3} { // before any worker comes
		if _, _, err := w.files.Locate(t.Context(), account, before[i].Attachments[0].Number); !errors.Is(err, domain.ErrNoAttachment) {
			t.Errorf("Locate of file %d: %v; want ErrNoAttachment", i, err)
		}
	}
	if r, err := w.redactChat(chat, 1, 3); err != nil || r.Changed {
		t.Errorf("redacting again = %+v, %v; want nothing changed", r, err)
	}
	// One that is gone may be named with one that is not.
	if r, err := w.redactChat(chat, 1, 2); err != nil || r.Removed != 1 {
		t.Errorf("redacting a file and a placeholder = %+v, %v; want one text removed", r, err)
	}
	if last, _ := w.said(chat); !last[1].Equal(now[1]) || last[2].Attachments[0].Name != "redacted.txt" {
		t.Errorf("the chat says %+v", last)
	}
	w.fulfil(w.blobs)
	for _, body := range before[1:] {
		w.mustBeGone(body.Attachments[0])
	}
	if n := w.stored(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// What is marked in a message stays in the files beside it, whatever they are called.
func TestMarksLeaveChatFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chat := w.startChat()
	w.execute(w.send(chat, "pin 12345", w.upload("pin 12345")))
	w.endChat(chat)
	before, _ := w.said(chat)
	redact := domain.RedactChatMessage{Account: account, Ticket: w.ticket, Chat: chat, By: relay, Audit: w.numbers(), Index: 0, Marked: "pin <redact>12345</redact>"}
	w.execute(redact)
	if now, _ := w.said(chat); now[0].Text != "pin ▇▇▇▇" || !now[1].Equal(before[1]) {
		t.Errorf("the chat says %+v; want the message masked and the file as it was", now)
	}
	redact.Index, redact.Marked = 1, ""
	if _, err := w.log.Execute(t.Context(), redact, nil); !errors.Is(err, domain.ErrNoChatEntry) {
		t.Errorf("redacting a file as a message: %v; want ErrNoChatEntry", err)
	}
}

// Whatever erases a chat takes its files with it, and no others.
func TestErasureTakesChatFiles(t *testing.T) {
	for name, erase := range map[string]func(*world, domain.ChatID){
		"erasure": func(w *world, chat domain.ChatID) {
			w.execute(domain.EraseChat{Account: account, Ticket: w.ticket, Chat: chat, By: relay, Audit: w.numbers(), Cause: domain.CauseErasure})
		},
		"a file redacted, then erased": func(w *world, chat domain.ChatID) {
			if _, err := w.redactChat(chat, 1); err != nil {
				w.t.Fatal(err)
			}
			w.execute(domain.EraseChat{Account: account, Ticket: w.ticket, Chat: chat, By: relay, Audit: w.numbers(), Cause: domain.CauseErasure})
		},
		"an account or a customer": func(w *world, chat domain.ChatID) {
			eraser := retention.NewEraser(w.log, w.pool, 0, 2)
			if _, err := eraser.Erase(w.t.Context(), domain.CauseErasure, targets(retention.Target{Account: account, Ticket: w.ticket, Comment: domain.CommentID(chat), Chat: true}), nil); err != nil {
				w.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			chat, bystander := w.startChat(), w.startChat()
			w.execute(w.send(chat, "erased", w.upload("one", "two")))
			w.execute(w.send(bystander, "stays", w.upload("three")))
			w.endChat(chat)
			said, _ := w.said(chat)
			erase(w, chat)
			w.fulfil(w.blobs)
			for _, body := range said[1:] {
				w.mustBeGone(body.Attachments[0])
			}
			if n := w.count("SELECT count(*) FROM log.files WHERE comment_id = $1", uuid.UUID(chat)); n > 0 {
				t.Errorf("%d rows of files are left", n)
			}
			if r, err := w.redactChat(chat, 1, 2); err != nil || r.Changed {
				t.Errorf("redacting what is erased = %+v, %v; want nothing changed", r, err)
			}
			stays, _ := w.said(bystander)
			if content, err := w.read(stays[1].Attachments[0]); err != nil || content != "three" {
				t.Errorf("the file of another chat: %q, %v", content, err)
			}
		})
	}
}
