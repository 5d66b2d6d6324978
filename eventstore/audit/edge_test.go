package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// TestEdge compares roots and tiles of growing trees with those of package tlog.
func TestEdge(t *testing.T) {
	const most = 70_000 // more than a tile of level 1
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	check := func(e *edge) {
		t.Helper()
		want, err := tlog.TreeHash(e.size, reader)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.root(); got != want {
			t.Fatalf("root of %d leaves = %s, want %s", e.size, got, want)
		}
	}
	e := new(edge)
	check(e)
	tiles := 0
	for n := range int64(most) {
		leaf := tlog.Hash(sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n))))
		hashes, err := tlog.StoredHashesForRecordHash(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
		e.add(leaf, func(full tile) {
			tiles++
			want, err := tlog.ReadTileData(tlog.Tile{H: tileHeight, L: full.level, N: full.n, W: tileWidth}, reader)
			if err != nil {
				t.Fatal(err)
			}
			if string(join(full.hashes)) != string(want) {
				t.Errorf("tile %d of level %d is not that of package tlog", full.n, full.level)
			}
		})
		if n < 1100 || n%1013 == 0 || n%tileWidth > 254 || n%tileWidth < 2 {
			check(e)
		}
	}
	if want := most/tileWidth + most/tileWidth/tileWidth; tiles != want {
		t.Errorf("%d tiles were full, want %d", tiles, want)
	}
}

// TestExtend: what is stored of a step, with what was stored before, is the tree,
// wherever the steps end.
func TestExtend(t *testing.T) {
	for _, steps := range [][]int{{1, 1, 253, 1, 1}, {300, 212}, {256}, {255, 2}, {65_536, 1}, {65_535, 300}} {
		e := new(edge)
		tiles := map[coordinates][]tlog.Hash{}
		var open []tlog.Hash // leaves of the tile that is not full
		n := uint64(0)
		for _, step := range steps {
			leaves := make([]tlog.Hash, step)
			for i := range leaves {
				leaves[i] = sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
				n++
			}
			before := e.size
			g := e.extend(leaves)
			for _, stored := range g.tiles {
				tiles[coordinates{stored.level, stored.n}] = stored.hashes
			}
			if e.size/tileWidth > before/tileWidth {
				open = nil
			}
			open = append(open, g.leaves...)
		}
		for level, hashes := range e.tiles {
			stored := open
			if level > 0 {
				stored = tiles[coordinates{level, e.size >> (tileHeight * (level + 1))}]
			}
			if string(join(stored)) != string(join(hashes)) {
				t.Errorf("after steps of %v, %d hashes are stored of the edge at level %d; there are %d", steps, len(stored), level, len(hashes))
			}
		}
		for level := range e.tiles {
			for i := range e.size >> (tileHeight * (level + 1)) {
				if len(tiles[coordinates{level, i}]) != tileWidth {
					t.Errorf("after steps of %v, tile %d of level %d is not stored", steps, i, level)
				}
			}
		}
	}
}
