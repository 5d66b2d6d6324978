package audit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/tiles.sql
var tilesSQL string

//go:embed sql/leaves.sql
var leavesSQL string

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// coordinates of a tile.
type coordinates struct {
	level int
	n     int64
}

// hashReader reads hashes of the stored tree of a generation, for package tlog. What
// it reads is not trusted: proofs are checked against a head before anybody gets them.
type hashReader struct {
	ctx        context.Context
	db         querier
	shard      int16
	generation int32
	size       int64                  // of the stored tree
	cache      map[coordinates][]byte // what was read before
}

// errTile: the stored tree does not have what it should.
var errTile = errors.New("audit: the stored tree is damaged")

// ReadHashes returns the hashes at indexes of tlog's order.
func (r *hashReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	if err := r.fetch(indexes); err != nil {
		return nil, err
	}
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		t := tlog.TileForIndex(tileHeight, index)
		data := r.cache[coordinates{t.L, t.N}]
		if t.W = len(data) / tlog.HashSize; t.W == 0 {
			return nil, fmt.Errorf("%w: there is no tile %d of level %d", errTile, t.N, t.L)
		}
		h, err := tlog.HashFromTile(t, data, index)
		if err != nil {
			return nil, fmt.Errorf("%w: tile %d of level %d", errTile, t.N, t.L)
		}
		hashes[i] = h
	}
	return hashes, nil
}

// fetch reads the tiles of the indexes that are not in the cache.
func (r *hashReader) fetch(indexes []int64) error {
	if r.cache == nil {
		r.cache = map[coordinates][]byte{}
	}
	var levels []int16
	var tiles []int64
	for _, index := range indexes {
		t := tlog.TileForIndex(tileHeight, index)
		at := coordinates{t.L, t.N}
		if _, ok := r.cache[at]; ok {
			continue
		}
		r.cache[at] = nil
		if t.L == 0 && t.N == r.size/tileWidth {
			leaves, err := readLeaves(r.ctx, r.db, r.shard, r.generation, t.N*tileWidth, r.size)
			if err != nil {
				return err
			}
			r.cache[at] = leaves
			continue
		}
		levels, tiles = append(levels, int16(t.L)), append(tiles, t.N)
	}
	if tiles == nil {
		return nil
	}
	rows, err := r.db.Query(r.ctx, tilesSQL, r.shard, r.generation, levels, tiles)
	if err != nil {
		return eventstore.Unavailable("read tiles", err)
	}
	var level int16
	var n int64
	var hashes []byte
	if _, err := pgx.ForEachRow(rows, []any{&level, &n, &hashes}, func() error {
		r.cache[coordinates{int(level), n}] = append([]byte(nil), hashes...)
		return nil
	}); err != nil {
		return eventstore.Unavailable("read tiles", err)
	}
	return nil
}

// readLeaves returns the leaf hashes after position from and up to position to, which
// is less than a tile: they are still with the heads that brought them.
func readLeaves(ctx context.Context, db querier, shard int16, generation int32, from, to int64) ([]byte, error) {
	rows, err := db.Query(ctx, leavesSQL, shard, generation, from, to)
	if err != nil {
		return nil, eventstore.Unavailable("read leaves", err)
	}
	var all, leaves []byte
	if _, err := pgx.ForEachRow(rows, []any{&leaves}, func() error {
		all = append(all, leaves...)
		return nil
	}); err != nil {
		return nil, eventstore.Unavailable("read leaves", err)
	}
	if int64(len(all)) != (to-from)*tlog.HashSize {
		return nil, fmt.Errorf("%w: the heads of sizes %d to %d hold %d bytes of leaves", errTile, from+1, to, len(all))
	}
	return all, nil
}

// readEdge returns the edge of a stored tree.
func readEdge(ctx context.Context, db querier, shard int16, generation int32, size int64) (*edge, error) {
	e := &edge{size: size}
	leaves, err := readLeaves(ctx, db, shard, generation, size/tileWidth*tileWidth, size)
	if err != nil {
		return nil, err
	}
	r := hashReader{ctx: ctx, db: db, shard: shard, generation: generation, size: size}
	for level, width := 0, size; width > 0; level, width = level+1, width>>tileHeight {
		data := leaves
		if n := width % tileWidth; level > 0 && n > 0 {
			last := tlog.StoredHashIndex(level*tileHeight, width-1)
			if err := r.fetch([]int64{last}); err != nil {
				return nil, err
			}
			data = r.cache[coordinates{level, width / tileWidth}]
			if int64(len(data)) < n*tlog.HashSize {
				return nil, fmt.Errorf("%w: tile %d of level %d is short", errTile, width/tileWidth, level)
			}
			data = data[:n*tlog.HashSize]
		} else if n == 0 {
			data = nil
		}
		hashes, ok := split(data)
		if !ok {
			return nil, fmt.Errorf("%w: tile of level %d", errTile, level)
		}
		e.tiles = append(e.tiles, append(make([]tlog.Hash, 0, tileWidth), hashes...))
	}
	return e, nil
}
