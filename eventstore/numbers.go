package eventstore

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/take_block.sql
	takeBlockSQL string
	//go:embed sql/reserve_blocks.sql
	reserveBlocksSQL string
	//go:embed sql/reserved_blocks.sql
	reservedBlocksSQL string
)

// Numbers draws the permanent integers by which the Zendesk-compatible API knows
// tickets, comments, audits and users. They are unique across accounts and below
// 2^53, so that JavaScript can hold them (contract §2.2).
//
// An account draws from blocks of its own and skips a random number of integers
// each time, so that nobody can count what others do from the numbers they get. What
// comes from elsewhere may keep its number: that is unique in its account only.
type Numbers struct {
	pool     *pgxpool.Pool
	mu       sync.Mutex
	accounts map[domain.AccountID]*block
}

type block struct {
	mu        sync.Mutex
	next, end int64
}

const (
	blockSize = 1024
	maxStride = 8       // integers skipped before a draw: 0 to maxStride-1
	endOfAll  = 1 << 53 // of numbers
)

// NewNumbers returns a source that takes its blocks from the database behind pool.
func NewNumbers(pool *pgxpool.Pool) *Numbers {
	return &Numbers{pool: pool, accounts: make(map[domain.AccountID]*block)}
}

// Draw returns the first of n consecutive integers, 1 <= n <= 512, that nobody has
// drawn before. Numbers drawn and not used are lost, which is of no concern.
func (s *Numbers) Draw(ctx context.Context, account domain.AccountID, n int) (int64, error) {
	s.mu.Lock()
	b := s.accounts[account]
	if b == nil {
		b = new(block)
		s.accounts[account] = b
	}
	s.mu.Unlock()

	b.mu.Lock()
	defer b.mu.Unlock()
	first := b.next + rand.Int64N(maxStride)
	if first+int64(n) > b.end {
		var id int64
		if err := s.pool.QueryRow(ctx, takeBlockSQL, account).Scan(&id); err != nil {
			return 0, fmt.Errorf("%w: draw numbers: %w", ErrUnavailable, err)
		}
		b.next, b.end = id*blockSize, (id+1)*blockSize
		first = b.next + rand.Int64N(maxStride)
	}
	b.next = first + int64(n)
	return first, nil
}

// Keep returns which of the numbers an account may give to what had them elsewhere: none of
// them has been drawn by the account, or ever will be. Whether something has such a number
// already is for the caller to know. The error is ErrUnavailable.
func (s *Numbers) Keep(ctx context.Context, account domain.AccountID, numbers ...int64) (map[int64]bool, error) {
	wanted := map[int64]bool{}
	for _, n := range numbers {
		if n > 0 && n < endOfAll {
			wanted[n/blockSize] = true
		}
	}
	blocks := slices.Sorted(maps.Keys(wanted)) // whoever reserves others at the same time does it in this order, too
	if _, err := s.pool.Exec(ctx, reserveBlocksSQL, account, blocks); err != nil {
		return nil, Unavailable("reserve numbers", err)
	}
	// In a statement of its own: it sees what others have taken while the first one waited.
	rows, err := s.pool.Query(ctx, reservedBlocksSQL, account, blocks)
	if err != nil {
		return nil, Unavailable("reserve numbers", err)
	}
	reserved, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, Unavailable("reserve numbers", err)
	}
	kept := make(map[int64]bool, len(numbers))
	for _, n := range numbers {
		if _, ours := slices.BinarySearch(reserved, n/blockSize); ours && n > 0 && n < endOfAll {
			kept[n] = true
		}
	}
	return kept, nil
}
