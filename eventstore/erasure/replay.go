package erasure

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

var (
	//go:embed sql/tombstones.sql
	tombstonesSQL string
	//go:embed sql/newest_retired.sql
	newestRetiredSQL string
)

// ErrWrongKeyring: the keyring holds no key at all, but contents are sealed.
var ErrWrongKeyring = errors.New("the keyring is empty, but the log holds sealed contents: it is not the keyring of this log")

// Replay brings a keyring that comes from an older backup up to what the log in the
// database behind pool knows of it: keys that were destroyed are destroyed again, and
// the names of keys that were lost are not given to others. It belongs before anything
// is served. shelves are all tables whose rows are sealed. The error is ErrWrongKeyring,
// vault.ErrUnavailable or one of the database.
func Replay(ctx context.Context, pool *pgxpool.Pool, keyring *vault.Keyring, shelves []Shelf) error {
	var newest int64
	for _, sql := range newestOf(shelves) {
		var id int64
		if err := pool.QueryRow(ctx, sql).Scan(&id); err != nil {
			return fmt.Errorf("read the names of keys: %w", err)
		}
		newest = max(newest, id)
	}
	if newest > 0 {
		known, err := keyring.Reserve(ctx, newest)
		switch {
		case err != nil:
			return err
		case known <= 0:
			return ErrWrongKeyring
		case known < newest:
			slog.Error("the keyring has lost keys, and what they had sealed cannot be opened: it comes from an older backup",
				"newest_known", known, "newest_used", newest)
		}
	}
	for after := int64(0); ; {
		page, err := tombstones(ctx, pool, after)
		if err != nil || len(page) == 0 {
			return err
		}
		revived, err := keyring.Replay(ctx, page)
		if err != nil {
			return err
		}
		if revived > 0 {
			slog.Error("keys that had been destroyed were in the keyring again, and are destroyed anew: it comes from an older backup",
				"keys", revived)
		}
		after = page[len(page)-1].Bucket
	}
}

func newestOf(shelves []Shelf) []string {
	statements := []string{newestRetiredSQL}
	for _, s := range shelves {
		statements = append(statements, s.Newest)
	}
	return statements
}

func tombstones(ctx context.Context, pool *pgxpool.Pool, after int64) ([]vault.Tombstone, error) {
	rows, err := pool.Query(ctx, tombstonesSQL, after, 5000)
	if err != nil {
		return nil, fmt.Errorf("read destroyed keys: %w", err)
	}
	page, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t vault.Tombstone, err error) {
		var account *int32
		var purpose *string
		if err = row.Scan(&t.Bucket, &account, &purpose, &t.DestroyedAt); account != nil && purpose != nil {
			t.Account, t.Purpose = domain.AccountID(*account), *purpose
		}
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("read destroyed keys: %w", err)
	}
	return page, nil
}
