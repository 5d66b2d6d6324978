package audit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/state.sql
	stateSQL string
	//go:embed sql/seal.sql
	sealSQL string
)

// state is where a tree, and the log that it is of, stand.
type state struct {
	size       int64
	generation int32
	epoch      int32
	logSize    int64
	logEpoch   int32
	head       *Head // the last one; nil: none
}

// readState reads the state of a shard. The error is eventstore.ErrUnavailable, or
// errTile if what is there makes no sense.
func readState(ctx context.Context, db querier, shard int16) (state, error) {
	var s state
	var size, previous, kept *int64
	var signedAt *time.Time
	var epoch *int32
	var root, signature []byte
	err := db.QueryRow(ctx, stateSQL, shard).Scan(&s.size, &s.generation, &s.epoch, &s.logSize, &s.logEpoch,
		&size, &previous, &kept, &signedAt, &epoch, &root, &signature)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return s, fmt.Errorf("%w: audit.trees or log.heads has no row of shard %d", errTile, shard)
	case err != nil:
		return s, eventstore.Unavailable("read tree", err)
	case size == nil && (s.size > 0 || s.generation > 1):
		return s, fmt.Errorf("%w: the head of size %d is missing", errTile, s.size)
	case size == nil:
		return s, nil
	case len(root) != tlog.HashSize:
		return s, fmt.Errorf("%w: the root of the head of size %d is no hash", errTile, s.size)
	}
	s.head = &Head{
		Shard: shard, Generation: s.generation, Size: *size, Previous: *previous, Kept: kept, Epoch: *epoch,
		Root: tlog.Hash(root), SignedAt: signedAt.UTC(), Signature: signature,
	}
	return s, nil
}

// signedEdge returns the edge of the stored tree, which is what the last head says, or
// errTile.
func signedEdge(ctx context.Context, db querier, key *Key, st state, shard int16) (*edge, error) {
	e, err := readEdge(ctx, db, shard, st.generation, st.size)
	switch h := st.head; {
	case err != nil || h == nil:
		return e, err
	case !key.made(h):
		return nil, fmt.Errorf("%w: the head of size %d was not signed by this key", errTile, h.Size)
	case h.Root != e.root():
		return nil, fmt.Errorf("%w: the tree of size %d is not the one that was signed", errTile, h.Size)
	}
	return e, nil
}

// growth is what a tree grows by in one step.
type growth struct {
	tiles  []tile
	leaves []tlog.Hash // those of the tile that is not full
}

// extend appends leaves to e and returns what has to be stored of that. Above the
// leaves, a tile that is not full is stored as far as it goes.
func (e *edge) extend(leaves []tlog.Hash) growth {
	var g growth
	before := e.size
	touched := 0 // levels that have changed
	for _, leaf := range leaves {
		e.add(leaf, func(t tile) {
			g.tiles = append(g.tiles, t)
			touched = max(touched, t.level+1)
		})
	}
	for level := 1; level <= touched && level < len(e.tiles); level++ {
		if hashes := e.tiles[level]; len(hashes) > 0 {
			g.tiles = append(g.tiles, tile{level, e.size >> (tileHeight * (level + 1)), hashes})
		}
	}
	if len(e.tiles) > 0 {
		fresh := min(int64(len(e.tiles[0])), e.size-before)
		g.leaves = e.tiles[0][int64(len(e.tiles[0]))-fresh:]
	}
	return g
}

// errMoved: the tree is not where it was believed to be.
var errMoved = errors.New("audit: somebody else has extended the tree")

// seal stores a signed head, and by what the tree has grown to it, if the tree is
// still at generation and size. The error is errMoved or eventstore.ErrUnavailable.
func seal(ctx context.Context, db querier, generation int32, size int64, h *Head, g growth) error {
	var levels []int16
	var tiles []int64
	var hashes [][]byte
	for _, t := range g.tiles {
		levels, tiles, hashes = append(levels, int16(t.level)), append(tiles, t.n), append(hashes, join(t.hashes))
	}
	var sealed int64
	err := db.QueryRow(ctx, sealSQL, h.Shard, generation, size, h.Generation, h.Size, h.Epoch,
		h.Previous, h.Kept, h.SignedAt, h.Root[:], h.Signature, join(g.leaves), levels, tiles, hashes).Scan(&sealed)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return errMoved
	case err != nil:
		return eventstore.Unavailable("seal", err)
	}
	return nil
}
