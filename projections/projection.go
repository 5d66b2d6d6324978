package projections

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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

// A Rebuildable projection has all its tables in one schema, and can be built anew in
// another while this one is read.
type Rebuildable interface {
	Projection
	// In returns the projection with its tables in the schema of that name, which is
	// also that of its checkpoints.
	In(schema string) Rebuildable
	Schema() Schema
	// Build begins to fold whole streams, for tables that are empty.
	Build() Build
}

// Schema is how the tables of a projection are made and compared: statements that name
// the schema in which they are.
type Schema struct {
	Tables      []string // create the tables, without indexes
	Indexes     []string // create one index each, unless it is there
	Constraints []string // what else makes them the tables that are read
	Locked      string   // names the tables, divided by commas
	// Digests is a query, with the shard as its parameter, for account_id, ticket_id, the
	// version up to which the rows are good, and a digest of all rows of the ticket.
	// DigestsOf has arrays of accounts and tickets as further parameters.
	Digests, DigestsOf string
}

// A Build folds the streams of any number of tickets in memory, from their beginnings,
// with the very code that Change uses.
type Build interface {
	// Add applies the next event of a stream, which it does not keep. If it fails, wrapping
	// ErrPoison, it has changed nothing.
	Add(e *Event) error
	// Copy writes the rows of all tickets that skip does not name to the empty tables, in
	// the transaction of conn. It calls rest now and then.
	Copy(ctx context.Context, conn *pgconn.PgConn, skip func(domain.AccountID, domain.TicketID) bool, rest func()) error
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

// History is what a rebuild asks of the log.
type History interface {
	Log
	Head(ctx context.Context) (eventstore.Head, error)
	Scan(ctx context.Context, r eventstore.Range, do func(*eventstore.Recorded) error) error
}
