package vault

import (
	"context"
	_ "embed"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/tombstones.sql
	tombstonesSQL string
	//go:embed sql/replay.sql
	replaySQL string
	//go:embed sql/reserve.sql
	reserveSQL string
)

// A Tombstone stands for a key that is destroyed.
type Tombstone struct {
	Bucket      int64
	Account     domain.AccountID
	Purpose     string // empty of a key that was lost before it could be destroyed
	DestroyedAt time.Time
}

// Tombstones returns those of the keys that are destroyed. The error is ErrUnavailable.
func (k *Keyring) Tombstones(ctx context.Context, ids []int64) ([]Tombstone, error) {
	rows, err := k.pool.Query(ctx, tombstonesSQL, ids)
	if err != nil {
		return nil, unavailable("read tombstones", err)
	}
	tombstones, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Tombstone])
	return tombstones, orUnavailable("read tombstones", err)
}

// Replay destroys keys that have been destroyed before and have come back, as they do
// with an older copy of the keyring, and returns how many there were. The error is
// ErrUnavailable.
func (k *Keyring) Replay(ctx context.Context, tombstones []Tombstone) (revived int64, err error) {
	n := len(tombstones)
	ids, accounts, purposes, times := make([]int64, n), make([]int32, n), make([]string, n), make([]time.Time, n)
	for i, t := range tombstones {
		ids[i], accounts[i], purposes[i], times[i] = t.Bucket, int32(t.Account), t.Purpose, t.DestroyedAt
	}
	tag, err := k.pool.Exec(ctx, replaySQL, ids, accounts, purposes, times)
	if err != nil {
		return 0, unavailable("replay tombstones", err)
	}
	if tag.RowsAffected() > 0 {
		for _, id := range ids {
			k.Forget(id)
		}
	}
	return tag.RowsAffected(), nil
}

// Reserve sees to it that no new bucket key is given a name up to the one given, and
// returns the highest name of a key that is known; 0 if there is none. The error is
// ErrUnavailable.
func (k *Keyring) Reserve(ctx context.Context, upTo int64) (newest int64, err error) {
	var drawn int64
	err = k.pool.QueryRow(ctx, reserveSQL, upTo).Scan(&newest, &drawn)
	return newest, orUnavailable("reserve names of keys", err)
}
