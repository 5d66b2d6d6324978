package threads

import (
	"context"
	_ "embed"
	"fmt"

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

// Apply brings the rows of the events' tickets up to date. Rows are loaded and
// written in bulk: two round trips, however many events there are. Events that a
// ticket's rows already contain are passed over.
func (p Projection) Apply(ctx context.Context, tx pgx.Tx, events []projections.Event) error {
	b := newBatch(p.Shard, events)
	if err := b.load(ctx, tx, events); err != nil {
		return fmt.Errorf("load threads: %w", err)
	}
	if err := b.fold(events); err != nil {
		return err
	}
	if err := b.write(ctx, tx); err != nil {
		return fmt.Errorf("write threads: %w", err)
	}
	return nil
}

// Forget removes the rows of a ticket.
func (p Projection) Forget(ctx context.Context, tx pgx.Tx, account domain.AccountID, ticket domain.TicketID) error {
	if _, err := tx.Exec(ctx, forgetSQL, p.Shard, account, asID(ticket)); err != nil {
		return fmt.Errorf("forget thread: %w", err)
	}
	return nil
}
