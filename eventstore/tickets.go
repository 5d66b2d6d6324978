package eventstore

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

//go:embed sql/list_tickets.sql
var listTicketsSQL string

//go:embed sql/ticket.sql
var ticketSQL string

// TicketHead is the head of a ticket's stream, as an operator sees it.
type TicketHead struct {
	ID      domain.TicketID
	Number  int64
	Status  domain.Status
	Version Version // of the last event
	// LegalHold: nothing in the ticket is redacted or erased.
	LegalHold bool
}

// Tickets returns up to limit tickets of an account in the order of their ids,
// from the one after the given id on. The error is ErrUnavailable.
func (s *Store) Tickets(ctx context.Context, account domain.AccountID, after domain.TicketID, limit int) ([]TicketHead, error) {
	rows, err := s.pool.Query(ctx, listTicketsSQL, s.config.Shard, account, uuid.UUID(after), limit)
	if err != nil {
		return nil, fmt.Errorf("%w: list tickets: %s", ErrUnavailable, sqlState(err))
	}
	heads, err := pgx.CollectRows(rows, scanHead)
	if err != nil {
		return nil, fmt.Errorf("%w: list tickets: %s", ErrUnavailable, sqlState(err))
	}
	return heads, nil
}

// Ticket returns the head of a ticket. The error is domain.ErrTicketNotFound or
// ErrUnavailable.
func (s *Store) Ticket(ctx context.Context, account domain.AccountID, id domain.TicketID) (TicketHead, error) {
	rows, err := s.pool.Query(ctx, ticketSQL, s.config.Shard, account, uuid.UUID(id))
	if err != nil {
		return TicketHead{}, fmt.Errorf("%w: read ticket: %s", ErrUnavailable, sqlState(err))
	}
	head, err := pgx.CollectExactlyOneRow(rows, scanHead)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return TicketHead{}, domain.ErrTicketNotFound
	case err != nil:
		return TicketHead{}, fmt.Errorf("%w: read ticket: %s", ErrUnavailable, sqlState(err))
	}
	return head, nil
}

func scanHead(row pgx.CollectableRow) (h TicketHead, err error) {
	return h, row.Scan((*uuid.UUID)(&h.ID), &h.Number, &h.Status, &h.Version, &h.LegalHold)
}
