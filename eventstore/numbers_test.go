package eventstore_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
)

func TestKeep(t *testing.T) {
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	numbers := eventstore.NewNumbers(pool)
	drawn, err := numbers.Draw(t.Context(), account, domain.NumbersPerWrite)
	if err != nil {
		t.Fatal(err)
	}
	const most = 1<<53 - 1
	for _, tt := range []struct {
		name    string
		account domain.AccountID
		numbers []int64
		want    []int64
	}{
		{"small ones, and the greatest", account, []int64{1, 1023, 35436, most}, []int64{1, 1023, 35436, most}},
		{"again", account, []int64{35436, 1}, []int64{1, 35436}},
		{"no numbers of things", account, []int64{0, -1, most + 1, 7}, []int64{7}},
		{"beside one that was drawn", account, []int64{drawn, drawn + 300, 35437}, []int64{35437}},
		{"that another account has drawn", account + 1, []int64{drawn}, []int64{drawn}},
		{"none", account, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kept, err := numbers.Keep(t.Context(), tt.account, tt.numbers...)
			if got := slices.Sorted(maps.Keys(kept)); err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("Keep(%v) = %v, %v; want %v", tt.numbers, got, err, tt.want)
			}
		})
	}
}

// However two instances draw and keep beside each other, no number is drawn that was kept,
// and none kept that was drawn.
func TestWhatIsKeptIsNeverDrawn(t *testing.T) {
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 8)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	const (
		rounds, most = 60, 512   // draws, and numbers in each
		start, ahead = 9766, 100 // blocks among which numbers are kept
		blockSize    = 1024
	)
	var mu sync.Mutex
	drawn, kept, refused := map[int64]bool{}, map[int64]bool{}, 0
	var wg sync.WaitGroup
	for range 2 {
		numbers := eventstore.NewNumbers(pool)
		wg.Go(func() {
			for range rounds {
				first, err := numbers.Draw(t.Context(), account, most)
				if err != nil {
					t.Errorf("Draw: %v", err)
					return
				}
				mu.Lock()
				for n := first; n < first+most; n++ {
					if drawn[n] {
						t.Errorf("%d was drawn twice", n)
					}
					drawn[n] = true
				}
				mu.Unlock()
			}
		})
		wg.Go(func() {
			for range rounds {
				asked := make([]int64, 3)
				for i := range asked {
					asked[i] = start*blockSize + rand.Int64N(ahead*blockSize)
				}
				may, err := numbers.Keep(t.Context(), account, asked...)
				if err != nil {
					t.Errorf("Keep: %v", err)
					return
				}
				mu.Lock()
				maps.Copy(kept, may)
				refused += len(asked) - len(may)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(kept) == 0 || refused == 0 {
		t.Errorf("%d were kept and %d refused: nothing was contested", len(kept), refused)
	}
	var both []string
	for n := range kept {
		if drawn[n] {
			both = append(both, fmt.Sprint(n))
		}
	}
	if both != nil {
		t.Errorf("kept as well as drawn: %v", both)
	}
}
