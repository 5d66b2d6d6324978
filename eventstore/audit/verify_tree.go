package audit

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/heads.sql
	headsSQL string
	//go:embed sql/generations.sql
	generationsSQL string
	//go:embed sql/first_tiles.sql
	firstTilesSQL string
)

// storedHead is a row of audit.heads.
type storedHead struct {
	Head
	leaves []byte
}

// treeCheck compares the tree of one generation with the log, with itself and with its
// heads, while somebody goes through the log.
//
// The log is compared with the leaves as they are stored, and heads with the tree that
// the stored leaves come to: so a changed event is one finding, and one at its place.
type treeCheck struct {
	*run
	generation int32
	size       int64 // of its last head
	limit      int64 // up to which it should be the log
	edge       edge  // of the tree that the stored leaves come to

	tiles map[int64][]byte // of level 0, some
	open  []tlog.Hash      // leaves of the tile that is not full
	has   []bool           // which of them there are
	gap   int64            // tile that is missing and was reported, + 1

	heads    []storedHead // the next ones
	fetched  int64        // size of the last head that was read
	noMore   bool
	forked   bool  // a head was found that speaks of another tree
	previous int64 // size of the last head
	known    int64 // size of the last head of the former generation
	epoch    int32
	kept     int64 // of the former generation, as the first head says
}

// beginTrees finds the generations that there are.
func (r *run) beginTrees(ctx context.Context) error {
	rows, err := r.tx.Query(ctx, generationsSQL, r.Shard, r.generation)
	if err != nil {
		return eventstore.Unavailable("read audit.heads", err)
	}
	sizes := map[int32]int64{}
	var generation int32
	var size int64
	if _, err := pgx.ForEachRow(rows, []any{&generation, &size}, func() error {
		sizes[generation] = size
		return nil
	}); err != nil {
		return eventstore.Unavailable("read audit.heads", err)
	}
	for g := int32(1); g <= r.generation && g <= int32(len(sizes))+1; g++ {
		tree := &treeCheck{run: r, generation: g, size: sizes[g], fetched: -1}
		if g > 1 {
			tree.known = sizes[g-1]
		}
		r.trees = append(r.trees, tree)
	}
	if last := sizes[r.generation]; last != r.size || r.generation < 1 {
		r.report.find("audit.trees", fmt.Sprintf("shard %d", r.Shard), "says that the last head is that of %s; it is of size %d",
			headRow(r.generation, r.size), last)
	}
	r.report.Sealed = sizes[r.generation]
	for _, tree := range r.trees {
		if err := tree.begin(ctx); err != nil {
			return err
		}
	}
	// What was lost to a generation was lost to those before it, too.
	common := int64(math.MaxInt64)
	for _, tree := range slices.Backward(r.trees) {
		tree.limit = min(tree.size, common)
		if tree.generation > 1 {
			common = min(common, tree.kept)
		}
	}
	return nil
}

// begin reads the leaves of the last tile, and checks the head that opens a generation.
func (t *treeCheck) begin(ctx context.Context) error {
	floor := t.size / tileWidth * tileWidth
	t.open, t.has = make([]tlog.Hash, t.size-floor), make([]bool, t.size-floor)
	rows, err := t.tx.Query(ctx, "SELECT size, leaves FROM audit.heads WHERE shard = $1 AND generation = $2 AND size > $3", t.Shard, t.generation, floor)
	if err != nil {
		return eventstore.Unavailable("read audit.heads", err)
	}
	var size int64
	var leaves []byte
	if _, err := pgx.ForEachRow(rows, []any{&size, &leaves}, func() error {
		hashes, _ := split(leaves)
		for i, h := range hashes {
			if at := size - int64(len(hashes)) + int64(i) - floor; at >= 0 && at < int64(len(t.open)) {
				t.open[at], t.has[at] = h, true
			}
		}
		return nil
	}); err != nil {
		return eventstore.Unavailable("read audit.heads", err)
	}
	return t.checkHeads(ctx)
}

