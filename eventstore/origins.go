package eventstore

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

//go:embed sql/origins.sql
var originsSQL string

// Origins returns the numbers that a ticket's audits had elsewhere, and the version of its
// stream: 0 if there is no such ticket. An audit that changed nothing when it was taken over
// has left nothing. It looks at all events of the ticket, and at no text. The error is
// ErrUnavailable, or that of Decode.
func (s *Store) Origins(ctx context.Context, account domain.AccountID, ticket domain.TicketID) (map[int64]bool, Version, error) {
	type payload struct {
		Version Version
		Kind    *string // nil: no event tells where it comes from
		Schema  *int16
		Data    []byte
	}
	rows, err := s.pool.Query(ctx, originsSQL, s.config.Shard, account, uuid.UUID(ticket))
	if err != nil {
		return nil, 0, Unavailable("read origins", err)
	}
	payloads, err := pgx.CollectRows(rows, pgx.RowToStructByPos[payload])
	if err != nil {
		return nil, 0, Unavailable("read origins", err)
	}
	audits := make(map[int64]bool, len(payloads))
	var version Version
	for _, p := range payloads {
		if version = p.Version; p.Kind == nil {
			continue
		}
		fact, err := Decode(*p.Kind, *p.Schema, p.Data, time.Time{})
		if err != nil {
			return nil, 0, fmt.Errorf("read origins of ticket %s: %w", ticket, err)
		}
		if origin := fact.Metadata().Origin; origin != nil {
			audits[origin.Audit] = true
		}
	}
	return audits, version, nil
}
