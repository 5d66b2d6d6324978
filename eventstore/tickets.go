package eventstore

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

//go:embed sql/list_tickets.sql
var listTicketsSQL string

// TicketHead is the head of a ticket's stream, as an operator sees it.
type TicketHead struct {
	ID      domain.TicketID
	Number  int64
	Status  domain.Status
	Version Version // of the last event
}

// Tickets returns up to limit tickets of an account in the order of their ids,
// from the one after the given id on. The error is ErrUnavailable.
func (s *Store) Tickets(ctx context.Context, account domain.AccountID, after domain.TicketID, limit int) ([]TicketHead, error) {
	rows, err := s.pool.Query(ctx, listTicketsSQL, s.config.Shard, account, uuid.UUID(after), limit)
	if err != nil {
		return nil, fmt.Errorf("%w: list tickets: %s", ErrUnavailable, sqlState(err))
	}
	heads, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h TicketHead, err error) {
		return h, row.Scan((*uuid.UUID)(&h.ID), &h.Number, &h.Status, &h.Version)
	})
	if err != nil {
		return nil, fmt.Errorf("%w: list tickets: %s", ErrUnavailable, sqlState(err))
	}
	return heads, nil
}
