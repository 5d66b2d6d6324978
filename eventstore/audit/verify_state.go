package audit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/ticket_rows.sql
	ticketRowsSQL string
	//go:embed sql/comment_rows.sql
	commentRowsSQL string
	//go:embed sql/obligation_rows.sql
	obligationRowsSQL string
)

// commentKey names a comment: its id is unique within its account.
type commentKey struct {
	account domain.AccountID
	comment domain.CommentID
}

// ticketState is a row of log.tickets, without its key.
type ticketState struct {
	Number                           int64
	Version, PublicVersion, Revision int32
	DefaultPublic, LegalHold         bool
	Requester, Subject               uuid.UUID // zero: null
	Status                           string
	Comments                         int
}

func (s *stream) row() ticketState {
	t := ticketState{
		Number: s.state.Number, Version: s.version, PublicVersion: s.publicVersion, Revision: s.revision,
		DefaultPublic: s.state.DefaultPublic, LegalHold: s.state.LegalHold, Status: string(s.state.Status),
		Comments: s.state.Comments,
	}
	if s.state.Requester != nil {
		t.Requester = uuid.UUID(*s.state.Requester)
	}
	if s.state.Subject != nil {
		t.Subject = uuid.UUID(s.state.Subject.ID)
	}
	return t
}

// diff names the columns in which two rows differ.
func (t ticketState) diff(want ticketState) (columns []string) {
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
	wanted := make(map[domain.AccountID]map[domain.TicketID]*stream)
	var accounts []int32
	var tickets []uuid.UUID
	for _, s := range r.folded {
		if wanted[s.account] == nil {
			wanted[s.account] = map[domain.TicketID]*stream{}
		}
		wanted[s.account][s.ticket] = s
		accounts, tickets = append(accounts, int32(s.account)), append(tickets, uuid.UUID(s.ticket))
	}
	rows, err := r.tx.Query(ctx, ticketRowsSQL, r.Shard, accounts, tickets)
	if err != nil {
		return failed("read log.tickets", err)
	}
	var account domain.AccountID
	var ticket uuid.UUID
	var have ticketState
	var requester, subject *uuid.UUID
	if _, err := pgx.ForEachRow(rows, []any{&account, &ticket, &have.Number, &have.Version, &have.PublicVersion, &have.Revision,
		&have.DefaultPublic, &have.LegalHold, &requester, &subject, &have.Status, &have.Comments}, func() error {
		have.Requester, have.Subject = orZero(requester), orZero(subject)
		s := wanted[account][domain.TicketID(ticket)]
		for _, column := range have.diff(s.row()) {
			r.report.find("log.tickets", s.name(), "%s is not what the events come to", column)
		}
		delete(wanted[account], s.ticket)
		return nil
	}); err != nil {
		return failed("read log.tickets", err)
	}
	for _, missing := range wanted {
		for _, s := range missing {
			r.report.find("log.tickets", s.name(), "missing")
		}
	}
	return nil
}

func orZero(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.UUID{}
	}
	return *id
}

// commentState is a row of log.comments, without its key. That of a chat has author type 0.
type commentState struct {
	ticket          domain.TicketID
	number          int64
	revision        int
	authorType      int16
	author          domain.UserID
	public, deleted bool
	content         domain.ContentID // zero: null
}

func (c *foldedComment) row() commentState {
	if chat := &c.chat; chat.Exists {
		return commentState{ticket: c.ticket, number: chat.Number, revision: c.Revision, author: chat.Visitor, content: chat.Content}
	}
	return commentState{c.ticket, c.Number, c.Revision, int16(c.Author.Type), c.Author.ID, c.Public, c.Deleted, c.Content}
}

func (c commentState) diff(want commentState) (columns []string) {
	for _, col := range []struct {
		name string
		same bool
	}{
		{"ticket_id", c.ticket == want.ticket}, {"number", c.number == want.number}, {"revision", c.revision == want.revision},
		{"author_type", c.authorType == want.authorType}, {"author_id", c.author == want.author}, {"public", c.public == want.public},
		{"deleted", c.deleted == want.deleted}, {"content_id", c.content == want.content},
	} {
		if !col.same {
			columns = append(columns, col.name)
		}
	}
	return columns
}

func (k commentKey) row() string { return fmt.Sprintf("account %d comment %s", k.account, k.comment) }

// compareComments compares log.comments with the fold.
func (r *run) compareComments(ctx context.Context) error {
	wanted := map[commentKey]*foldedComment{}
	var accounts []int32
	var comments []uuid.UUID
	for _, s := range r.folded {
		for _, id := range s.order {
			wanted[commentKey{s.account, id}] = s.comments[id]
			accounts, comments = append(accounts, int32(s.account)), append(comments, uuid.UUID(id))
		}
	}
	if len(comments) == 0 {
		return nil
	}
	rows, err := r.tx.Query(ctx, commentRowsSQL, r.Shard, accounts, comments)
	if err != nil {
		return failed("read log.comments", err)
	}
	var account domain.AccountID
	var id, ticket, author uuid.UUID
	var content *uuid.UUID
	var have commentState
	if _, err := pgx.ForEachRow(rows, []any{&account, &id, &ticket, &have.number, &have.revision, &have.authorType, &author,
		&have.public, &have.deleted, &content}, func() error {
		have.ticket, have.author, have.content = domain.TicketID(ticket), domain.UserID(author), domain.ContentID(orZero(content))
		key := commentKey{account, domain.CommentID(id)}
		for _, column := range have.diff(wanted[key].row()) {
			r.report.find("log.comments", key.row(), "%s is not what the events come to", column)
		}
		delete(wanted, key)
		return nil
	}); err != nil {
		return failed("read log.comments", err)
	}
	for key := range wanted {
		r.report.find("log.comments", key.row(), "missing")
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
		return failed("read log.obligations", err)
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
		case !recordedAt.Equal(want.recordedAt) || account != want.s.account || domain.TicketID(ticket) != want.s.ticket ||
			(completedAt == nil) != (want.completedAt == nil) || completedAt != nil && !completedAt.Equal(*want.completedAt):
			r.report.find("log.obligations", span(int64(want.position), int64(want.position)), "not what the events come to")
		}
		delete(wanted, domain.EventID(id))
		return nil
	}); err != nil {
		return failed("read log.obligations", err)
	}
	for _, want := range wanted {
		r.report.find("log.obligations", span(int64(want.position), int64(want.position)), "missing, or of another event")
	}
	return nil
}
