package webhook

import (
	"context"
	_ "embed"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/rewind.sql
	rewindSQL string
	//go:embed sql/forget_late.sql
	forgetLateSQL string
	//go:embed sql/since.sql
	sinceSQL string
	//go:embed sql/revive.sql
	reviveSQL string
	//go:embed sql/test.sql
	testSQL string
)

// Replay sends again what comes after a position, whether it was delivered or not. The
// error may be ErrNotFound.
func (s *Store) Replay(ctx context.Context, account domain.AccountID, id ID, after eventstore.Position) error {
	return s.locked(ctx, account, id, func(tx pgx.Tx, _ *stored) error {
		if _, err := tx.Exec(ctx, rewindSQL, uuid.UUID(id), after); err != nil {
			return unavailable("replay", err)
		}
		_, err := tx.Exec(ctx, forgetLateSQL, uuid.UUID(id), after)
		return unavailable("replay", err)
	})
}

// ReplaySince sends again what was recorded at a time, and what came later. The error may
// be ErrNotFound.
func (s *Store) ReplaySince(ctx context.Context, account domain.AccountID, id ID, since time.Time) error {
	after, err := s.before(ctx, since)
	if err != nil {
		return err
	}
	return s.Replay(ctx, account, id, after)
}

// before returns the last position whose event is older than a time. The times of events
// never run backwards, so it is found by halving.
func (s *Store) before(ctx context.Context, since time.Time) (eventstore.Position, error) {
	var head eventstore.Position
	var older *bool
	look := func(at eventstore.Position) error {
		return unavailable("look for a time", s.pool.QueryRow(ctx, sinceSQL, s.shard, at, since).Scan(&head, &older))
	}
	if err := look(0); err != nil {
		return 0, err
	}
	low, high := eventstore.Position(0), head+1 // low is older, or the beginning; high is not
	for high-low > 1 {
		middle := low + (high-low)/2
		if err := look(middle); err != nil {
			return 0, err
		}
		if older != nil && *older {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// ReplayFailed tries again what was given up, and at once what is waiting. The error may be
// ErrNotFound.
func (s *Store) ReplayFailed(ctx context.Context, account domain.AccountID, id ID) error {
	return s.locked(ctx, account, id, func(tx pgx.Tx, _ *stored) error {
		if _, err := tx.Exec(ctx, reviveSQL, uuid.UUID(id)); err != nil {
			return unavailable("replay", err)
		}
		_, err := tx.Exec(ctx, rewindSQL, uuid.UUID(id), int64(math.MaxInt64)) // whoever delivers counts anew
		return unavailable("replay", err)
	})
}

// Test has a test sent, and returns its id: that of the one that waits, if there is one.
// The error may be ErrNotFound or ErrOff.
func (s *Store) Test(ctx context.Context, account domain.AccountID, id ID) (test domain.EventID, err error) {
	err = s.locked(ctx, account, id, func(tx pgx.Tx, e *stored) error {
		if e.Off != "" {
			return ErrOff
		}
		new := uuid.Must(uuid.NewV7())
		return unavailable("test", tx.QueryRow(ctx, testSQL, uuid.UUID(id), new).Scan((*uuid.UUID)(&test)))
	})
	return test, err
}