// next is called for each position in order; logged is the leaf of the event there, nil
// if there is none.
func (t *treeCheck) next(ctx context.Context, position int64, logged *tlog.Hash) error {
	if position > t.size {
		return nil
	}
	sealed, ok, err := t.leaf(ctx, position)
	if err != nil {
		return err
	}
	switch {
	case !ok && logged != nil:
		sealed = *logged
	case ok && logged != nil && position <= t.limit && sealed != *logged:
		t.report.find("log.events", span(position, position), "is not the event that was sealed (tile %d of level 0, generation %d)", (position-1)/tileWidth, t.generation)
	}
	var full []tile
	t.edge.add(sealed, func(f tile) { full = append(full, f) })
	for _, f := range full {
		if f.level > 0 {
			if err := t.checkTile(ctx, f); err != nil {
				return err
			}
		}
	}
	return t.checkHeads(ctx)
}

// leaf returns the stored leaf hash of a position; ok is false if there is none.
func (t *treeCheck) leaf(ctx context.Context, position int64) (h tlog.Hash, ok bool, err error) {
	n, i := (position-1)/tileWidth, (position-1)%tileWidth
	if n == t.size/tileWidth {
		if !t.has[i] {
			t.report.find("audit.heads", fmt.Sprintf("generation %d", t.generation), "none has the leaf hash of position %d", position)
		}
		return t.open[i], t.has[i], nil
	}
	if _, known := t.tiles[n]; !known {
		if err := t.fetch(ctx, n); err != nil {
			return h, false, err
		}
	}
	data := t.tiles[n]
	if len(data) != tileBytes {
		if t.gap != n+1 {
			t.gap = n + 1
			t.report.find("audit.tiles", tileRow(t.generation, 0, n), "missing, or not of 256 hashes")
		}
		return h, false, nil
	}
	return tlog.Hash(data[i*tlog.HashSize : (i+1)*tlog.HashSize]), true, nil
}

// fetch reads tiles of level 0 from the n-th on.
func (t *treeCheck) fetch(ctx context.Context, n int64) error {
	rows, err := t.tx.Query(ctx, firstTilesSQL, t.Shard, t.generation, n)
	if err != nil {
		return eventstore.Unavailable("read audit.tiles", err)
	}
	t.tiles = map[int64][]byte{n: nil}
	var at int64
	var hashes []byte
	if _, err := pgx.ForEachRow(rows, []any{&at, &hashes}, func() error {
		t.tiles[at] = append([]byte(nil), hashes...)
		return nil
	}); err != nil {
		return eventstore.Unavailable("read audit.tiles", err)
	}
	return nil
}

func tileRow(generation int32, level int, n int64) string {
	return fmt.Sprintf("generation %d level %d tile %d", generation, level, n)
}

func headRow(generation int32, size int64) string {
	return fmt.Sprintf("generation %d size %d", generation, size)
}

// checkTile compares a stored tile above the leaves with what the leaves come to.
func (t *treeCheck) checkTile(ctx context.Context, want tile) error {
	row := tileRow(t.generation, want.level, want.n)
	rows, err := t.tx.Query(ctx, tilesSQL, t.Shard, t.generation, []int16{int16(want.level)}, []int64{want.n})
	if err != nil {
		return eventstore.Unavailable("read audit.tiles", err)
	}
	hashes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (b []byte, err error) { return b, row.Scan(nil, nil, &b) })
	if err != nil {
		return eventstore.Unavailable("read audit.tiles", err)
	}
	if len(hashes) == 0 {
		t.report.find("audit.tiles", row, "missing")
		return nil
	}
	stored, ok := split(hashes[0])
	if !ok || len(stored) != len(want.hashes) {
		t.report.find("audit.tiles", row, "has %d bytes; its %d hashes are %d", len(hashes[0]), len(want.hashes), len(want.hashes)*tlog.HashSize)
		return nil
	}
	for i := range stored {
		if child := want.n*tileWidth + int64(i); stored[i] != want.hashes[i] {
			t.report.find("audit.tiles", row, "its hash %d is not the root of the tile below it", i)
			t.report.find("audit.tiles", tileRow(t.generation, want.level-1, child), "its root is not the hash in the tile above it")
		}
	}
	return nil
}

// checkHeads checks the heads of the size that the edge has come to.
func (t *treeCheck) checkHeads(ctx context.Context) error {
	for {
		if len(t.heads) == 0 && !t.noMore {
			if err := t.fetchHeads(ctx); err != nil {
				return err
			}
		}
		if len(t.heads) == 0 || t.heads[0].Size > t.edge.size {
			return nil
		}
		t.checkHead(&t.heads[0])
		t.heads = t.heads[1:]
	}
}

