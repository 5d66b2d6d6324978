package eventstore

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

//go:embed sql/read_all.sql
var readAllSQL string

//go:embed sql/read_ticket.sql
var readTicketSQL string

//go:embed sql/find_events.sql
var findEventsSQL string

//go:embed sql/head.sql
var headSQL string

//go:embed sql/raise_epoch.sql
var raiseEpochSQL string

// Head is the end of the log.
type Head struct {
	Position   Position
	Epoch      int32
	RecordedAt time.Time // of the last event
}

// Head returns the end of the log. If that is news, it wakes those who wait for
// Appended. The error is ErrUnavailable.
func (s *Store) Head(ctx context.Context) (Head, error) {
	var h Head
	err := s.pool.QueryRow(ctx, headSQL, s.config.Shard).Scan(&h.Position, &h.Epoch, &h.RecordedAt)
	if err != nil {
		return Head{}, fmt.Errorf("%w: read head: %w", ErrUnavailable, err)
	}
	if before := s.sighted.Swap(&sighting{h, time.Now()}); before != nil && before.Position != h.Position {
		s.appended.Wake()
	}
	return h, nil
}

// sighting is the end of the log as it was seen at a moment.
type sighting struct {
	Head
	at time.Time
}

// extended notes that this process has appended up to a position: Head will not be
// news to those who were woken for it.
func (s *Store) extended(to Position, at time.Time) {
	before := s.sighted.Load()
	if before == nil || before.Position >= to {
		return
	}
	now := &sighting{Head{Position: to, Epoch: before.Epoch, RecordedAt: at}, time.Now()}
	s.sighted.CompareAndSwap(before, now) // else somebody has looked
}

// Sighted returns the end of the log as this process last saw it, and when: who looks
// after an idle log looks for everybody.
func (s *Store) Sighted() (Head, time.Time) {
	if seen := s.sighted.Load(); seen != nil {
		return seen.Head, seen.at
	}
	return Head{}, time.Time{}
}

// RaiseEpoch declares, after the log has lost its tail to a failover or a restore,
// that what follows is another history: copies of the log that know a lost event
// are rebuilt. The error is ErrUnavailable.
func (s *Store) RaiseEpoch(ctx context.Context) (Head, error) {
	var h Head
	err := s.pool.QueryRow(ctx, raiseEpochSQL, s.config.Shard).Scan(&h.Position, &h.Epoch, &h.RecordedAt)
	if err != nil {
		return Head{}, fmt.Errorf("%w: raise epoch: %w", ErrUnavailable, err)
	}
	return h, nil
}

// ReadAll returns up to limit events after the given position, in order and
// without a hole. None are left when it returns fewer. The error is ErrUnavailable.
func (s *Store) ReadAll(ctx context.Context, after Position, limit int) ([]Recorded, error) {
	return s.read(ctx, readAllSQL, s.config.Shard, after, limit)
}

// ReadTicket returns up to limit events of a ticket after the given version, in
// order. The error is ErrUnavailable.
func (s *Store) ReadTicket(ctx context.Context, account domain.AccountID, ticket domain.TicketID, after Version, limit int) ([]Recorded, error) {
	return s.read(ctx, readTicketSQL, s.config.Shard, account, uuid.UUID(ticket), after, limit)
}

// FindEvents returns those of the events with the ids that an account has, in the order of
// the log. It reads through the tickets that they are said to be of. The error is
// ErrUnavailable.
func (s *Store) FindEvents(ctx context.Context, account domain.AccountID, tickets []domain.TicketID, ids []domain.EventID) ([]Recorded, error) {
	return s.read(ctx, findEventsSQL, s.config.Shard, account, plainIDs(tickets), plainIDs(ids))
}

func plainIDs[ID ~[16]byte](ids []ID) []uuid.UUID {
	plain := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		plain[i] = uuid.UUID(id)
	}
	return plain
}

func (s *Store) read(ctx context.Context, sql string, args ...any) ([]Recorded, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%w: read events: %w", ErrUnavailable, err)
	}
	events, err := pgx.CollectRows(rows, keepRecorded)
	if err != nil {
		return nil, fmt.Errorf("%w: read events: %w", ErrUnavailable, err)
	}
	return events, nil
}

// keepRecorded is ScanRecorded for many rows.
func keepRecorded(row pgx.CollectableRow) (r Recorded, err error) {
	if row.FieldDescriptions()[0].Format != pgx.BinaryFormatCode { // the URL of the database can ask for that
		return ScanRecorded(row)
	}
	r.readRow(row.RawValues())
	r.Data = bytes.Clone(r.Data)
	return r, nil
}

// ScanRecorded scans a row of the columns that sql/read_all.sql selects, in that
// order.
func ScanRecorded(row pgx.CollectableRow) (Recorded, error) {
	var r Recorded
	var comment *uuid.UUID
	err := row.Scan(&r.Position, &r.PrevInPartition, &r.RecordedAt, &r.Epoch, &r.Account, &r.Version, &r.CommentPrevious,
		&r.SchemaVersion, &r.Internal, (*uuid.UUID)(&r.ID), (*uuid.UUID)(&r.Ticket), &comment, &r.Type, &r.Data)
	if comment != nil {
		r.Comment = domain.CommentID(*comment)
	}
	r.RecordedAt = r.RecordedAt.UTC()
	return r, err
}
