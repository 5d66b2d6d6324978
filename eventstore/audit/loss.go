package audit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/follow_epoch.sql
var followEpochSQL string

// Loss is what an operator has accepted.
type Loss struct {
	Size int64 // events that the tree had sealed
	// Kept is how many of them are still in the log as they were, counted from the
	// first to the one before the first that is not.
	Kept       int64
	Generation int32 // of the tree from now on
	Epoch      int32 // of the log
}

// ErrNoLoss: the log is the one that was sealed, in the epoch that is known.
var ErrNoLoss = errors.New("audit: nothing to accept: the log is the one that was sealed")

// AcceptLoss declares that the log is the truth although it is not what was sealed: a
// new generation of the tree begins, over the log as it is. The heads of the former
// one stay, for evidence. If the log does hold all that was sealed and only its epoch
// was raised, the tree goes on. The error may be ErrNoLoss, or
// eventstore.ErrUnavailable.
func AcceptLoss(ctx context.Context, log *eventstore.Store, pool *pgxpool.Pool, key *Key, shard int16) (Loss, error) {
	st, err := readState(ctx, pool, shard)
	if err != nil && (!errors.Is(err, errTile) || st.generation == 0) {
		return Loss{}, err
	}
	if err == nil {
		_, err = signedEdge(ctx, pool, key, st, shard)
	}
	damaged := errors.Is(err, errTile)
	if err != nil && !damaged {
		return Loss{}, err
	}
	loss := Loss{Size: st.size, Generation: st.generation, Epoch: st.logEpoch}
	if loss.Kept, err = agreement(ctx, log, pool, shard, st); err != nil {
		return Loss{}, err
	}
	switch {
	case loss.Kept == st.size && !damaged && st.epoch == st.logEpoch:
		return Loss{}, ErrNoLoss
	case loss.Kept == st.size && !damaged:
		tag, err := pool.Exec(ctx, followEpochSQL, shard, st.generation, st.size, st.logEpoch)
		if err == nil && tag.RowsAffected() == 0 {
			return Loss{}, errMoved
		}
		if err != nil {
			return Loss{}, eventstore.Unavailable("follow the epoch", err)
		}
		return loss, nil
	}
	loss.Generation++
	h := &Head{
		Shard: shard, Generation: loss.Generation, Previous: st.size, Kept: &loss.Kept, Epoch: st.logEpoch,
		Root: new(edge).root(), SignedAt: time.Now().UTC().Truncate(time.Microsecond),
	}
	key.sign(h)
	return loss, seal(ctx, pool, st.generation, st.size, h, growth{})
}

// agreement returns how many events, from the first on, the log and the stored tree
// have in common.
func agreement(ctx context.Context, log *eventstore.Store, pool *pgxpool.Pool, shard int16, st state) (int64, error) {
	hashes := hashReader{ctx: ctx, db: pool, shard: shard, generation: st.generation, size: st.size}
	for n := int64(0); n < st.size; {
		events, err := log.ReadAll(ctx, eventstore.Position(n), int(min(tileWidth, st.size-n)))
		if err != nil {
			return 0, err
		}
		clear(hashes.cache) // one tile at a time
		for i := range events {
			e := &events[i]
			if int64(e.Position) != n+1 {
				return n, nil
			}
			sealed, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
			if err != nil && !errors.Is(err, errTile) {
				return 0, fmt.Errorf("compare log and tree: %w", err)
			}
			if err != nil || sealed[0] != LeafHash(shard, e) {
				return n, nil
			}
			n++
		}
		if len(events) == 0 {
			return n, nil
		}
	}
	return st.size, nil
}
