package threads

import (
	_ "embed"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections"
)

//go:embed sql/forget.sql
var forgetSQL string

// Name is that of the projection's checkpoints.
const Name = "threads"

// Projection keeps the tables of this package. Its zero value is that of shard 0.
type Projection struct{ Shard int16 }

// Name returns Name.
func (Projection) Name() string { return Name }

// Change brings the rows of the events' tickets up to date, in bulk. Events that a
// ticket's rows already contain are passed over.
func (p Projection) Change(events []projections.Event) projections.Change {
	return newBatch(p.Shard, events)
}

// Forget removes the rows of a ticket.
func (p Projection) Forget(batch *pgx.Batch, account domain.AccountID, ticket domain.TicketID) {
	batch.Queue(forgetSQL, p.Shard, account, asID(ticket))
}
