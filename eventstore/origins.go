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

// Origins is what of a ticket's stream comes from elsewhere.
type Origins struct {
	Audits   map[int64]bool            // by the numbers that they had there
	Comments map[domain.CommentID]bool // true: it is public there, as far as is known
	Version  Version                   // of the stream; 0: there is no such ticket
	Newest   time.Time                 // when the last of that happened
	// Here: something was done to the ticket here as well.
	Here bool
}

// Origins returns what of a ticket's stream comes from elsewhere. An audit that changed nothing
// when it was taken over has left nothing. It looks at all events of the ticket, and at no text.
// The error is ErrUnavailable, or that of Decode.
func (s *Store) Origins(ctx context.Context, account domain.AccountID, ticket domain.TicketID) (Origins, error) {
	type payload struct {
		Version Version
		Kind    *string // nil: no event tells where it comes from
		Schema  *int16
		Data    []byte
		Comment *uuid.UUID
	}
	rows, err := s.pool.Query(ctx, originsSQL, s.config.Shard, account, uuid.UUID(ticket))
	if err != nil {
		return Origins{}, Unavailable("read origins", err)
	}
	payloads, err := pgx.CollectRows(rows, pgx.RowToStructByPos[payload])
	if err != nil {
		return Origins{}, Unavailable("read origins", err)
	}
	found := Origins{Audits: make(map[int64]bool, len(payloads)), Comments: map[domain.CommentID]bool{}}
	there := 0
	for _, p := range payloads {
		if found.Version = p.Version; p.Kind == nil {
			continue
		}
		fact, err := Decode(*p.Kind, *p.Schema, p.Data, time.Time{})
		if err != nil {
			return Origins{}, fmt.Errorf("read origins of ticket %s: %w", ticket, err)
		}
		if origin := fact.Metadata().Origin; origin != nil {
			there++
			found.Audits[origin.Audit] = true
			switch fact := fact.(type) {
			case domain.CommentMadePrivate: // when it was found to be, which may be long after
				found.Comments[domain.CommentID(*p.Comment)] = false
				continue
			case domain.CommentCreated:
				found.Comments[domain.CommentID(*p.Comment)] = fact.Public
			}
			if origin.At.After(found.Newest) {
				found.Newest = origin.At
			}
		}
	}
	found.Here = Version(there) < found.Version
	return found, nil
}
