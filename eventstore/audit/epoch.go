package audit

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"
)

//go:embed sql/raise_epoch.sql
var raiseEpochSQL string

// FollowEpoch tells the tree that the log is meant to be of an epoch, in the transaction
// that brings it there: an import repeats what was accepted where the log comes from.
func FollowEpoch(ctx context.Context, tx pgx.Tx, shard int16, epoch int32) error {
	_, err := tx.Exec(ctx, raiseEpochSQL, shard, epoch)
	return err
}
