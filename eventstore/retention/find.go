package retention

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/account_comments.sql
	accountCommentsSQL string
	//go:embed sql/ticket_comments.sql
	ticketCommentsSQL string
	//go:embed sql/account_tickets.sql
	accountTicketsSQL string
	//go:embed sql/ticket.sql
	ticketSQL string
	//go:embed sql/texts.sql
	textsSQL string
	//go:embed sql/obligations.sql
	obligationsSQL string
)

// pageSize is how many rows are read in one go.
const pageSize = 1000

// found is a comment or a chat, whose author is its visitor.
type found struct {
	ticket  domain.TicketID
	comment domain.CommentID
	author  domain.UserID
	chat    bool
	erased  bool // nothing is left to erase
}

// foundTicket is a ticket.
type foundTicket struct {
	id        domain.TicketID
	requester *domain.UserID
	subject   bool // it has one
	held      bool
}

// comments pages through all comments and chats of an account.
func (e *Eraser) comments(ctx context.Context, account domain.AccountID, each func([]found) error) error {
	for after := (domain.CommentID{}); ; {
		page, err := query(ctx, e, func(row pgx.CollectableRow) (f found, err error) {
			return f, row.Scan((*uuid.UUID)(&f.ticket), (*uuid.UUID)(&f.comment), (*uuid.UUID)(&f.author), &f.chat, &f.erased)
		}, accountCommentsSQL, e.shard, account, uuid.UUID(after), pageSize)
		if err != nil {
			return err
		}
		if err := each(page); err != nil || len(page) < pageSize {
			return err
		}
		after = page[len(page)-1].comment
	}
}

// commentsOn pages through the comments and chats of a ticket, in the order in which they were made.
func (e *Eraser) commentsOn(ctx context.Context, account domain.AccountID, ticket domain.TicketID, each func([]found) error) error {
	for after := eventstore.Version(0); ; {
		var page []found
		events, err := query(ctx, e, func(row pgx.CollectableRow) (version eventstore.Version, err error) {
			var comment, author *uuid.UUID
			f := found{ticket: ticket}
			if err := row.Scan(&version, &comment, &author, &f.chat, &f.erased); err != nil || author == nil {
				return version, err
			}
			f.comment, f.author = domain.CommentID(*comment), domain.UserID(*author)
			page = append(page, f)
			return version, nil
		}, ticketCommentsSQL, e.shard, account, uuid.UUID(ticket), after, pageSize)
		if err != nil {
			return err
		}
		if err := each(page); err != nil || len(events) < pageSize {
			return err
		}
		after = events[len(events)-1]
	}
}

// tickets pages through the tickets of an account.
func (e *Eraser) tickets(ctx context.Context, account domain.AccountID, each func([]foundTicket) error) error {
	for after := (domain.TicketID{}); ; {
		page, err := query(ctx, e, scanTicket, accountTicketsSQL, e.shard, account, uuid.UUID(after), pageSize)
		if err != nil {
			return err
		}
		if err := each(page); err != nil || len(page) < pageSize {
			return err
		}
		after = page[len(page)-1].id
	}
}

// ticket returns a ticket. The error may be domain.ErrTicketNotFound.
func (e *Eraser) ticket(ctx context.Context, account domain.AccountID, id domain.TicketID) (foundTicket, error) {
	found, err := query(ctx, e, scanTicket, ticketSQL, e.shard, account, uuid.UUID(id))
	switch {
	case err != nil:
		return foundTicket{}, err
	case len(found) == 0:
		return foundTicket{}, domain.ErrTicketNotFound
	}
	return found[0], nil
}

func scanTicket(row pgx.CollectableRow) (t foundTicket, err error) {
	var requester *uuid.UUID
	err = row.Scan((*uuid.UUID)(&t.id), &requester, &t.subject, &t.held)
	t.requester = (*domain.UserID)(requester)
	return t, err
}

// texts counts the texts of comments and chats.
func (e *Eraser) texts(ctx context.Context, account domain.AccountID, comments []found) (int, error) {
	tickets, ids := make([]uuid.UUID, len(comments)), make([]uuid.UUID, len(comments))
	for i, c := range comments {
		tickets[i], ids[i] = uuid.UUID(c.ticket), uuid.UUID(c.comment)
	}
	n, err := query(ctx, e, pgx.RowTo[int], textsSQL, e.shard, account, tickets, ids)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// Obligations counts the events of an account, up to a position, that have removed texts
// whose keys have yet to be destroyed.
func (e *Eraser) Obligations(ctx context.Context, account domain.AccountID, to eventstore.Position) (int, error) {
	n, err := query(ctx, e, pgx.RowTo[int], obligationsSQL, e.shard, account, to)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// query returns all rows. The connection is free again when it does.
func query[T any](ctx context.Context, e *Eraser, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := e.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%w: retention: %w", eventstore.ErrUnavailable, err)
	}
	all, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("%w: retention: %w", eventstore.ErrUnavailable, err)
	}
	return all, nil
}
