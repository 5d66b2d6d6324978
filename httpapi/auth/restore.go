package auth

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

var (
	//go:embed sql/carried.sql
	carriedSQL string
	//go:embed sql/restore.sql
	restoreSQL string
)

// A CarriedKey is an API key as it is carried to another database, where it is good as
// well. The key itself is not known here, but its hash.
type CarriedKey struct {
	ID        uuid.UUID        `json:"id"`
	Account   domain.AccountID `json:"account_id"`
	User      domain.UserID    `json:"user_id"`
	Kind      domain.ActorKind `json:"kind"`
	Hash      []byte           `json:"hash"`
	Hint      string           `json:"hint"`
	Label     string           `json:"label"`
	Scopes    []string         `json:"scopes"`
	CreatedAt time.Time        `json:"created_at"`
	ExpiresAt *time.Time       `json:"expires_at"`
	RevokedAt *time.Time       `json:"revoked_at"`
}

// Carried returns the keys of the account, the oldest first.
func (s *Store) Carried(ctx context.Context, account domain.AccountID) ([]CarriedKey, error) {
	rows, err := s.pool.Query(ctx, carriedSQL, account)
	if err != nil {
		return nil, fmt.Errorf("%w: list keys: %w", ErrUnavailable, err)
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k CarriedKey, err error) {
		return k, row.Scan(&k.ID, &k.Account, (*uuid.UUID)(&k.User), &k.Kind, &k.Hash, &k.Hint, &k.Label, &k.Scopes,
			&k.CreatedAt, &k.ExpiresAt, &k.RevokedAt)
	})
	if err != nil {
		return nil, fmt.Errorf("%w: list keys: %w", ErrUnavailable, err)
	}
	return keys, nil
}

// Restore has a key be good that was carried here. One that was revoked here stays so. The
// error is ErrNoUser, directory.ErrOther or ErrUnavailable.
func (s *Store) Restore(ctx context.Context, k CarriedKey) error {
	tag, err := s.pool.Exec(ctx, restoreSQL, k.ID, k.Account, uuid.UUID(k.User), k.Kind, k.Hash, k.Hint, k.Label, k.Scopes,
		k.CreatedAt, k.ExpiresAt, k.RevokedAt)
	switch {
	case violates(err, "keys_user_fkey"):
		return ErrNoUser
	case violates(err, "keys_hash_key"):
		return directory.ErrOther
	case err != nil:
		return fmt.Errorf("%w: restore key: %w", ErrUnavailable, err)
	case tag.RowsAffected() == 0:
		return directory.ErrOther
	}
	return nil
}
