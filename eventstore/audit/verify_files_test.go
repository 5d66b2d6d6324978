package audit

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/eventstore/vault"
)

// TestFiles: the rows of files are what the texts and the events come to, and whatever
// else is done to them is found.
func TestFiles(t *testing.T) {
	w := newWorld(t)
	store := filestest.New(t, w.Store, w.pool, w.vault)
	ticket := w.open("")
	kept, redacted, erased, deleted := w.attach(store, ticket), w.attach(store, ticket), w.attach(store, ticket), w.attach(store, ticket)
	sent, unsent, lost := w.send(store, ticket), w.send(store, ticket), w.send(store, ticket) // in chats: kept, redacted, erased
	w.attachLater(store)
	by := domain.By{Actor: agent, Admin: true}
	w.must(domain.UpdateComment{Account: account, Ticket: ticket, Comment: kept.comment, By: by, Text: text("edited"), Audit: w.numbers().Audit})
	w.must(domain.RedactComment{Account: account, Ticket: ticket, Comment: redacted.comment, By: by, Hide: domain.Redaction{Attachments: []int64{redacted.file}}, Audit: w.numbers().Audit})
	w.must(domain.EraseComment{Account: account, Ticket: ticket, Comment: erased.comment, By: by, Cause: domain.CauseErasure, Audit: w.numbers().Audit})
	w.must(domain.DeleteComment{Account: account, Ticket: ticket, Comment: deleted.comment, By: by, Audit: w.numbers().Audit})
	w.must(domain.RedactChatFiles{Account: account, Ticket: ticket, Chat: domain.ChatID(unsent.comment), By: by, Indexes: []int{0}, Audit: w.numbers().Audit})
	w.must(domain.EraseChat{Account: account, Ticket: ticket, Chat: domain.ChatID(lost.comment), By: by, Cause: domain.CauseErasure, Audit: w.numbers().Audit})
	if got := w.verify(); !got.OK() {
		t.Errorf("before the obligations are fulfilled: %v", got.Findings)
	}

	file := func(a attached) string { return fileName(a.file) }
	for _, tt := range []struct{ name, row, problem, sql string }{
		{"a row is deleted", file(kept), "missing", "DELETE FROM log.files WHERE number = $1"},
		{"marked without an event", file(kept), "a text names it", "UPDATE log.files SET removed_at_position = 3 WHERE number = $1"},
		{"of another ticket", file(kept), "ticket_id", "UPDATE log.files SET ticket_id = gen_random_uuid() WHERE number = $1"},
		{"of another number", file(kept), "missing", "UPDATE log.files SET number = number + 100000 WHERE number = $1"},
		{"of a comment that is not there", file(kept), "does not exist", "UPDATE log.files SET comment_id = gen_random_uuid() WHERE number = $1"},
		{"a redacted file is back", file(redacted), "no text names it", "UPDATE log.files SET removed_at_position = NULL WHERE number = $1"},
		{"marked by another event", file(redacted), "no event has removed", "UPDATE log.files SET removed_at_position = 1 WHERE number = $1"},
		{"an erased file is back", file(erased), "no text names it", "UPDATE log.files SET removed_at_position = NULL WHERE number = $1"},
		{"a chat's row is deleted", file(sent), "missing", "DELETE FROM log.files WHERE number = $1"},
		{"a chat's file is marked without an event", file(sent), "a text names it", "UPDATE log.files SET removed_at_position = 3 WHERE number = $1"},
		{"a redacted file of a chat is back", file(unsent), "no text names it", "UPDATE log.files SET removed_at_position = NULL WHERE number = $1"},
		{"an erased file of a chat is back", file(lost), "no text names it", "UPDATE log.files SET removed_at_position = NULL WHERE number = $1"},
		{"a deleted comment's file is gone", file(deleted), "missing", "DELETE FROM log.files WHERE number = $1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var number int64
			for _, a := range []attached{kept, redacted, erased, deleted, sent, unsent, lost} {
				if file(a) == tt.row {
					number = a.file
				}
			}
			w.exec("CREATE TABLE IF NOT EXISTS public.saved_files AS SELECT * FROM log.files")
			if _, err := w.pool.Exec(t.Context(), tt.sql, number); err != nil {
				t.Fatal(err)
			}
			found := false
			got := w.verify()
			for _, f := range got.Findings {
				found = found || f.Row == tt.row && strings.Contains(f.Problem, tt.problem)
			}
			if !found {
				t.Errorf("findings %v; want one of %s: %s", got.Findings, tt.row, tt.problem)
			}
			w.exec("DELETE FROM log.files; INSERT INTO log.files SELECT * FROM public.saved_files; DROP TABLE public.saved_files")
		})
	}
	w.fulfil()
	if got := w.verify(); !got.OK() {
		t.Errorf("after the obligations are fulfilled: %v", got.Findings)
	}
	w.seal()
	if r, err := CheckBundle(bytes.NewReader(w.export(ticket, true)), w.key.String()); err != nil || !r.OK() {
		t.Errorf("the ticket's bundle: %+v, %v", r, err)
	}
}

type attached struct {
	comment domain.CommentID
	file    int64
}

// attach adds a comment with a file: one event.
func (w *world) attach(store *files.Store, ticket domain.TicketID) attached {
	w.t.Helper()
	u, a := w.attachLater(store)
	said := text("with a file")
	if err := store.Claim(w.t.Context(), account, agent.ID, []vault.UploadToken{u.Token}, said); err != nil {
		w.t.Fatal(err)
	}
	cmd := domain.CreateComment{
		Account: account, Ticket: ticket, Comment: domain.CommentID(uuid.Must(uuid.NewV7())),
		By: domain.By{Actor: agent}, Author: agent.Own(), Public: true, Text: said, Numbers: w.numbers(),
	}
	w.must(cmd)
	return attached{cmd.Comment, a.Number}
}

// send has a file sent in a chat that has ended: three events.
func (w *world) send(store *files.Store, ticket domain.TicketID) attached {
	w.t.Helper()
	u, a := w.attachLater(store)
	said := text("")
	if err := store.Claim(w.t.Context(), account, agent.ID, []vault.UploadToken{u.Token}, said); err != nil {
		w.t.Fatal(err)
	}
	chat, by := domain.ChatID(uuid.New()), domain.By{Actor: agent, ActAs: true}
	w.must(domain.StartChat{Account: account, Ticket: ticket, Chat: chat, By: by, Visitor: domain.UserID(uuid.UUID{15: 2}), Numbers: w.numbers()})
	w.must(domain.AddChatEntries{Account: account, Ticket: ticket, Chat: chat, By: by, Audit: w.numbers().Audit, Entries: []domain.NewChatEntry{
		{Kind: domain.ChatFile, Author: agent.Own(), Text: said},
	}})
	w.must(domain.EndChat{Account: account, Ticket: ticket, Chat: chat, By: by, Audit: w.numbers().Audit})
	return attached{domain.CommentID(chat), a.Number}
}

// attachLater uploads a file.
func (w *world) attachLater(store *files.Store) (files.Upload, domain.Attachment) {
	w.t.Helper()
	a, err := store.Put(w.t.Context(), strings.NewReader("content"))
	if err != nil {
		w.t.Fatal(err)
	}
	a.Name = "a.txt"
	u, a, err := store.Begin(w.t.Context(), account, agent.ID, a)
	if err != nil {
		w.t.Fatal(err)
	}
	return u, a
}
