package threads

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// sharedPages reads the pages of those who ask at the same time in one statement. As
// many statements are under way as there are processors; who comes then waits for the
// next, with all others who do. Nobody is shown anything from before the call. What a
// statement costs beyond its rows, round trips through sockets and the start of an
// executor, is paid for many pages at once when there is much to do, and nobody waits
// when there is not.
type sharedPages struct {
	pool  *pgxpool.Pool
	shard int16
	sql   string
	most  int // statements at a time

	mu      sync.Mutex
	running int         // statements, and those who are about to make one
	waiting []*pageCall // there is somebody only while running is most
}

// pageCall is a page that is asked for.
type pageCall struct {
	pageRange
	read *pageRead
	err  error
	// turn gets false when read or err is there, or true when the caller is to make the
	// next statement.
	turn chan bool
}

const (
	// sharedRows is how long a page may be: others wait for it.
	sharedRows = 101
	// sharedMost is how many pages a statement reads.
	sharedMost = 16
	// sharedTimeout bounds a statement, whoever waits for it.
	sharedTimeout = 10 * time.Second
)

func newSharedPages(pool *pgxpool.Pool, shard int16, sql string) *sharedPages {
	return &sharedPages{pool: pool, shard: shard, sql: sql, most: runtime.GOMAXPROCS(0)}
}

// get reads the page at asked into read.
func (s *sharedPages) get(ctx context.Context, asked pageRange, read *pageRead) error {
	c := &pageCall{pageRange: asked, read: read, turn: make(chan bool, 1)}
	if s.enter(c) {
		s.lead(ctx, c)
		return c.err
	}
	select {
	case leads := <-c.turn:
		if leads {
			s.lead(ctx, c)
		}
		return c.err
	case <-ctx.Done():
	}
	if !s.withdraw(c) && <-c.turn {
		s.pass()
	}
	return context.Cause(ctx)
}

// enter reports whether the caller can be served at once. Otherwise c waits.
func (s *sharedPages) enter(c *pageCall) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running < s.most {
		s.running++
		return true
	}
	s.waiting = append(s.waiting, c)
	return false
}

// withdraw removes c from those who wait, and reports whether it was among them.
// Otherwise its turn has come.
func (s *sharedPages) withdraw(c *pageCall) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.waiting, c)
	if i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	return i >= 0
}

// pass has the first of those who wait make the next statement.
func (s *sharedPages) pass() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		s.running--
		return
	}
	s.waiting[0].turn <- true
	s.waiting = slices.Delete(s.waiting, 0, 1)
}

// join returns first and those who wait, as many as one statement serves.
func (s *sharedPages) join(first *pageCall) []*pageCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.waiting), sharedMost-1)
	calls := append(append(make([]*pageCall, 0, 1+n), first), s.waiting[:n]...)
	s.waiting = slices.Delete(s.waiting, 0, n)
	return calls
}

// lead makes one statement, for c and others.
func (s *sharedPages) lead(ctx context.Context, c *pageCall) {
	defer s.pass()
	runtime.Gosched() // whoever is about to ask can join
	calls := s.join(c)
	err := errors.New("the statement was abandoned") // should it panic
	defer func() {
		for _, c := range calls {
			c.err = err
			c.turn <- false
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sharedTimeout) // others wait for it, too
	defer cancel()
	err = s.make(ctx, calls)
}

func (s *sharedPages) make(ctx context.Context, calls []*pageCall) error {
	var asked pageColumns
	for _, c := range calls {
		asked.add(&c.pageRange)
	}
	rows, err := s.pool.Query(ctx, s.sql, asked.args(s.shard)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		v := rows.RawValues()
		c := calls[int64Of(v[0])-1]
		c.read.add(v[1:], c.who)
	}
	return rows.Err()
}

// pageColumns are the arguments of pages.sql.
type pageColumns struct {
	accounts            pgtype.FlatArray[int32]
	tickets, requesters pgtype.FlatArray[pgtype.UUID]
	lowers, uppers      pgtype.FlatArray[int64]
	authors             pgtype.FlatArray[int16]
	limits              pgtype.FlatArray[int64]
}

func (a *pageColumns) add(p *pageRange) {
	a.accounts = append(a.accounts, int32(p.account))
	a.tickets, a.requesters = append(a.tickets, asID(p.ticket)), append(a.requesters, p.who.requester)
	a.lowers, a.uppers = append(a.lowers, int64(p.lower)), append(a.uppers, int64(p.upper))
	a.authors = append(a.authors, int16(p.author))
	a.limits = append(a.limits, int64(p.limit))
}

func (a *pageColumns) args(shard int16) []any {
	return []any{shard, a.accounts, a.tickets, a.requesters, a.lowers, a.uppers, a.authors, a.limits}
}
