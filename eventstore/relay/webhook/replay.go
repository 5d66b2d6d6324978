package webhook

import (
	"context"
	_ "embed"
	"math"

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
