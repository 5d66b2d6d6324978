package audit

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

// heads returns the stored heads of a generation, by size.
func (w *world) heads(generation int) []Head {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `SELECT size, previous, kept, signed_at, generation, epoch, root, signature
		FROM audit.heads WHERE shard = 0 AND generation = $1 ORDER BY size`, generation)
	if err != nil {
		w.t.Fatal(err)
	}
	heads, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h Head, err error) {
		var root []byte
		err = row.Scan(&h.Size, &h.Previous, &h.Kept, &h.SignedAt, &h.Generation, &h.Epoch, &root, &h.Signature)
		copy(h.Root[:], root)
		return h, err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return heads
}

// checkHeads fails the test unless the heads are a chain of good signatures over the
// trees of the log, the last of which has all of it.
func (w *world) checkHeads(generation int) []Head {
	w.t.Helper()
	log := w.log()
	heads := w.heads(generation)
	e := new(edge)
	previous := int64(0)
	for i, h := range heads {
		if i == 0 && generation > 1 {
			previous = h.Previous
		}
		for ; e.size < h.Size; e.add(LeafHash(0, &log[e.size]), func(tile) {}) {
		}
		if h.Previous != previous || h.Root != e.root() || !w.key.made(&h) {
			w.t.Fatalf("head %d of generation %d is %+v; the head before it is of size %d", i, generation, h, previous)
		}
		previous = h.Size
	}
	if e.size != int64(len(log)) {
		w.t.Fatalf("the last head is of size %d, the log has %d events", e.size, len(log))
	}
	return heads
}

func TestSealingInBatches(t *testing.T) {
	w := newWorld(t)
	w.grow(600)
	if err := w.sealer(Config{Batch: 100}).catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	heads := w.checkHeads(1)
	if len(heads) != 6 {
		t.Errorf("%d heads, want one for each batch of 100", len(heads))
	}
	// Nothing new, nothing signed.
	s := w.sealer(Config{})
	for range 3 {
		if err := s.catchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.checkHeads(1)); n != len(heads) {
		t.Errorf("%d heads were signed while nothing happened", n-len(heads))
	}
}

// TestSealersRace: sealers that do not know of each other, on one log that grows, make
// one tree.
func TestSealersRace(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	const sealers = 4
	for range sealers {
		s := w.sealer(Config{Batch: 16})
		s.timing = timing{interval: time.Millisecond, look: 5 * time.Millisecond, standby: time.Millisecond, halted: time.Millisecond, retry: time.Millisecond}
		go func() {
			for ctx.Err() == nil {
				if err := s.catchUp(ctx); err != nil && !errors.Is(err, errRival) && ctx.Err() == nil {
					ended <- err
					return
				}
			}
			ended <- nil
		}()
	}
	w.grow(700)
	w.eventually(func() bool { heads := w.heads(1); return len(heads) > 0 && heads[len(heads)-1].Size == 700 })
	stop()
	for range sealers {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	w.checkHeads(1)
	head, err := NewReader(w.pool, w.key, 0).Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stored := hashReader{ctx: t.Context(), db: w.pool, generation: 1, size: head.Size}
	log := w.log()
	for i := range log {
		got, err := stored.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(i))})
		if err != nil || got[0] != LeafHash(0, &log[i]) {
			t.Fatalf("leaf %d is %v, %v", i+1, got, err)
		}
	}
}

// TestMovedTree: whoever believes in another tree than there is stores nothing, whatever
// locks anybody holds.
func TestMovedTree(t *testing.T) {
	w := newWorld(t)
	w.grow(3)
	slow := w.sealer(Config{})
	st, err := readState(t.Context(), w.pool, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := slow.load(t.Context(), st); err != nil {
		t.Fatal(err)
	}
	leaves, err := slow.read(t.Context(), state{logSize: 3})
	if err != nil {
		t.Fatal(err)
	}
	w.grow(5)
	w.seal()
	if err := slow.seal(t.Context(), leaves); err != errRival {
		t.Errorf("seal = %v", err)
	}
	if heads := w.checkHeads(1); len(heads) != 1 || heads[0].Size != 5 {
		t.Errorf("heads are %+v", heads)
	}
}

// TestRun: a sealer that runs seals what is appended, and stops when told.
func TestRun(t *testing.T) {
	w := newWorld(t)
	s := w.sealer(Config{})
	s.timing = timing{interval: time.Millisecond, look: 10 * time.Millisecond, standby: time.Millisecond, halted: time.Millisecond, retry: time.Millisecond}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for _, size := range []int{1, 2, 40} {
		w.grow(size)
		w.eventually(func() bool { heads := w.heads(1); return len(heads) > 0 && heads[len(heads)-1].Size == int64(size) })
	}
	if err := s.Health(); err != nil {
		t.Errorf("Health = %v", err)
	}
	w.checkHeads(1)
	w.exec("DELETE FROM log.events WHERE position = 40")
	w.exec("UPDATE log.heads SET position = 39")
	w.eventually(func() bool { return s.Health() != nil })
	if err := s.Health(); !strings.Contains(err.Error(), "the log ends at position 39, the tree at 40") || !strings.Contains(err.Error(), "accept-loss") {
		t.Errorf("Health = %v", err)
	}
	if _, err := AcceptLoss(t.Context(), w.Store, w.pool, w.key, 0); err != nil {
		t.Fatal(err)
	}
	w.eventually(func() bool { return s.Health() == nil })
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
	s.explain(errors.New("failed to connect to `user=x`: 10.0.0.1:5432"))
	if err := s.Health(); err == nil || err.Error() != "waiting for Postgres" {
		t.Errorf("anybody is told %v", err) // no host, no user
	}
}

func (w *world) eventually(check func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !check(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("waited in vain")
		}
	}
}