func (t *treeCheck) fetchHeads(ctx context.Context) error {
	rows, err := t.tx.Query(ctx, headsSQL, t.Shard, t.generation, t.fetched)
	if err != nil {
		return eventstore.Unavailable("read audit.heads", err)
	}
	t.heads, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (h storedHead, err error) {
		var root []byte
		var at time.Time
		err = row.Scan(&h.Size, &h.Previous, &h.Kept, &at, &h.Epoch, &root, &h.Signature, &h.leaves)
		h.Shard, h.Generation, h.SignedAt = t.Shard, t.generation, at.UTC()
		copy(h.Root[:], root)
		return h, err
	})
	if err != nil {
		return eventstore.Unavailable("read audit.heads", err)
	}
	if t.noMore = len(t.heads) < 1000; len(t.heads) > 0 {
		t.fetched = t.heads[len(t.heads)-1].Size
	}
	return nil
}

// checkHead checks a head against the tree that the edge has come to.
func (t *treeCheck) checkHead(h *storedHead) {
	t.report.Heads++
	row := headRow(t.generation, h.Size)
	switch {
	case !t.Key.made(&h.Head):
		t.report.find("audit.heads", row, "the signature is not one of this key: a column was changed, or somebody else has signed")
	case h.Size != t.edge.size:
		t.report.find("audit.heads", row, "of a size that no tree has")
	case h.Root == t.edge.root():
	case t.forked: // as all that follow
		t.report.More++
	default:
		t.forked = true
		t.report.find("audit.heads", row, "the tree of %d events is not the one that was signed: something at %s was changed, and the tree with it",
			h.Size, span(t.previous+1, h.Size))
	}
	opens := t.generation > 1 && h.Size == 0
	wanted := t.previous
	if opens {
		wanted = t.known
	}
	if h.Previous != wanted {
		t.report.find("audit.heads", headRow(t.generation, h.Previous), "missing: the head of size %d was signed after it, and follows the one of size %d", h.Size, wanted)
	}
	if opens != (h.Kept != nil) || opens && *h.Kept > t.known {
		t.report.find("audit.heads", row, "kept is not what can be said there")
	} else if opens {
		t.kept = *h.Kept
		t.report.Accepted = append(t.report.Accepted, Accepted{t.generation, t.known, *h.Kept, h.Time()})
	}
	if h.Epoch < t.epoch {
		t.report.find("audit.heads", row, "of epoch %d after epoch %d", h.Epoch, t.epoch)
	}
	t.checkLeaves(h, row)
	t.previous, t.epoch = h.Size, h.Epoch
}

// checkLeaves compares the leaf hashes that a head has brought with the tree's.
func (t *treeCheck) checkLeaves(h *storedHead, row string) {
	last := t.edge.tile()
	from := int64(len(last)) - min(int64(len(last)), h.Size-t.previous)
	if string(join(last[from:])) != string(h.leaves) {
		t.report.find("audit.heads", row, "leaves are not those of positions %d to %d", h.Size-int64(len(last))+from+1, h.Size)
	}
}

// tile returns the leaves of the tile that is not full.
func (e *edge) tile() []tlog.Hash {
	if len(e.tiles) == 0 {
		return nil
	}
	return e.tiles[0]
}

// endTrees checks what there is of the trees beyond the end of the log, which is at,
// and the tiles that are not full.
func (r *run) endTrees(ctx context.Context, at int64) error {
	for _, t := range r.trees {
		if t.limit > at && t.generation == r.generation {
			r.report.find("log.events", span(at+1, t.limit), "missing: it was sealed by the head of generation %d and size %d", t.generation, t.size)
		}
		for position := t.edge.size + 1; position <= t.size; position++ {
			if err := t.next(ctx, position, nil); err != nil {
				return err
			}
		}
		for level := 1; level < len(t.edge.tiles); level++ {
			if hashes := t.edge.tiles[level]; len(hashes) > 0 {
				if err := t.checkTile(ctx, tile{level, t.size >> (tileHeight * (level + 1)), hashes}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
