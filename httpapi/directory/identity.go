package directory

import (
	"context"
	_ "embed"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

//go:embed sql/get_identity.sql
var getIdentitySQL string

// An Identity is what has to be known of a user to let them in. The zero Identity is
// nobody.
type Identity struct {
	ID     domain.UserID
	Role   Role
	Active bool
}

// addressKey is an address as it can be kept in memory: its digest.
type addressKey struct {
	account domain.AccountID
	digest  string
}

// Identity returns who had the address at some moment of the last second, in whatever
// case it is written; the error is ErrUserNotFound if nobody had.
func (s *Store) Identity(ctx context.Context, account domain.AccountID, email string) (Identity, error) {
	who, err := s.identities.Get(ctx, addressKey{account, string(s.vault.EmailDigest(account, email))})
	switch {
	case err != nil:
		return Identity{}, unavailable("find user by address", err)
	case who == Identity{}:
		return Identity{}, ErrUserNotFound
	}
	return who, nil
}

// loadIdentity returns the zero Identity if there is none.
func (s *Store) loadIdentity(ctx context.Context, key addressKey) (who Identity, err error) {
	err = s.pool.QueryRow(ctx, getIdentitySQL, key.account, []byte(key.digest)).Scan(&who.ID, &who.Role, &who.Active)
	if errors.Is(err, pgx.ErrNoRows) {
		return Identity{}, nil
	}
	return who, err
}
