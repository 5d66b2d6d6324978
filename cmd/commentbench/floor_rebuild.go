package main

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// bareReadModel has the rows and the indexes of the read model threads.
const bareReadModel = `
DROP SCHEMA IF EXISTS bare CASCADE;
CREATE SCHEMA bare;
CREATE TABLE bare.tickets (LIKE threads.tickets);
CREATE TABLE bare.comments (LIKE threads.comments);`

var bareIndexes = []string{
	"ALTER TABLE bare.tickets ADD PRIMARY KEY (shard, account_id, ticket_id)",
	"ALTER TABLE bare.comments ADD PRIMARY KEY (ticket_id, account_id, shard, position)",
	"ALTER TABLE bare.comments ADD UNIQUE (comment_id, account_id, shard)",
	"CREATE INDEX ON bare.comments (number)",
	"CREATE INDEX ON bare.comments (ticket_id, account_id, shard, (CASE WHEN public THEN position ELSE -position END))",
}

const readLog = `SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
	schema_version, internal, event_id, ticket_id, comment_id, type, data FROM log.events ORDER BY position`

// bareRebuild reads the log from its beginning, decodes each event, and writes a row
// for each as it comes: nothing is folded, compared or switched, and nobody may write
// meanwhile. The log must hold nothing but tickets that are opened and comments that are
// created.
func bareRebuild(ctx context.Context, l *library) (sample, error) {
	began := time.Now()
	if _, err := l.desk.Exec(ctx, bareReadModel); err != nil {
		return sample{}, err
	}
	source := bareRows{}
	err := func() error {
		reading, err := l.desk.Acquire(ctx)
		if err != nil {
			return err
		}
		defer reading.Release()
		if source.rows, err = reading.Query(ctx, readLog); err != nil {
			return err
		}
		defer source.rows.Close()
		_, err = l.desk.CopyFrom(ctx, pgx.Identifier{"bare", "comments"}, []string{"position", "number", "created_at", "updated_at",
			"account_id", "revision", "shard", "author_type", "public", "comment_id", "ticket_id", "author_id", "content_id",
			"audit", "channel", "flags"}, &source)
		return err
	}()
	if err != nil {
		return sample{}, err
	}
	_, err = l.desk.CopyFrom(ctx, pgx.Identifier{"bare", "tickets"}, []string{"opened_at", "updated_at", "public_updated_at",
		"account_id", "applied_version", "shard", "ticket_id", "last_change_id", "last_public_change_id", "public_counts", "internal_counts",
		"audits", "last_audit"},
		pgx.CopyFromRows(source.tickets))
	if err != nil {
		return sample{}, err
	}
	for _, index := range bareIndexes {
		if _, err := l.desk.Exec(ctx, index); err != nil {
			return sample{}, err
		}
	}
	s := sample{count: source.events, elapsed: time.Since(began)}
	_, err = l.desk.Exec(ctx, "DROP SCHEMA bare CASCADE")
	return s, err
}

// bareRows makes rows of events, for COPY.
type bareRows struct {
	rows    pgx.Rows
	row     []any
	tickets [][]any
	events  int
	err     error
}

func (s *bareRows) Next() bool {
	for s.rows.Next() {
		var r eventstore.Recorded
		if r, s.err = eventstore.ScanRecorded(s.rows); s.err != nil {
			return false
		}
		var fact domain.Event
		if fact, s.err = r.Decode(); s.err != nil {
			return false
		}
		s.events++
		switch e := fact.(type) {
		case domain.TicketOpened:
			s.tickets = append(s.tickets, []any{r.RecordedAt, r.RecordedAt, r.RecordedAt, int32(r.Account), int32(r.Version), int16(0),
				uuid.UUID(r.Ticket), uuid.UUID(r.ID), uuid.UUID(r.ID), []int32{0, 0, 0}, []int32{0, 0, 0}, int32(1), e.Audit})
		case domain.CommentCreated:
			s.row = []any{int64(r.Position), e.Number, r.RecordedAt, r.RecordedAt, int32(r.Account), int32(r.Version), int16(0),
				int16(e.Author.Type), e.Public, uuid.UUID(r.Comment), uuid.UUID(r.Ticket), uuid.UUID(e.Author.ID), uuid.UUID(e.Content.ID),
				e.Audit, int16(e.Channel), int32(e.Flags)}
			return true
		}
	}
	s.err = s.rows.Err()
	return false
}

func (s *bareRows) Values() ([]any, error) { return s.row, nil }
func (s *bareRows) Err() error             { return s.err }
