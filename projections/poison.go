package projections

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/commentd/commentd/eventstore"
)

// poison is a ticket whose events cannot be applied.
type poison struct {
	ticketKey
	position eventstore.Position // of the first of them that is known to fail
	reason   string              // types and codes, never contents
}

// panicError is what became of a panic in a projection.
type panicError struct {
	what  string
	stack []byte
}

func (e *panicError) Error() string { return "panic: " + e.what }

// safely does something of a projection, and makes a panic an error.
func safely(do func() error) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case runtime.Error: // speaks of indices and types
			err = &panicError{v.Error(), debug.Stack()}
		default: // may speak of anything
			err = &panicError{fmt.Sprintf("%T", v), debug.Stack()}
		}
	}()
	return do()
}

// isPoison reports whether err may come from what is in the events: from a projection
// that says so or panics, or from a database that refuses data as such. Everything
// else (a connection lost, a lock not had, a table missing) will go away or needs a
// hand, and would befall any ticket.
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
// and returns the tickets that fail.
func (p *Projector) search(ctx context.Context, events []Event) ([]poison, error) {
	var order []ticketKey
	byTicket := make(map[ticketKey][]Event)
	for i := range events {
		key := keyOf(&events[i].Recorded)
		if byTicket[key] == nil {
			order = append(order, key)
		}
		byTicket[key] = append(byTicket[key], events[i])
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
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer abandon(conn)
	var first, second pgx.Batch
	first.Queue("BEGIN")
	change, err := p.load(ctx, conn, &first, events)
	if err != nil {
		return err
	}
	return write(ctx, conn, &second, change, "ROLLBACK")
}

// sqlState says what failed without repeating what Postgres says of the data.
func sqlState(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return "SQLSTATE " + refused.Code
	}
	return err.Error()
}
