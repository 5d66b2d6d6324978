package projections

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// poison is a ticket whose events cannot be applied.
type poison struct {
	ticketKey
	position eventstore.Position // of the first of them that is known to fail
	reason   string              // types and codes, never contents
}

// panicError is what became of a panic in Apply.
type panicError struct {
	what  string
	stack []byte
}

func (e *panicError) Error() string { return "panic: " + e.what }

// applySafely is Apply, with panics made errors.
func applySafely(ctx context.Context, projection Projection, tx pgx.Tx, events []Event) (err error) {
	if len(events) == 0 {
		return nil
	}
	defer func() {
		switch v := recover().(type) {
		case nil:
		case runtime.Error: // speaks of indices and types
			err = &panicError{v.Error(), debug.Stack()}
		default: // may speak of anything
			err = &panicError{fmt.Sprintf("%T", v), debug.Stack()}
		}
	}()
	if err := projection.Apply(ctx, tx, events); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	return nil
}

// isPoison reports whether err may come from what is in the events: from a projection
// that says so or panics, or from a database that refuses data as such. Everything else (a connection lost, a
// lock not had, a table missing) will go away or needs a hand, and would befall any
// ticket.
func isPoison(err error) bool {
	var panicked *panicError
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &panicked), errors.Is(err, ErrPoison):
		return true
	case errors.As(err, &refused):
		switch refused.Code[:2] {
		case "21", "22", "23", "54": // cardinality, data, constraint, program limit
			return true
		}
	}
	return false
}

// search applies the events ticket by ticket, in transactions that are rolled back,
// and returns the tickets that fail. Tickets already known as poisoned are left out.
func (p *Projector) search(ctx context.Context, events []Event, known []poison) ([]poison, error) {
	skip := make(map[ticketKey]bool)
	for _, q := range known {
		skip[q.ticketKey] = true
	}
	var order []ticketKey
	byTicket := make(map[ticketKey][]Event)
	for _, e := range events {
		key := keyOf(e.Recorded)
		if skip[key] {
			continue
		}
		if byTicket[key] == nil {
			order = append(order, key)
		}
		byTicket[key] = append(byTicket[key], e)
	}
	var found []poison
	for _, key := range order {
		err := p.rehearse(ctx, byTicket[key])
		switch {
		case isPoison(err):
			var panicked *panicError
			if errors.As(err, &panicked) {
				p.logger.Error("projection panicked", "panic", panicked.what, "stack", string(panicked.stack))
			}
			first := byTicket[key][0]
			found = append(found, poison{key, first.Position, first.Type + ": " + sqlState(err)})
		case err != nil:
			return nil, fmt.Errorf("look for the poisoned ticket: %w", err)
		}
	}
	return found, nil
}

func (p *Projector) rehearse(ctx context.Context, events []Event) error {
	tx, err := p.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	return applySafely(ctx, p.projection, tx, events)
}

func (p *Projector) quarantine(ctx context.Context, tx pgx.Tx, poisoned []poison) error {
	var accounts []domain.AccountID
	var tickets []uuid.UUID
	var positions []eventstore.Position
	var reasons []string
	for _, q := range poisoned {
		accounts, tickets = append(accounts, q.account), append(tickets, uuid.UUID(q.ticket))
		positions, reasons = append(positions, q.position), append(reasons, q.reason)
	}
	_, err := tx.Exec(ctx, quarantineSQL, p.projection.Name(), p.config.Shard, accounts, tickets, positions, reasons)
	if err != nil {
		return fmt.Errorf("quarantine: %w", err)
	}
	return nil
}

// sqlState says what failed without repeating what Postgres says of the data.
func sqlState(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return "SQLSTATE " + refused.Code
	}
	return err.Error()
}
