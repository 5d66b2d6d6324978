package projections

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/status.sql
	statusSQL string
	//go:embed sql/versions.sql
	versionsSQL string
	//go:embed sql/quarantine_list.sql
	quarantineListSQL string
)

// Status is how a projection stands.
type Status struct {
	Projection  string
	Version     int32               // of the read model that is read
	LiveSince   *time.Time          // nil: it is the first
	Head        eventstore.Position // of the log
	Epoch       int32
	Position    eventstore.Position // all events up to here have been applied
	Members     int                 // instances that share the work
	Leased      int                 // partitions that one of them holds
	Halted      int                 // partitions whose checkpoint the log does not lead to
	Quarantined int                 // tickets
	Tickets     []Ticket            // the first hundred of them
	Old, Next   *Version            // that is kept, that is being built; nil: none
}

// Lag is how many events have come since that which is applied.
func (s *Status) Lag() eventstore.Position { return s.Head - s.Position }

// Version is a version of a read model that is not read.
type Version struct {
	Version     int32
	Begun, Seen time.Time // when the work on it began, and when it last showed
	UnderWay    bool      // somebody is working on it
	Progress
}

// ReadStatus asks the database how a projection stands.
func ReadStatus(ctx context.Context, pool *pgxpool.Pool, projection string, shard int16) (Status, error) {
	s := Status{Projection: projection, Version: 1}
	err := pool.QueryRow(ctx, statusSQL, projection, shard).
		Scan(&s.Head, &s.Epoch, &s.Position, &s.Leased, &s.Halted, &s.Members, &s.Quarantined)
	if err == nil {
		err = s.readVersions(ctx, pool, shard)
	}
	if err == nil {
		s.Tickets, err = readQuarantine(ctx, pool, projection, shard)
	}
	if err != nil {
		return Status{}, fmt.Errorf("status of %s: %w", projection, err)
	}
	return s, nil
}

func (s *Status) readVersions(ctx context.Context, pool *pgxpool.Pool, shard int16) error {
	rows, err := pool.Query(ctx, versionsSQL, s.Projection, shard, rebuildClass)
	if err != nil {
		return err
	}
	var place string
	var position eventstore.Position
	var since *time.Time
	var v Version
	_, err = pgx.ForEachRow(rows, []any{&place, &v.Version, &position, &v.Begun, &since, &v.Seen, &v.Step, &v.Done, &v.Total, &v.UnderWay}, func() error {
		found := v
		switch place {
		case "live":
			s.Version, s.LiveSince = v.Version, since
		case "old":
			s.Old = &found
		case "next":
			s.Next = &found
		}
		return nil
	})
	return err
}

// readQuarantine returns the tickets that have waited longest.
func readQuarantine(ctx context.Context, db querier, projection string, shard int16) ([]Ticket, error) {
	rows, err := db.Query(ctx, quarantineListSQL, projection, shard, maxNamed)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Ticket, err error) {
		var id [16]byte
		err = row.Scan(&t.Account, &id, &t.Reason)
		t.ID = domain.TicketID(id)
		return t, err
	})
}
