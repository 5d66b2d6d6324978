package retention

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/pass_by.sql
	passBySQL string
	//go:embed sql/released.sql
	releasedSQL string
	//go:embed sql/come_back.sql
	comeBackSQL string
)

// passBy notes the tickets of targets that are held, to come back to them.
func (w *Worker) passBy(ctx context.Context, held []Target) error {
	if held == nil {
		return nil
	}
	accounts, tickets := make([]domain.AccountID, len(held)), make([]uuid.UUID, len(held))
	for i, t := range held {
		accounts[i], tickets[i] = t.Account, uuid.UUID(t.Ticket)
	}
	if _, err := w.pool.Exec(ctx, passBySQL, w.config.Shard, accounts, tickets); err != nil {
		return fmt.Errorf("%w: retention: %w", eventstore.ErrUnavailable, err)
	}
	return nil
}

// comeBack erases what is older than some days in tickets that were passed by and are no
// longer held.
func (w *Worker) comeBack(ctx context.Context, days int, accounts []domain.AccountID) error {
	type release struct {
		Target
		passed eventstore.Position
	}
	released, err := query(ctx, w.eraser, func(row pgx.CollectableRow) (r release, err error) {
		return r, row.Scan(&r.Account, (*uuid.UUID)(&r.Ticket), &r.passed)
	}, releasedSQL, w.config.Shard, accounts, pageSize)
	if err != nil || len(released) == 0 {
		return err
	}
	// Cursors may have passed what is not old any more: the policy may have changed.
	old, err := w.lastOld(ctx, 0, days)
	if err != nil {
		return err
	}
	for _, r := range released {
		tally, err := w.erase(ctx, domain.CauseRetention, w.writtenOn(r.Account, r.Ticket, min(old, r.passed)))
		if err != nil {
			return err
		}
		if tally.Held != nil || r.passed > old { // held again, or passed and yet to grow old
			continue
		}
		if _, err := w.pool.Exec(ctx, comeBackSQL, w.config.Shard, r.Account, uuid.UUID(r.Ticket)); err != nil {
			return fmt.Errorf("%w: retention: %w", eventstore.ErrUnavailable, err)
		}
	}
	return nil
}

// writtenOn hands out what was written on a ticket up to a position.
func (w *Worker) writtenOn(account domain.AccountID, ticket domain.TicketID, to eventstore.Position) Source {
	return func(ctx context.Context, take func(Target) error) error {
		for after := eventstore.Version(0); ; {
			events, err := w.log.ReadTicket(ctx, account, ticket, after, pageSize)
			if err != nil {
				return err
			}
			var targets []Target
			for i := range events {
				if after = events[i].Version; events[i].Position > to {
					return these(targets)(ctx, take)
				}
				if targets, err = appendTarget(targets, &events[i]); err != nil {
					return err
				}
			}
			if err := these(targets)(ctx, take); err != nil || len(events) < pageSize {
				return err
			}
		}
	}
}
