package projections

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/applied_to.sql
var appliedToSQL string

// AppliedTo returns a position up to which every event has taken effect in a projection,
// but for those of tickets in quarantine. The error is that of Postgres.
func AppliedTo(ctx context.Context, pool *pgxpool.Pool, projection string, shard int16) (at eventstore.Position, err error) {
	err = pool.QueryRow(ctx, appliedToSQL, projection, shard).Scan(&at)
	return at, err
}

// Quarantined returns the tickets of an account that are in quarantine. The error is that
// of Postgres.
func Quarantined(ctx context.Context, conn *pgxpool.Conn, projection string, shard int16, account domain.AccountID) ([]domain.TicketID, error) {
	rows, err := conn.Query(ctx, "SELECT ticket_id FROM projections.quarantine WHERE projection = $1 AND shard = $2 AND account_id = $3", projection, shard, account)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.TicketID, error) {
		var ticket pgtype.UUID
		err := row.Scan(&ticket)
		return ticket.Bytes, err
	})
}

// Applied says which events a read model has in it.
type Applied struct {
	positions   checkpoints
	quarantined map[ticketKey]bool
}

// ReadApplied reads it in tx. The error is that of Postgres.
func ReadApplied(ctx context.Context, tx pgx.Tx, projection string, shard int16) (*Applied, error) {
	a := &Applied{quarantined: map[ticketKey]bool{}}
	var err error
	if a.positions, err = readCheckpoints(ctx, tx, checkpointsSQL, projection, shard); err != nil {
		return nil, fmt.Errorf("read checkpoints: %s", sqlState(err))
	}
	rows, err := tx.Query(ctx, "SELECT account_id, ticket_id FROM projections.quarantine WHERE projection = $1 AND shard = $2", projection, shard)
	if err != nil {
		return nil, fmt.Errorf("read quarantine: %s", sqlState(err))
	}
	var account domain.AccountID
	var ticket pgtype.UUID
	if _, err = pgx.ForEachRow(rows, []any{&account, &ticket}, func() error {
		a.quarantined[ticketKey{account, ticket.Bytes}] = true
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read quarantine: %s", sqlState(err))
	}
	return a, nil
}

// UpTo returns the position up to which events of the ticket have taken effect. ok is
// false if it is in quarantine: its rows are as they were when it came there.
func (a *Applied) UpTo(account domain.AccountID, ticket domain.TicketID) (position eventstore.Position, ok bool) {
	return a.positions[domain.Partition(account, ticket)].position, !a.quarantined[ticketKey{account, ticket}]
}