// TestHalts: a log that is not the one that was sealed is not sealed, until an operator
// says that it is the truth, and all that was signed before stays.
func TestHalts(t *testing.T) {
	w := newWorld(t)
	w.grow(300)
	w.seal()
	w.save()
	before := w.heads(1)
	for _, tt := range []struct {
		name   string
		tamper []string
		want   string
		kept   int64
		same   bool // tree
	}{
		{"lost tail", []string{"DELETE FROM log.events WHERE position > 290", "UPDATE log.heads SET position = 290"},
			"the log ends at position 290, the tree at 300", 290, false},
		{"lost tile", []string{"DELETE FROM log.events WHERE position > 200", "UPDATE log.heads SET position = 200"},
			"the log ends at position 200, the tree at 300", 200, false},
		{"lost log", []string{"DELETE FROM log.events", "UPDATE log.heads SET position = 0"},
			"the log ends at position 0, the tree at 300", 0, false},
		{"changed event", []string{"UPDATE log.events SET epoch = 0 WHERE position = 280"},
			"the event at position 280 is not the one that was sealed", 279, false},
		{"hole", []string{"DELETE FROM log.events WHERE position = 299"},
			"there is no event at position 299", 298, false},
		{"epoch", []string{"UPDATE log.heads SET epoch = 2"},
			"the log's epoch was raised from 1 to 2", 300, true},
		{"forged head", []string{"UPDATE audit.heads SET signed_at = signed_at - interval '1 s' WHERE size = 300"},
			"the head of size 300 was not signed by this key", 300, false},
		{"lost head", []string{"DELETE FROM audit.heads WHERE size = 300"},
			"the head of size 300 is missing", 256, false},
		{"forged tile", []string{"UPDATE audit.tiles SET hashes = set_byte(hashes, 9, 1 + get_byte(hashes, 9)) WHERE level = 1"},
			"the tree of size 300 is not the one that was signed", 300, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer w.restore()
			for _, sql := range tt.tamper {
				w.exec(sql)
			}
			s := w.sealer(Config{})
			for range 2 {
				var why *halted
				if err := s.catchUp(t.Context()); !errors.As(err, &why) || !strings.Contains(why.reason, tt.want) {
					t.Fatalf("catchUp = %v, want %q", err, tt.want)
				}
			}
			loss, err := AcceptLoss(t.Context(), w.Store, w.pool, w.key, 0)
			if err != nil || loss.Kept != tt.kept || loss.Size != 300 {
				t.Fatalf("AcceptLoss = %+v, %v; want %d kept", loss, err, tt.kept)
			}
			if err := s.catchUp(t.Context()); tt.name != "hole" && err != nil {
				t.Fatalf("after AcceptLoss catchUp = %v", err)
			}
			if tt.same {
				w.checkHeads(1)
			} else if heads := w.heads(2); heads[0].Size != 0 || heads[0].Previous != 300 || *heads[0].Kept != tt.kept {
				t.Errorf("generation 2 begins with %+v", heads[0])
			} else if tt.name != "hole" {
				w.checkHeads(2)
			}
			if after := w.heads(1); !strings.HasSuffix(tt.name, "head") && !slices.EqualFunc(before, after, func(a, b Head) bool { return a.text() == b.text() }) {
				t.Errorf("the heads of generation 1 are %+v, they were %+v", after, before)
			}
			if _, err := AcceptLoss(t.Context(), w.Store, w.pool, w.key, 0); tt.name != "hole" && tt.name != "changed event" && err != ErrNoLoss {
				t.Errorf("AcceptLoss again = %v", err)
			}
		})
	}
}
