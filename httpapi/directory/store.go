package directory

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/fresh"
)

// numbers is where the permanent integers of users come from: eventstore.Numbers.
type numbers interface {
	Draw(ctx context.Context, account domain.AccountID, n int) (first int64, err error)
}

// A Store reads and writes accounts and users. It is safe for concurrent use.
type Store struct {
	pool     *pgxpool.Pool
	vault    *vault.Vault
	numbers  numbers
	settings *fresh.Cache[domain.AccountID, *Settings] // nil: no such account
	roles    *fresh.Cache[userKey, Role]               // empty: no such user
	// identities are by address.
	identities *fresh.Cache[addressKey, Identity]
}

type userKey struct {
	account domain.AccountID
	user    domain.UserID
}

// NewStore returns a store of what is in the database behind pool.
func NewStore(pool *pgxpool.Pool, v *vault.Vault, numbers numbers) *Store {
	return newStore(pool, v, numbers, time.Now)
}

func newStore(pool *pgxpool.Pool, v *vault.Vault, numbers numbers, now func() time.Time) *Store {
	s := &Store{pool: pool, vault: v, numbers: numbers}
	s.settings = fresh.New(s.loadSettings, now)
	s.roles = fresh.New(s.loadRole, now)
	s.identities = fresh.New(s.loadIdentity, now)
	return s
}
