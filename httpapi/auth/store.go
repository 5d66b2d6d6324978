package auth

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/internal/fresh"
)

//go:embed sql/insert.sql
var insertSQL string

//go:embed sql/get.sql
var getSQL string

//go:embed sql/list.sql
var listSQL string

//go:embed sql/revoke.sql
var revokeSQL string

//go:embed sql/revoke_all.sql
var revokeAllSQL string

// A Store creates, lists, revokes and looks up API keys. It is the home of the
// table directory.keys.
type Store struct {
	pool   *pgxpool.Pool
	now    func() time.Time
	grants *fresh.Cache[digest, *grant]
}

// NewStore returns a store of the keys in the database behind pool, which must be
// the primary: a replica may not know yet that a key was revoked.
func NewStore(pool *pgxpool.Pool) *Store { return newStore(pool, time.Now) }

func newStore(pool *pgxpool.Pool, now func() time.Time) *Store {
	s := &Store{pool: pool, now: now}
	s.grants = fresh.New(s.load, now)
	return s
}

// Create adds a key and returns it together with its text, which cannot be had
// again. A fixed key that exists with the same account, user, kind and scopes is
// returned as it is, even if it was revoked; if it stands for something else, the
// error is ErrKeyInUse. Other errors are ErrNoUser and *directory.InvalidError.
func (s *Store) Create(ctx context.Context, n NewKey) (Key, string, error) {
	if err := n.validate(s.now()); err != nil {
		return Key{}, "", err
	}
	text := n.Fixed
	if text == "" {
		var err error
		if text, err = generate(n.Kind); err != nil {
			return Key{}, "", err
		}
	}
	hash, ok := digestOf(text)
	if !ok || text[len(prefix)] != n.Kind[0] {
		return Key{}, "", invalid("key", "must have the form of a key of its kind")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Key{}, "", err
	}
	var k Key
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, insertSQL, id, n.Account, n.UserID, n.Kind, hash[:], text[keyLength-4:], n.Label,
			n.Scopes.Names(), n.ExpiresAt)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, getSQL, hash[:])
		if err != nil {
			return err
		}
		if k, err = pgx.CollectExactlyOneRow(rows, scanKey); err != nil {
			return err
		}
		switch {
		case k.Account != n.Account || k.UserID != n.UserID || k.Kind != n.Kind || k.Scopes != n.Scopes:
			return ErrKeyInUse
		case !fits(k.Kind, k.role):
			return invalid("user", fmt.Sprintf("of role %s cannot have a key of kind %s", k.role, k.Kind))
		}
		return nil
	})
	if violates(err, "keys_user_fkey") {
		err = ErrNoUser
	}
	if err != nil {
		return Key{}, "", fmt.Errorf("create key: %w", err)
	}
	return k, text, nil
}

// List returns the keys of the account, the oldest first, with those that are
// revoked or expired.
func (s *Store) List(ctx context.Context, account domain.AccountID) ([]Key, error) {
	rows, err := s.pool.Query(ctx, listSQL, account)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	keys, err := pgx.CollectRows(rows, scanKey)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return keys, nil
}

// Revoke ends a key of the account for ever: at once on this instance, within a
// second on every other. Revoking it again changes nothing. The error of an id
// that the account does not have is ErrNotFound.
func (s *Store) Revoke(ctx context.Context, account domain.AccountID, id uuid.UUID) error {
	var hash []byte
	err := s.pool.QueryRow(ctx, revokeSQL, account, id).Scan(&hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("revoke key %s: %w", id, err)
	}
	s.grants.Forget(digest(hash))
	return nil
}

// RevokeUser revokes all keys of a user, like Revoke, and returns how many were good
// until then.
func (s *Store) RevokeUser(ctx context.Context, account domain.AccountID, user domain.UserID) (int, error) {
	id := uuid.UUID(user)
	return s.revokeAll(ctx, account, &id)
}

// RevokeAccount revokes all keys of an account, like RevokeUser.
func (s *Store) RevokeAccount(ctx context.Context, account domain.AccountID) (int, error) {
	return s.revokeAll(ctx, account, nil)
}

func (s *Store) revokeAll(ctx context.Context, account domain.AccountID, user *uuid.UUID) (int, error) {
	rows, err := s.pool.Query(ctx, revokeAllSQL, account, user)
	if err != nil {
		return 0, fmt.Errorf("revoke keys: %w", err)
	}
	hashes, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return 0, fmt.Errorf("revoke keys: %w", err)
	}
	for _, hash := range hashes {
		s.grants.Forget(digest(hash))
	}
	return len(hashes), nil
}

func violates(err error, constraint string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.ConstraintName == constraint
}
