package projections

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

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
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer abandon(conn)
	name, shard := p.projection.Name(), p.config.Shard
	var checkpoint eventstore.Position
	var batch pgx.Batch
	batch.Queue("BEGIN")
	batch.Queue(replaySQL, name, shard, domain.Partition(account, ticket)).
		QueryRow(func(row pgx.Row) error { return row.Scan(&checkpoint) })
	p.projection.Forget(&batch, account, ticket)
	if err := conn.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("hold the partition: %w", err)
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
		if err := p.rebuild(ctx, conn, recorded); err != nil {
			return err
		}
		if !full {
			break
		}
		after = recorded[len(recorded)-1].Version
	}
	batch = pgx.Batch{}
	batch.Queue(healSQL, name, shard, account, pgtype.UUID{Bytes: ticket, Valid: true})
	batch.Queue("COMMIT")
	return conn.SendBatch(ctx, &batch).Close()
}

// rebuild applies a part of a ticket's stream.
func (p *Projector) rebuild(ctx context.Context, conn *pgxpool.Conn, recorded []eventstore.Recorded) error {
	events, poisoned := decode(recorded)
	if len(poisoned) > 0 {
		return errors.New(poisoned[0].reason)
	}
	change, err := p.load(ctx, conn, new(pgx.Batch), events)
	if err == nil {
		err = write(ctx, conn, new(pgx.Batch), change, "")
	}
	if err != nil {
		return errors.New(sqlState(err))
	}
	return nil
}
