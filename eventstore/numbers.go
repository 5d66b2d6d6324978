package eventstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
)

// Numbers draws the permanent integers by which the Zendesk-compatible API knows
// tickets, comments, audits and users. They are unique across accounts and below
// 2^53, so that JavaScript can hold them (contract §2.2).
//
// An account draws from blocks of its own and skips a random number of integers
// each time, so that nobody can count what others do from the numbers they get.
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
	maxStride = 8 // integers skipped before a draw: 0 to maxStride-1
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
		if err := s.pool.QueryRow(ctx, "SELECT nextval('log.number_blocks')").Scan(&id); err != nil {
			return 0, fmt.Errorf("%w: draw numbers: %w", ErrUnavailable, err)
		}
		b.next, b.end = id*blockSize, (id+1)*blockSize
		first = b.next + rand.Int64N(maxStride)
	}
	b.next = first + int64(n)
	return first, nil
}
