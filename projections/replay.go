package projections

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/replay.sql
	replaySQL string
	//go:embed sql/heal.sql
	healSQL string
)

// Replay builds a ticket's rows anew from the log, up to where its partition has
// come, and ends its quarantine. If its events still cannot be applied, the error
// says so and nothing has changed. The partition waits meanwhile.
//
// It may be called on any instance, running or not, and for healthy tickets too.
func (p *Projector) Replay(ctx context.Context, account domain.AccountID, ticket domain.TicketID) error {
	if err := p.replay(ctx, account, ticket); err != nil {
		return fmt.Errorf("replay ticket %s: %w", ticket, err)
	}
	return nil
}

func (p *Projector) replay(ctx context.Context, account domain.AccountID, ticket domain.TicketID) error {
	tx, err := p.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	name, shard := p.projection.Name(), p.config.Shard
	var checkpoint eventstore.Position
	err = tx.QueryRow(ctx, replaySQL, name, shard, domain.Partition(account, ticket)).Scan(&checkpoint)
	if err != nil {
		return fmt.Errorf("hold the partition: %w", err)
	}
	if err := p.projection.Forget(ctx, tx, account, ticket); err != nil {
		return err
	}
	for after := eventstore.Version(0); ; {
		recorded, err := p.log.ReadTicket(ctx, account, ticket, after, p.config.MaxBatch)
		if err != nil {
			return err
		}
		full := len(recorded) == p.config.MaxBatch
		for i, r := range recorded {
			if r.Position > checkpoint { // the projector will come to it
				recorded, full = recorded[:i], false
				break
			}
		}
		events, poisoned := decode(recorded)
		if len(poisoned) > 0 {
			return errors.New(poisoned[0].reason)
		}
		if err := applySafely(ctx, p.projection, tx, events); err != nil {
			return errors.New(sqlState(err))
		}
		if !full {
			break
		}
		after = recorded[len(recorded)-1].Version
	}
	if _, err := tx.Exec(ctx, healSQL, name, shard, account, uuid.UUID(ticket)); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
