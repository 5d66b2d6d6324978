package projections

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

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

// errFenced: a checkpoint was not where this instance believed it to be, or is no
// longer its to move.
var errFenced = errors.New("a lease, a checkpoint or the log's epoch has changed")

// The commit of a read model need not wait for the disk. What a crash of Postgres
// takes back, it takes back together with the checkpoint, and the events are applied
// again. Statements of this transaction alone are concerned.
const beginSQL = "BEGIN; SET LOCAL synchronous_commit = off"

// ticketKey names a stream.
type ticketKey struct {
	account domain.AccountID
	ticket  domain.TicketID
}

func keyOf(r eventstore.Recorded) ticketKey { return ticketKey{r.Account, r.Ticket} }

// apply applies recorded events and moves the checkpoints, all or nothing. Tickets
// whose events cannot be applied are quarantined.
func (p *Projector) apply(ctx context.Context, recorded []eventstore.Recorded, moved moves, source string) error {
	if len(moved) == 0 {
		return nil
	}
	events, poisoned := decode(recorded)
	err := p.commit(ctx, events, moved, poisoned)
	if isPoison(err) {
		found, searchErr := p.search(ctx, events, poisoned)
		if searchErr != nil {
			return searchErr
		}
		if len(found) == 0 { // no ticket fails alone: it was not the events
			return err
		}
		poisoned = append(poisoned, found...)
		err = p.commit(ctx, events, moved, poisoned)
	}
	if err != nil {
		return err
	}
	for i, position := range moved {
		p.held[i].position = position
	}
	for _, q := range poisoned {
		p.logger.Error("ticket quarantined", "position", q.position, "reason", q.reason)
	}
	p.last = recorded[len(recorded)-1].RecordedAt
	p.metrics.ProjectorEvents.WithLabelValues(p.projection.Name(), source).Add(float64(len(recorded)))
	return nil
}

// decode turns recorded events into facts. Those that cannot be are poison.
func decode(recorded []eventstore.Recorded) (events []Event, poisoned []poison) {
	events = make([]Event, 0, len(recorded))
	for _, r := range recorded {
		fact, err := r.Decode()
		if err != nil {
			poisoned = append(poisoned, poison{keyOf(r), r.Position, err.Error()})
			continue
		}
		events = append(events, Event{r, fact})
	}
	return events, poisoned
}

// commit is the transaction: the checkpoints move, the events of healthy tickets
// take effect, poisoned tickets are quarantined.
func (p *Projector) commit(ctx context.Context, events []Event, moved moves, poisoned []poison) error {
	tx, err := p.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: beginSQL})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // of no effect after the commit
	sick, err := p.advance(ctx, tx, events, moved)
	if err != nil {
		return err
	}
	if len(poisoned) > 0 {
		if err := p.quarantine(ctx, tx, poisoned); err != nil {
			return err
		}
		for _, q := range poisoned {
			sick[q.ticketKey] = true
		}
	}
	if err := applySafely(ctx, p.projection, tx, healthy(events, sick)); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// advance moves the checkpoints, which locks them, and returns those of the tickets
// that are quarantined already.
func (p *Projector) advance(ctx context.Context, tx pgx.Tx, events []Event, moved moves) (map[ticketKey]bool, error) {
	var partitions []int16
	from, to := make([]int64, domain.Partitions), make([]int64, domain.Partitions)
	for i, position := range moved {
		partitions = append(partitions, int16(i))
		from[i], to[i] = int64(p.held[i].position), int64(position)
	}
	var accounts []int32
	var tickets []pgtype.UUID
	seen := make(map[ticketKey]bool)
	for _, e := range events {
		if key := keyOf(e.Recorded); !seen[key] {
			seen[key] = true
			accounts, tickets = append(accounts, int32(e.Account)), append(tickets, pgtype.UUID{Bytes: e.Ticket, Valid: true})
		}
	}
	name, shard := p.projection.Name(), p.config.Shard
	var batch pgx.Batch
	fenced := false
	batch.Queue(advanceSQL, name, shard, p.member, p.head.epoch, partitions, from, to).
		Exec(func(tag pgconn.CommandTag) error {
			fenced = tag.RowsAffected() != int64(len(moved))
			return nil
		})
	sick := make(map[ticketKey]bool)
	batch.Queue(quarantinedSQL, name, shard, accounts, tickets).Query(func(rows pgx.Rows) error {
		var account domain.AccountID
		var ticket pgtype.UUID
		_, err := pgx.ForEachRow(rows, []any{&account, &ticket}, func() error {
			sick[ticketKey{account, ticket.Bytes}] = true
			return nil
		})
		return err
	})
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, fmt.Errorf("move checkpoints: %w", err)
	}
	if fenced {
		return nil, errFenced
	}
	return sick, nil
}

func healthy(events []Event, sick map[ticketKey]bool) []Event {
	if len(sick) == 0 {
		return events
	}
	var kept []Event
	for _, e := range events {
		if !sick[keyOf(e.Recorded)] {
			kept = append(kept, e)
		}
	}
	return kept
}
