package projections_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// allergic fails on one ticket, in some way, until it is cured.
type allergic struct {
	threads.Projection
	to    domain.TicketID
	load  func(*pgx.Batch)
	write func(*pgx.Batch) error
	cured atomic.Bool
}

func (a *allergic) Change(events []projections.Event) projections.Change {
	change := a.Projection.Change(events)
	for _, e := range events {
		if e.Ticket == a.to && !a.cured.Load() {
			return &reaction{change, a}
		}
	}
	return change
}

type reaction struct {
	projections.Change
	of *allergic
}

func (r *reaction) Load(batch *pgx.Batch) {
	r.Change.Load(batch)
	if r.of.load != nil {
		r.of.load(batch)
	}
}

func (r *reaction) Write(batch *pgx.Batch) error {
	if r.of.write != nil {
		return r.of.write(batch)
	}
	return r.Change.Write(batch)
}

func TestPoisonQuarantinesItsTicketOnly(t *testing.T) {
	for _, tt := range []struct {
		name   string
		load   func(*pgx.Batch)       // of the projection
		write  func(*pgx.Batch) error // of the projection
		spoil  string                 // an event, in the log
		mend   string
		reason string
	}{
		{
			name:   "a panic",
			write:  func(*pgx.Batch) error { panic("with the text of a comment") },
			reason: "comment.created: write: panic: string",
		},
		{
			name: "a panic with rows open",
			load: func(batch *pgx.Batch) {
				batch.Queue("SELECT generate_series(1, 100000)").Query(func(rows pgx.Rows) error {
					rows.Next()
					var none []int
					none[5]++
					return nil
				})
			},
			reason: "comment.created: load: panic: runtime error: index out of range [5] with length 0",
		},
		{
			name:   "data that the database refuses",
			write:  func(batch *pgx.Batch) error { batch.Queue("SELECT 1 / 0"); return nil },
			reason: "comment.created: SQLSTATE 22012",
		},
		{
			name:   "events that make no sense",
			write:  func(*pgx.Batch) error { return fmt.Errorf("%w: it was a Tuesday", projections.ErrPoison) },
			reason: "comment.created: write: the events cannot be applied: it was a Tuesday",
		},
		{
			name:   "an event of a type from the future",
			spoil:  "UPDATE log.events SET type = 'comment.sung' WHERE comment_id = $1 AND type = 'comment.made_private'",
			mend:   "UPDATE log.events SET type = 'comment.made_private' WHERE comment_id = $1 AND type = 'comment.sung'",
			reason: "unknown event comment.sung version 1",
		},
		{
			name:   "an event of a schema from the future",
			spoil:  "UPDATE log.events SET schema_version = 9 WHERE comment_id = $1 AND type = 'comment.made_private'",
			mend:   "UPDATE log.events SET schema_version = 1 WHERE comment_id = $1 AND schema_version = 9",
			reason: "unknown event comment.made_private version 9",
		},
		{
			name:   "a payload that does not decode",
			spoil:  "UPDATE log.events SET data = 'secret' WHERE comment_id = $1 AND type = 'comment.made_private'",
			mend:   `UPDATE log.events SET data = '{"actor":{"kind":"system","id":"550e8400-e29b-41d4-a716-446655440000"},"audit":1}' WHERE comment_id = $1 AND data = 'secret'`,
			reason: "event comment.made_private version 1: payload does not decode",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := logtest.New(t)
			noLeaks(t)
			ctx := t.Context()
			sick := l.Open(1, nil)
			projection := &allergic{load: tt.load, write: tt.write}
			p := newInstance(t, l, l.Connect(), logFeed{l.Store}, projection)
			p.start()
			await(t, l)

			// From here on the ticket is poison.
			if projection.to = sick; tt.spoil != "" {
				projection.cured.Store(true)
			}
			comment := l.Comment(1, sick, true, "one")
			private := false
			hide := domain.UpdateComment{Account: 1, Ticket: sick, Comment: comment, By: logtest.Agent, Public: &private, Audit: 2}
			if tt.spoil != "" {
				p.stop()
				l.Do(hide)
				l.Exec(tt.spoil, uuid.UUID(comment))
				p = newInstance(t, l, l.Connect(), logFeed{l.Store}, projection)
				p.start()
			} else {
				l.Do(hide)
			}
			l.Comment(1, sick, true, "two")
			script(t, l, 10)
			await(t, l) // the partitions go on

			var ticket uuid.UUID
			var reason string
			if err := l.Pool.QueryRow(ctx, "SELECT ticket_id, reason FROM projections.quarantine").Scan(&ticket, &reason); err != nil {
				t.Fatal(err)
			}
			if ticket != uuid.UUID(sick) || reason != tt.reason {
				t.Errorf("quarantined %s: %q; want %s: %q", ticket, reason, sick, tt.reason)
			}
			logtest.Eventually(t, "the alarm", func() bool {
				return gauge(t, l.Metrics.Quarantined.WithLabelValues(threads.Name)) == 1
			})
			if err := p.Replay(ctx, 1, sick); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("Replay of a ticket that is still sick = %v; want an error without payload", err)
			}

			projection.cured.Store(true)
			if tt.mend != "" {
				l.Exec(tt.mend, uuid.UUID(comment))
			}
			if err := p.Replay(ctx, 1, sick); err != nil {
				t.Fatal(err)
			}
			l.Comment(1, sick, true, "three")
			await(t, l)
			logtest.CheckRows(t, l.Pool)
		})
	}
}
