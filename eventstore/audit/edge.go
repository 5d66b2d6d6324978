package audit

import (
	"bytes"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/eventstore"
)

// Tiles are 256 hashes wide: 8 levels of the tree in one row.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	tileBytes  = tileWidth * tlog.HashSize
)

// An edge is all that is needed to extend a tree: at each level of tiles, the hashes
// of the one that is not full yet. The zero value is the edge of the empty tree.
type edge struct {
	size  int64
	tiles [][]tlog.Hash
}

// tile is a full tile, or at the edge the part of it that there is.
type tile struct {
	level  int
	n      int64
	hashes []tlog.Hash
}

// add appends a leaf, and hands out the tiles that are full with it, lowest first.
func (e *edge) add(leaf tlog.Hash, full func(tile)) {
	e.size++
	for level, h := 0, leaf; ; level++ {
		if level == len(e.tiles) {
			e.tiles = append(e.tiles, make([]tlog.Hash, 0, tileWidth))
		}
		e.tiles[level] = append(e.tiles[level], h)
		if len(e.tiles[level]) < tileWidth {
			return
		}
		t := tile{level, e.size>>(tileHeight*(level+1)) - 1, e.tiles[level]}
		full(t)
		h = perfect(t.hashes)
		e.tiles[level] = make([]tlog.Hash, 0, tileWidth)
	}
}

// root returns the hash of the tree.
func (e *edge) root() tlog.Hash {
	if e.size == 0 {
		h, _ := tlog.TreeHash(0, nil) // that of the empty string
		return h
	}
	var root tlog.Hash
	first := true
	for _, hashes := range e.tiles { // from the right: the smallest subtrees come last
		for rest := len(hashes); rest > 0; {
			width := rest & -rest
			h := perfect(hashes[rest-width : rest])
			if first {
				root, first = h, false
			} else {
				root = tlog.NodeHash(h, root)
			}
			rest -= width
		}
	}
	return root
}

// clone returns an edge that may be extended beside e.
func (e *edge) clone() *edge {
	c := &edge{size: e.size, tiles: make([][]tlog.Hash, len(e.tiles))}
	for i, hashes := range e.tiles {
		c.tiles[i] = append(make([]tlog.Hash, 0, tileWidth), hashes...)
	}
	return c
}

// Tree is a tree that grows by events, for whoever needs its root alone. The zero value is
// the empty tree.
type Tree struct{ edge edge }

// Add appends an event of the log of a shard.
func (t *Tree) Add(shard int16, r *eventstore.Recorded) {
	t.edge.add(LeafHash(shard, r), func(tile) {})
}

// Size returns how many events there are.
func (t *Tree) Size() int64 { return t.edge.size }

// Root returns the hash of the tree.
func (t *Tree) Root() tlog.Hash { return t.edge.root() }

// perfect returns the root of a subtree whose width is a power of two.
func perfect(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(perfect(hashes[:half]), perfect(hashes[half:]))
}

// join writes hashes one after the other, as they are stored.
func join(hashes []tlog.Hash) []byte {
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

// split reads what join wrote. ok is false if that is not what it is.
func split(b []byte) (hashes []tlog.Hash, ok bool) {
	if len(b)%tlog.HashSize != 0 {
		return nil, false
	}
	hashes = make([]tlog.Hash, 0, len(b)/tlog.HashSize)
	for part := range slices.Chunk(bytes.Clone(b), tlog.HashSize) {
		hashes = append(hashes, tlog.Hash(part))
	}
	return hashes, true
}
