package auth

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed sql/lookup.sql
var lookupSQL string

// A grant is a key as it was good when last asked for.
type grant struct {
	principal Principal
	expires   *time.Time
}

// Lookup returns whom the presented key stands for. What it says is true of some
// moment of the last second. It returns ErrUnauthorized for whatever is not a
// good key, and an error that wraps ErrUnavailable if Postgres could not be asked.
//
// Keys in use are answered from memory without allocation; see package fresh for
// who asks Postgres, and when.
func (s *Store) Lookup(ctx context.Context, presented string) (Principal, error) {
	p, err := s.lookup(ctx, presented)
	if err != nil {
		return Principal{}, err
	}
	return *p, nil
}

func (s *Store) lookup(ctx context.Context, presented string) (*Principal, error) {
	hash, ok := digestOf(presented)
	if !ok {
		return nil, ErrUnauthorized
	}
	g, err := s.grants.Get(ctx, hash)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if g == nil || g.expires != nil && !s.now().Before(*g.expires) {
		return nil, ErrUnauthorized
	}
	return &g.principal, nil
}

// load asks Postgres for the key with the hash; that there is no good one is a
// nil grant.
func (s *Store) load(ctx context.Context, hash digest) (*grant, error) {
	var g grant
	var scopes []string
	p := &g.principal
	err := s.pool.QueryRow(ctx, lookupSQL, hash[:]).Scan(
		&p.KeyID, &p.Account, &p.AccountSlug, &p.UserID, &p.Role, &p.Kind, &scopes, &g.expires)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up key: %w", err)
	}
	if !fits(p.Kind, p.Role) {
		return nil, nil
	}
	p.Scopes = storedScopes(scopes)
	return &g, nil
}
