package audit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/fold"
)

//go:embed sql/obligation_rows.sql
var obligationRowsSQL string

// diff names the columns in which two rows differ.
func diffTickets(t, want fold.TicketRow) (columns []string) {
	for _, c := range []struct {
		name string
		same bool
	}{
		{"number", t.Number == want.Number}, {"version", t.Version == want.Version}, {"public_version", t.PublicVersion == want.PublicVersion},
		{"revision", t.Revision == want.Revision}, {"default_public", t.DefaultPublic == want.DefaultPublic}, {"legal_hold", t.LegalHold == want.LegalHold},
		{"requester_id", t.Requester == want.Requester}, {"subject_id", t.Subject == want.Subject}, {"status", t.Status == want.Status},
		{"comments", t.Comments == want.Comments},
	} {
		if !c.same {
			columns = append(columns, c.name)
		}
	}
	return columns
}

// compareTickets compares log.tickets with the fold.
func (r *run) compareTickets(ctx context.Context) error {
	keys := make([]fold.TicketKey, len(r.folded))
	for i, s := range r.folded {
		keys[i] = fold.TicketKey{Account: s.Account, Ticket: s.ID}
	}
	rows, err := fold.ReadTickets(ctx, r.tx, r.Shard, keys)
	if err != nil {
		return eventstore.Unavailable("read log.tickets", err)
	}
	for i, s := range r.folded {
		have, found := rows[keys[i]]
		if !found {
			r.report.find("log.tickets", s.name(), "missing")
			continue
		}
		for _, column := range diffTickets(have, s.Row()) {
			r.report.find("log.tickets", s.name(), "%s is not what the events come to", column)
		}
	}
	return nil
}

func diffComments(c, want fold.CommentRow) (columns []string) {
	for _, col := range []struct {
		name string
		same bool
	}{
		{"ticket_id", c.Ticket == want.Ticket}, {"number", c.Number == want.Number}, {"revision", c.Revision == want.Revision},
		{"author_type", c.AuthorType == want.AuthorType}, {"author_id", c.Author == want.Author}, {"public", c.Public == want.Public},
		{"deleted", c.Deleted == want.Deleted}, {"content_id", c.Content == want.Content},
	} {
		if !col.same {
			columns = append(columns, col.name)
		}
	}
	return columns
}

func commentName(k fold.CommentKey) string {
	return fmt.Sprintf("account %d comment %s", k.Account, k.Comment)
}

// foldedComments returns the comments, and chats, of the tickets that are waiting.
func (r *run) foldedComments() (keys []fold.CommentKey, folded []*fold.Comment) {
	for _, s := range r.folded {
		for _, id := range s.Order {
			keys, folded = append(keys, fold.CommentKey{Account: s.Account, Comment: id}), append(folded, s.Comments[id])
		}
	}
	return keys, folded
}

// compareComments compares log.comments with the fold.
func (r *run) compareComments(ctx context.Context) error {
	keys, folded := r.foldedComments()
	if len(keys) == 0 {
		return nil
	}
	rows, err := fold.ReadComments(ctx, r.tx, r.Shard, keys)
	if err != nil {
		return eventstore.Unavailable("read log.comments", err)
	}
	for i, key := range keys {
		have, found := rows[key]
		if !found {
			r.report.find("log.comments", commentName(key), "missing")
			continue
		}
		for _, column := range diffComments(have, folded[i].Row()) {
			r.report.find("log.comments", commentName(key), "%s is not what the events come to", column)
		}
	}
	return nil
}

// compareObligations compares log.obligations with the events that removed texts.
func (r *run) compareObligations(ctx context.Context) error {
	type owed struct {
		*removal
		s *stream
	}
	wanted := map[domain.EventID]owed{}
	var positions []int64
	for _, s := range r.folded {
		for id, removal := range s.removals {
			wanted[id] = owed{removal, s}
			positions = append(positions, int64(removal.position))
		}
	}
	if len(positions) == 0 {
		return nil
	}
	rows, err := r.tx.Query(ctx, obligationRowsSQL, r.Shard, positions)
	if err != nil {
		return eventstore.Unavailable("read log.obligations", err)
	}
	var id, ticket uuid.UUID
	var account domain.AccountID
	var recordedAt time.Time
	var completedAt *time.Time
	if _, err := pgx.ForEachRow(rows, []any{&id, &recordedAt, &completedAt, &account, &ticket}, func() error {
		want, ok := wanted[domain.EventID(id)]
		switch {
		case !ok:
			return nil // a stray one: its event is reported below
		case !recordedAt.Equal(want.recordedAt) || account != want.s.Account || domain.TicketID(ticket) != want.s.ID ||
			(completedAt == nil) != (want.completedAt == nil) || completedAt != nil && !completedAt.Equal(*want.completedAt):
			r.report.find("log.obligations", span(int64(want.position), int64(want.position)), "not what the events come to")
		}
		delete(wanted, domain.EventID(id))
		return nil
	}); err != nil {
		return eventstore.Unavailable("read log.obligations", err)
	}
	for _, want := range wanted {
		r.report.find("log.obligations", span(int64(want.position), int64(want.position)), "missing, or of another event")
	}
	return nil
}
