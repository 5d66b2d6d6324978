package threads

import (
	_ "embed"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections"
)

//go:embed sql/forget.sql
var forgetSQL string

// Name is that of the projection's checkpoints, and of the schema that is read.
const Name = "threads"

// Projection keeps the tables of this package. Its zero value is that of shard 0.
type Projection struct {
	Shard  int16
	schema string // in which the tables are; empty: Name
}

// Name returns Name or, for tables elsewhere, the schema that they are in.
func (p Projection) Name() string {
	if p.schema == "" {
		return Name
	}
	return p.schema
}

// In returns the projection with its tables in another schema.
func (p Projection) In(schema string) projections.Rebuildable {
	p.schema = schema
	return p
}

// sql makes a statement about the tables in the schema Name one about those of p.
func (p Projection) sql(text string) string {
	if p.schema == "" {
		return text
	}
	return strings.ReplaceAll(text, Name+".", p.schema+".")
}

// Change brings the rows of the events' tickets up to date, in bulk. Events that a
// ticket's rows already contain are passed over.
func (p Projection) Change(events []projections.Event) projections.Change {
	return newBatch(p, events)
}

// Forget removes the rows of a ticket.
func (p Projection) Forget(batch *pgx.Batch, account domain.AccountID, ticket domain.TicketID) {
	batch.Queue(p.sql(forgetSQL), p.Shard, account, asID(ticket))
}
