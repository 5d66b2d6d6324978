package threads

import (
	"context"
	_ "embed"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/read_index.sql
	readIndexSQL string
	//go:embed sql/log_end.sql
	logEndSQL string
)

// freshness tells what has changed in the log, for any number of callers at the
// price of one: all who ask while a query is under way share the next one, as etcd's
// ReadIndex does. Nobody asks, nothing is queried.
type freshness struct {
	pool  *pgxpool.Pool
	shard int16
	// changed is told of every event since it was last asked; lost, that anything may
	// have changed.
	changed func(account domain.AccountID, ticket domain.TicketID, version eventstore.Version, internal bool)
	lost    func()

	turn  chan struct{} // of capacity 1: whose query is under way
	seen  eventstore.Position
	era   int32 // epoch of the log at seen; 0: it was never looked at
	quiet bool  // the log had not grown at the last look

	mu   sync.Mutex
	next *round
}

// round is a query yet to be made, with those who wait for it.
type round struct {
	done chan struct{}
	err  error // set before done closes
}

const (
	// maxChanges is how many events are looked through one by one.
	maxChanges = 10_000
	// readIndexTimeout bounds a query, whoever waits for it.
	readIndexTimeout = 5 * time.Second
)

func newFreshness(pool *pgxpool.Pool, shard int16) *freshness {
	return &freshness{pool: pool, shard: shard, turn: make(chan struct{}, 1)}
}

// wait returns when every event that was in the log before the call has been reported
// to changed or lost. The error is eventstore.ErrUnavailable.
func (f *freshness) wait(ctx context.Context) error {
	f.mu.Lock()
	r := f.next
	leads := r == nil
	if leads {
		r = &round{done: make(chan struct{})}
		f.next = r
	}
	f.mu.Unlock()
	if leads {
		f.lead(context.WithoutCancel(ctx), r) // others wait for it, too
		return r.err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return failed(context.Cause(ctx))
	}
}

// lead makes the query of a round. Who comes after it has begun waits for the next.
func (f *freshness) lead(ctx context.Context, r *round) {
	f.turn <- struct{}{}
	runtime.Gosched() // whoever is about to ask can join
	f.mu.Lock()
	f.next = nil
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, readIndexTimeout)
	defer cancel()
	r.err = f.look(ctx)
	close(r.done)
	<-f.turn
}

// look asks what has changed. As long as nothing does, it only asks whether anything
// has, which costs Postgres a third less.
func (f *freshness) look(ctx context.Context) error {
	if f.quiet {
		var position eventstore.Position
		var era int32
		if err := f.pool.QueryRow(ctx, logEndSQL, f.shard).Scan(&position, &era); err != nil {
			return failed(err)
		}
		if position == f.seen && era == f.era {
			return nil
		}
	}
	rows, err := f.pool.Query(ctx, readIndexSQL, f.shard, f.seen, maxChanges)
	if err != nil {
		return failed(err)
	}
	var position eventstore.Position
	var era int32
	var account *domain.AccountID
	var ticket pgtype.UUID
	var version *eventstore.Version
	var internal *bool
	_, err = pgx.ForEachRow(rows, []any{&position, &era, &account, &ticket, &version, &internal}, func() error {
		if account != nil {
			f.changed(*account, ticket.Bytes, *version, *internal)
		}
		return nil
	})
	if err != nil {
		return failed(err) // what was reported will be reported again
	}
	raised := f.era != 0 && era != f.era
	if raised || position < f.seen || position > f.seen+maxChanges {
		f.lost()
	}
	f.quiet = position == f.seen && era == f.era
	f.seen, f.era = position, era
	return nil
}
