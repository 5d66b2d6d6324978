package audit

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/fold"
	"github.com/commentd/commentd/eventstore/vault"
)

//go:embed sql/file_rows.sql
var fileRowsSQL string

// names notes the files that a text names.
func (s *stream) names(comment domain.CommentID, document []byte) {
	d, err := vault.DecodeDocument(document)
	if err != nil { // although it is the text that its event speaks of
		s.unread[comment] = true
		return
	}
	for _, a := range d.Attachments {
		s.namesFile(comment, a)
	}
}

func (s *stream) namesFile(comment domain.CommentID, a domain.Attachment) {
	s.named[a.Number] = comment
	for _, t := range a.Thumbnails {
		s.namesFile(comment, t)
	}
}

// fileRow is a row of log.files.
type fileRow struct {
	number  int64
	account domain.AccountID
	ticket  domain.TicketID
	comment domain.CommentID
	removed *int64
	blob    bool
}

func fileName(number int64) string { return fmt.Sprintf("file %d", number) }

// compareFiles compares log.files with the files that the texts name. It comes after
// compareContents, which has opened them.
func (r *run) compareFiles(ctx context.Context) error {
	streams := map[fold.CommentKey]*stream{}
	var accounts []int32
	var comments []uuid.UUID
	for _, s := range r.folded {
		for _, id := range s.Order {
			streams[fold.CommentKey{Account: s.Account, Comment: id}] = s
			accounts, comments = append(accounts, int32(s.Account)), append(comments, uuid.UUID(id))
		}
		for number := range s.named {
			if s.redacted[number] {
				r.report.find("log.contents", fileName(number), "a text names it, but an event says that it was redacted")
			}
		}
	}
	if len(comments) == 0 {
		return nil
	}
	rows, err := r.tx.Query(ctx, fileRowsSQL, r.Shard, accounts, comments)
	if err != nil {
		return eventstore.Unavailable("read log.files", err)
	}
	var f fileRow
	if _, err := pgx.ForEachRow(rows, []any{&f.number, &f.account, (*uuid.UUID)(&f.ticket), (*uuid.UUID)(&f.comment), &f.removed, &f.blob}, func() error {
		s := streams[fold.CommentKey{Account: f.account, Comment: f.comment}]
		if problem := s.compareFile(f); problem != "" {
			r.report.find("log.files", fileName(f.number), "%s", problem)
		}
		return nil
	}); err != nil {
		return eventstore.Unavailable("read log.files", err)
	}
	for _, s := range r.folded {
		for number := range s.named {
			r.report.find("log.files", fileName(number), "missing: a text of comment %s names it", s.named[number])
		}
	}
	return nil
}

// compareFile says what is wrong with a row. What it has seen is no longer named.
func (s *stream) compareFile(f fileRow) string {
	if f.ticket != s.ID {
		return "ticket_id is not that of its comment"
	}
	named, ok := s.named[f.number]
	if ok && named == f.comment {
		delete(s.named, f.number)
	}
	switch {
	case s.unread[f.comment]:
		return ""
	case f.removed != nil && ok:
		return "marked as removed, but a text names it"
	case f.removed != nil:
		for _, removal := range s.removals {
			if int64(removal.position) == *f.removed && removal.comment == f.comment {
				if removal.completedAt != nil && f.blob {
					return "still there, although the obligation to remove it is completed"
				}
				return ""
			}
		}
		return "no event has removed anything of its comment at removed_at_position"
	case !ok:
		return "no text names it"
	case named != f.comment:
		return "attached to another comment than the one whose text names it"
	}
	return ""
}
