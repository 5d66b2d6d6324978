package webhook

import (
	"context"
	_ "embed"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/attempts.sql
var attemptsSQL string

const (
	// maxAttempts is how many attempts of an endpoint are remembered at least, unless they
	// are two weeks old; pruneEvery is how many more there may be.
	maxAttempts = 10_000
	pruneEvery  = 1000
)

// An Attempt is a request that was made, and what became of it.
type Attempt struct {
	Seq      int64 // its place among the attempts of all endpoints
	At       time.Time
	Position eventstore.Position // of the event; 0: it was a test
	Event    domain.EventID
	Type     string
	Try      int // 1, 2, 3 and so on
	Outcome  Outcome
	Status   *int           // nil: there was no answer
	Took     *time.Duration // likewise
}

// Attempts returns up to limit attempts before one of that place, newest first; before 0:
// the newest. The error may be ErrNotFound.
func (s *Store) Attempts(ctx context.Context, account domain.AccountID, id ID, before int64, limit int) ([]Attempt, error) {
	if _, err := s.Get(ctx, account, id); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, attemptsSQL, uuid.UUID(id), before, limit)
	if err != nil {
		return nil, unavailable("attempts", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Attempt, err error) {
		var ms *int64
		err = row.Scan(&a.Seq, &a.At, &a.Position, (*uuid.UUID)(&a.Event), &a.Type, &a.Try, (*string)(&a.Outcome), &a.Status, &ms)
		if ms != nil {
			took := time.Duration(*ms) * time.Millisecond
			a.Took = &took
		}
		return a, err
	})
	return all, unavailable("attempts", err)
}
