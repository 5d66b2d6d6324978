package eventstore

import (
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/commentd/commentd/domain"
)

//go:embed sql/scan.sql
var scanSQL string

// Range is the events after one position and up to another, of some of the tickets:
// they are divided into Parts (0: one), of which this is about number Part, from 0.
type Range struct {
	After, To   Position
	Part, Parts int
}

// Scan hands the events of a range to do, in order of position, until do fails, and
// returns its error as it is. do must keep neither the event nor what it refers to:
// both are overwritten by the next one. Any other error is ErrUnavailable.
//
// It is the way to read all of a long log. One statement reads one range, so that
// should be some ten thousand positions wide: it is bounded in time as any other, and
// its snapshot keeps Postgres from tidying up.
func (s *Store) Scan(ctx context.Context, r Range, do func(*Recorded) error) error {
	rows, err := s.pool.Query(ctx, scanSQL, s.config.Shard, r.After, r.To, r.Part, max(1, r.Parts))
	if err != nil {
		return fmt.Errorf("%w: read events: %w", ErrUnavailable, err)
	}
	defer rows.Close()
	var event Recorded
	for rows.Next() {
		event.readRow(rows.RawValues())
		if err := do(&event); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%w: read events: %w", ErrUnavailable, err)
	}
	return nil
}

// postgresEpoch is 2000-01-01 in microseconds since 1970.
const postgresEpoch = 946_684_800_000_000

// readRow reads a row of the columns of ScanRecorded as they come off the wire, for
// all of which pgx asks in binary: scanning values takes longer than all else.
func (r *Recorded) readRow(v [][]byte) {
	r.Position = Position(binary.BigEndian.Uint64(v[0]))
	r.PrevInPartition = Position(binary.BigEndian.Uint64(v[1]))
	r.RecordedAt = time.UnixMicro(int64(binary.BigEndian.Uint64(v[2])) + postgresEpoch).UTC()
	r.Epoch = int32(binary.BigEndian.Uint32(v[3]))
	r.Account = domain.AccountID(binary.BigEndian.Uint32(v[4]))
	r.Version = Version(binary.BigEndian.Uint32(v[5]))
	r.CommentPrevious = Version(binary.BigEndian.Uint32(v[6]))
	r.SchemaVersion = int16(binary.BigEndian.Uint16(v[7]))
	r.Internal = v[8][0] == 1
	r.ID, r.Ticket = domain.EventID(v[9]), domain.TicketID(v[10])
	r.Comment = domain.CommentID{}
	if v[11] != nil {
		r.Comment = domain.CommentID(v[11])
	}
	if k, known := kinds[string(v[12])]; known {
		r.Type = k.name
	} else {
		r.Type = string(v[12])
	}
	r.Data = v[13]
}
