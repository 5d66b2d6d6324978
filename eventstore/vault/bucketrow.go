package vault

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

//go:embed sql/buckets.sql
var bucketsSQL string

// keyRow is a row of sql/buckets.sql.
type keyRow struct {
	ID      int64
	Account domain.AccountID
	Purpose purpose
	Root    string
	Wrapped []byte // nil: destroyed
}

func (k *Keyring) read(ctx context.Context, ids []int64) ([]keyRow, error) {
	rows, err := k.pool.Query(ctx, bucketsSQL, ids)
	if err != nil {
		return nil, unavailable("read bucket keys", err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByPos[keyRow])
	if err != nil {
		return nil, unavailable("read bucket keys", err)
	}
	return keys, nil
}

// newKey returns a new random key, in the clear and wrapped.
func (k *Keyring) newKey(ctx context.Context, account domain.AccountID, p purpose) (key, wrapped []byte, err error) {
	key = make([]byte, keySize)
	rand.Read(key)
	wrapped, err = k.root.Wrap(ctx, key, wrapData(account, p))
	if err != nil {
		return nil, nil, fmt.Errorf("wrap bucket key: %w", err)
	}
	return key, wrapped, nil
}

func (k *Keyring) unwrap(ctx context.Context, row keyRow) ([]byte, error) {
	switch {
	case row.Wrapped == nil:
		return nil, fmt.Errorf("%w: bucket %d", ErrDestroyed, row.ID)
	case row.Root != k.root.ID():
		return nil, k.wrongRoot(row.ID, row.Root)
	}
	key, err := k.root.Unwrap(ctx, row.Wrapped, wrapData(row.Account, row.Purpose))
	if err == nil && len(key) != keySize {
		err = ErrDamaged
	}
	if err != nil {
		return nil, fmt.Errorf("unwrap the key of bucket %d: %w", row.ID, err)
	}
	return key, nil
}

func (k *Keyring) wrongRoot(bucket int64, root string) error {
	return fmt.Errorf("%w: bucket %d needs %q, this process holds %q", ErrWrongRootKey, bucket, root, k.root.ID())
}

// wrapData is what the wrap of a bucket key authenticates.
func wrapData(account domain.AccountID, p purpose) []byte {
	return append(accountBytes(account), p...)
}

func unavailable(what string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, err)
}
