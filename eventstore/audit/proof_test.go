package audit

import (
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// TestProofs makes every proof there is about small trees, and some across the border
// of a tile, of a tree that was sealed in steps.
func TestProofs(t *testing.T) {
	w := newWorld(t)
	for _, size := range []int{1, 2, 7, 20, 33, 255, 257, 300} {
		w.grow(size)
		w.seal()
	}
	reader := NewReader(w.pool, w.key, 0)
	var roots []tlog.Hash // by size
	e := new(edge)
	roots = append(roots, e.root())
	log := w.log()
	for i := range log {
		e.add(LeafHash(0, &log[i]), func(tile) {})
		roots = append(roots, e.root())
	}
	sizes := []int64{255, 256, 257, 258, 299, 300}
	for n := range int64(34) {
		sizes = append(sizes, n+1)
	}
	ctx := t.Context()
	head, err := reader.Head(ctx)
	if err != nil || head.Size != 300 || head.Root != roots[300] || head.Previous != 257 {
		t.Fatalf("Head = %+v, %v", head, err)
	}
	hashes := reader.hashes(ctx, head)
	for _, to := range sizes {
		for _, n := range sizes {
			if n > to {
				continue
			}
			in, err := reader.prove(hashes, head, &log[n-1], to)
			if err != nil || in.Root != roots[to] {
				t.Fatalf("position %d in %d = %+v, %v", n, to, in, err)
			}
			if err := tlog.CheckRecord(in.Proof, to, roots[to], n-1, LeafHash(0, &log[n-1])); err != nil {
				t.Fatalf("position %d in %d: %v", n, to, err)
			}
			c, err := reader.Consistency(ctx, n, to)
			if err != nil || c.FromRoot != roots[n] || c.ToRoot != roots[to] {
				t.Fatalf("Consistency(%d, %d) = %+v, %v", n, to, c, err)
			}
			if err := tlog.CheckTree(c.Proof, to, roots[to], n, roots[n]); err != nil {
				t.Fatalf("Consistency(%d, %d): %v", n, to, err)
			}
		}
	}
}

// TestProofsRefused: what cannot be proved, and to whom nothing is.
func TestProofsRefused(t *testing.T) {
	w := newWorld(t)
	reader := NewReader(w.pool, w.key, 0)
	ctx := t.Context()
	if _, err := reader.Head(ctx); err != ErrNoHead {
		t.Errorf("Head of nothing = %v", err)
	}
	if _, err := reader.Consistency(ctx, 1, 0); err != ErrNoHead {
		t.Errorf("Consistency of nothing = %v", err)
	}
	w.grow(5)
	w.seal()
	w.grow(6)
	for _, tt := range []struct {
		account  domain.AccountID
		position eventstore.Position
		size     int64
		want     error
	}{
		{1, 5, 0, nil}, {1, 5, 5, nil}, {1, 1, 5, nil},
		{1, 5, 4, ErrTreeSize}, {1, 5, 6, ErrTreeSize}, {1, 1, -1, ErrTreeSize}, {1, 6, 0, ErrNotSealed}, {1, 6, 6, ErrNotSealed},
		{1, 7, 0, ErrNoEvent}, {1, 0, 0, ErrNoEvent}, {1, -1, 0, ErrNoEvent},
		// Of a foreign event nothing is said, whatever else is asked.
		{2, 5, 0, ErrNoEvent}, {2, 5, 4, ErrNoEvent}, {2, 5, 99, ErrNoEvent}, {2, 6, 0, ErrNoEvent}, {2, 7, 0, ErrNoEvent},
	} {
		if _, err := reader.Inclusion(ctx, tt.account, tt.position, tt.size); err != tt.want {
			t.Errorf("Inclusion(account %d, %d, %d) = %v, want %v", tt.account, tt.position, tt.size, err, tt.want)
		}
	}
	for _, tt := range []struct{ from, to int64 }{{0, 1}, {-1, 1}, {3, 2}, {1, 6}, {6, 0}, {1, -1}} {
		if _, err := reader.Consistency(ctx, tt.from, tt.to); err != ErrTreeSize {
			t.Errorf("Consistency(%d, %d) = %v", tt.from, tt.to, err)
		}
	}
	// A proof that does not hold is not given away.
	w.exec("UPDATE log.events SET internal = NOT internal WHERE position = 3")
	if _, err := reader.Inclusion(ctx, account, 3, 0); !errors.Is(err, errTile) {
		t.Errorf("Inclusion of a forged event = %v", err)
	}
	if _, err := reader.Inclusion(ctx, account, 2, 0); err != nil {
		t.Errorf("Inclusion beside a forged event = %v", err)
	}
}
