package projections

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/advance.sql
	advanceSQL string
	//go:embed sql/quarantined.sql
	quarantinedSQL string
	//go:embed sql/quarantine.sql
	quarantineSQL string
)

var (
	// errFenced: a checkpoint was not where this instance believed it to be, or is no
	// longer its to move.
	errFenced = errors.New("a lease, a checkpoint or the log's epoch has changed")
	// errQuarantine: a ticket is quarantined that was not believed to be, or no longer.
	errQuarantine = errors.New("the quarantine has changed")
)

// The commit of a read model need not wait for the disk. What a crash of Postgres
// takes back, it takes back together with the checkpoint, and the events are applied
// again. Statements of this transaction alone are concerned.
const hurrySQL = "SET LOCAL synchronous_commit = off"

// commit is the transaction, in two round trips: the checkpoints move, events take
// effect, tickets are quarantined. events are those of recorded that are to be applied.
func (p *Projector) commit(ctx context.Context, recorded []eventstore.Recorded, events []Event, moved moves, poisoned []poison) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer abandon(conn)
	var first, second pgx.Batch
	first.Queue("BEGIN")
	first.Queue(hurrySQL)
	fenced, changed := false, false
	p.queueAdvance(&first, moved, &fenced)
	p.queueQuarantined(&first, recorded, &changed)
	change, err := p.load(ctx, conn, &first, events)
	switch {
	case fenced: // whatever else may have gone wrong
		return errFenced
	case err != nil:
		return err
	case changed:
		return errQuarantine
	}
	if len(poisoned) > 0 {
		p.queueQuarantine(&second, poisoned)
	}
	return write(ctx, conn, &second, change, "COMMIT")
}

// load sends what is queued, and what events build on.
func (p *Projector) load(ctx context.Context, conn *pgxpool.Conn, batch *pgx.Batch, events []Event) (change Change, err error) {
	err = safely(func() error {
		if len(events) > 0 {
			change = p.projection.Change(events)
			change.Load(batch)
		}
		return conn.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		err = fmt.Errorf("load: %w", err)
	}
	return change, err
}

// write sends what is queued, and what events change, and the statement that ends the
// transaction, if that is not empty.
func write(ctx context.Context, conn *pgxpool.Conn, batch *pgx.Batch, change Change, end string) error {
	err := safely(func() error {
		if change != nil {
			if err := change.Write(batch); err != nil {
				return err
			}
		}
		if end != "" {
			batch.Queue(end)
		}
		return conn.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		err = fmt.Errorf("write: %w", err)
	}
	return err
}

// abandon rolls back what has not been committed and gives the connection back. The
// pool drops it if that fails.
func abandon(conn *pgxpool.Conn) {
	if raw := conn.Conn(); !raw.IsClosed() && !raw.PgConn().IsBusy() && raw.PgConn().TxStatus() != 'I' {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _ = raw.Exec(ctx, "ROLLBACK")
	}
	conn.Release()
}

// queueAdvance moves the checkpoints, which locks them. fenced says afterwards that
// not all of them could be.
func (p *Projector) queueAdvance(batch *pgx.Batch, moved moves, fenced *bool) {
	var partitions []int16
	from, to := make([]int64, domain.Partitions), make([]int64, domain.Partitions)
	for i, position := range moved {
		partitions = append(partitions, int16(i))
		from[i], to[i] = int64(p.held[i].position), int64(position)
	}
	batch.Queue(advanceSQL, p.projection.Name(), p.config.Shard, p.member, p.head.epoch, partitions, from, to).
		Exec(func(tag pgconn.CommandTag) error {
			*fenced = tag.RowsAffected() != int64(len(moved))
			return nil
		})
}

// queueQuarantined asks which tickets of the events are quarantined, and brings p.sick
// up to date. changed says afterwards that it was not. A replay holds the checkpoint,
// so it is over or has not begun when this is answered.
func (p *Projector) queueQuarantined(batch *pgx.Batch, recorded []eventstore.Recorded, changed *bool) {
	sick := make(map[ticketKey]bool, len(recorded))
	var accounts []int32
	var tickets []pgtype.UUID
	for i := range recorded {
		key := keyOf(&recorded[i])
		if _, known := sick[key]; known {
			continue
		}
		sick[key] = false
		accounts, tickets = append(accounts, int32(key.account)), append(tickets, pgtype.UUID{Bytes: key.ticket, Valid: true})
	}
	batch.Queue(quarantinedSQL, p.projection.Name(), p.config.Shard, accounts, tickets).Query(func(rows pgx.Rows) error {
		var account domain.AccountID
		var ticket pgtype.UUID
		_, err := pgx.ForEachRow(rows, []any{&account, &ticket}, func() error {
			sick[ticketKey{account, ticket.Bytes}] = true
			return nil
		})
		if err != nil {
			return err
		}
		for key, is := range sick {
			if p.sick[key] != is {
				*changed = true
				if is {
					p.sick[key] = true
				} else {
					delete(p.sick, key)
				}
			}
		}
		return nil
	})
}

func (p *Projector) queueQuarantine(batch *pgx.Batch, poisoned []poison) {
	var accounts []int32
	var tickets []pgtype.UUID
	var positions []int64
	var reasons []string
	for _, q := range poisoned {
		accounts, tickets = append(accounts, int32(q.account)), append(tickets, pgtype.UUID{Bytes: q.ticket, Valid: true})
		positions, reasons = append(positions, int64(q.position)), append(reasons, q.reason)
	}
	batch.Queue(quarantineSQL, p.projection.Name(), p.config.Shard, accounts, tickets, positions, reasons)
}
