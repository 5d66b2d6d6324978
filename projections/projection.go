package projections

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// Event is an event of the log, decoded.
type Event struct {
	eventstore.Recorded
	Fact domain.Event
}

// ErrPoison is what Apply wraps when it cannot make sense of the events of a ticket.
// The ticket is then quarantined.
var ErrPoison = errors.New("the events cannot be applied")

// A Projection turns events into rows of its own tables. It takes the time from
// the events, so that applying them again gives the same rows.
type Projection interface {
	// Name is that of the projection's checkpoints; it never changes.
	Name() string
	// Apply applies events of any number of tickets, in order of position, inside
	// the transaction that moves the checkpoints. It is not told which events came
	// before: it finds in its own tables what it needs to know.
	Apply(ctx context.Context, tx pgx.Tx, events []Event) error
	// Forget removes everything that Apply has written about a ticket.
	Forget(ctx context.Context, tx pgx.Tx, account domain.AccountID, ticket domain.TicketID) error
}

// A Feed delivers the events after a position, in order, until ctx ends or deliver
// fails. What it leaves out or delivers twice costs time, no more.
type Feed interface {
	Run(ctx context.Context, from eventstore.Position, deliver func(context.Context, []eventstore.Recorded) error) error
}

// Log is what a Projector asks of the log itself.
type Log interface {
	ReadAll(ctx context.Context, after eventstore.Position, limit int) ([]eventstore.Recorded, error)
	ReadTicket(ctx context.Context, account domain.AccountID, ticket domain.TicketID, after eventstore.Version, limit int) ([]eventstore.Recorded, error)
}
