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

// ErrPoison is what Write wraps when it cannot make sense of the events of a ticket.
// The ticket is then quarantined.
var ErrPoison = errors.New("the events cannot be applied")

// A Projection turns events into rows of its own tables. It takes the time from the
// events, so that applying them again gives the same rows.
type Projection interface {
	// Name is that of the projection's checkpoints; it never changes.
	Name() string
	// Change begins to apply events of any number of tickets, in order of position. It
	// is not told which events came before: it finds in its tables what it needs to
	// know.
	Change(events []Event) Change
	// Forget queues what removes everything that was ever written about a ticket.
	Forget(batch *pgx.Batch, account domain.AccountID, ticket domain.TicketID)
}

// A Change is a batch of events on its way into the tables. Both steps run inside the
// transaction that moves the checkpoints; they queue what they ask for, so that a
// batch of events takes two round trips, whatever is in it.
type Change interface {
	// Load queues queries for the rows that the events build on.
	Load(batch *pgx.Batch)
	// Write queues what the events change, once the queries have been answered.
	Write(batch *pgx.Batch) error
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
