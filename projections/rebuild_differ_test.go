package projections_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// Whatever is wrong with a row is found, the ticket is named, and what is read stays
// until somebody decides otherwise.
func TestARebuildNamesTheTicketsThatDiffer(t *testing.T) {
	l := logtest.New(t)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
	p.start()
	events(t, l, 10)
	events(t, l, 10)
	for _, tt := range []struct {
		name  string
		spoil string // of the rows of ticket $1
	}{
		{"a comment's text", "UPDATE threads.comments SET content_id = gen_random_uuid() WHERE position = (SELECT max(position) FROM threads.comments WHERE ticket_id = $1)"},
		{"an erased text", "UPDATE threads.comments SET content_id = NULL WHERE position = (SELECT max(position) FROM threads.comments WHERE ticket_id = $1)"},
		{"who may see a comment", "UPDATE threads.comments SET public = NOT public WHERE position = (SELECT max(position) FROM threads.comments WHERE ticket_id = $1)"},
		{"a comment is missing", "DELETE FROM threads.comments WHERE position = (SELECT max(position) FROM threads.comments WHERE ticket_id = $1)"},
		{"a comment too many", `INSERT INTO threads.comments SELECT position + 100000, number, audit, created_at, updated_at, account_id, revision, flags, shard, author_type, channel, public,
			gen_random_uuid(), ticket_id, author_id, content_id FROM threads.comments WHERE ticket_id = $1 LIMIT 1`},
		{"a flag of a comment", "UPDATE threads.comments SET flags = 4 WHERE position = (SELECT max(position) FROM threads.comments WHERE ticket_id = $1)"},
		{"the number of audits", "UPDATE threads.tickets SET audits = audits + 1 WHERE ticket_id = $1"},
		{"a time", "UPDATE threads.tickets SET public_updated_at = public_updated_at + interval '1 us' WHERE ticket_id = $1"},
		{"a count", "UPDATE threads.tickets SET public_counts = ARRAY[1, 2, 3] WHERE ticket_id = $1"},
		{"the version", "UPDATE threads.tickets SET applied_version = applied_version - 1 WHERE ticket_id = $1"},
		{"the row of the ticket is missing", "DELETE FROM threads.tickets WHERE ticket_id = $1"},
		{"all rows are missing", "WITH c AS (DELETE FROM threads.comments WHERE ticket_id = $1) DELETE FROM threads.tickets WHERE ticket_id = $1"},
		{"a ticket that never was", `INSERT INTO threads.tickets SELECT opened_at, updated_at, public_updated_at, last_audit, account_id, audits, applied_version, shard, '00000000-0000-4000-8000-00000000dead',
			last_change_id, last_public_change_id, public_counts, internal_counts FROM threads.tickets WHERE ticket_id = $1`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spoilt := l.Open(1, nil)
			for range 3 {
				l.Comment(1, spoilt, true, "something")
			}
			await(t, l)
			l.Exec(tt.spoil, uuid.UUID(spoilt))
			if tt.name == "a ticket that never was" {
				spoilt = domain.TicketID(uuid.MustParse("00000000-0000-4000-8000-00000000dead"))
			}
			before := readStatus(t, l)
			report, err := newRebuilder(l, projections.RebuildConfig{}).Rebuild(t.Context())
			var differ *projections.DifferError
			if !errors.As(err, &differ) || report.Switched || report.Differ != 1 || len(differ.Report.Differing) != 1 || differ.Report.Differing[0].ID != spoilt {
				t.Fatalf("Rebuild = %+v, %v; want ticket %s named, and nothing switched", report, err, spoilt)
			}
			if after := readStatus(t, l); after.Version != before.Version || after.Next == nil || after.Next.UnderWay {
				t.Errorf("status after it = %+v; want version %d in use, and the other there", after, before.Version)
			}
			l.Comment(1, l.Open(1, nil), true, "meanwhile")
			if report = rebuilt(t, l, projections.RebuildConfig{Accept: true}); !report.Resumed || report.Differ != 1 || report.Differing[0].ID != spoilt {
				t.Errorf("Rebuild that accepts = %+v; want what was built before, and the ticket named", report)
			}
			await(t, l)
			logtest.CheckRows(t, l.Pool)
		})
	}
}

// A ticket that the log makes no sense of waits in quarantine with the new rows as it
// does with the old ones, and is no difference.
func TestARebuildKeepsPoisonInQuarantine(t *testing.T) {
	const mend = `UPDATE log.events SET type = 'comment.made_private' WHERE type = 'comment.sung'`
	l := logtest.New(t)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
	sick := l.Open(1, nil)
	comment := l.Comment(1, sick, true, "one")
	private := false
	l.Do(domain.UpdateComment{Account: 1, Ticket: sick, Comment: comment, By: logtest.Agent, Public: &private, Audit: 2})
	l.Comment(1, sick, true, "two")
	l.Exec("UPDATE log.events SET type = 'comment.sung' WHERE comment_id = $1 AND type = 'comment.made_private'", uuid.UUID(comment))
	events(t, l, 10)
	p.start()
	await(t, l)

	for range 2 {
		report := rebuilt(t, l, projections.RebuildConfig{})
		if report.Differ != 0 || report.Sick != 1 || report.Quarantined[0] != (projections.Ticket{Account: 1, ID: sick, Reason: "unknown event comment.sung version 1"}) {
			t.Errorf("Rebuild = %+v; want ticket %s in quarantine", report, sick)
		}
		l.Comment(1, sick, true, "three")
		await(t, l)
		if status := readStatus(t, l); status.Quarantined != 1 || len(status.Tickets) != 1 || status.Tickets[0] != report.Quarantined[0] {
			t.Errorf("status = %+v; want the ticket in quarantine", status)
		}
	}
	// The rows are those of before the poison, and readers fold the rest.
	var version int
	if err := l.Pool.QueryRow(t.Context(), "SELECT applied_version FROM threads.tickets WHERE ticket_id = $1", uuid.UUID(sick)).Scan(&version); err != nil || version != 2 {
		t.Errorf("the rows are good up to version %d, %v; want 2", version, err)
	}
	l.Exec(mend)
	if err := p.Replay(t.Context(), 1, sick); err != nil {
		t.Fatal(err)
	}
	await(t, l)
	logtest.CheckRows(t, l.Pool)
}

// A fault of the projector has put a ticket into quarantine. A rebuild by a program that
// is mended heals it, and the projector goes on with it.
func TestARebuildHealsWhatWasMended(t *testing.T) {
	l := logtest.New(t)
	sick := l.Open(1, nil)
	projection := &allergic{to: sick, write: func(batch *pgx.Batch) error { panic("at the disco") }}
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, projection)
	p.start()
	l.Comment(1, sick, true, "one")
	events(t, l, 10)
	await(t, l)
	projection.cured.Store(true)
	if report := rebuilt(t, l, projections.RebuildConfig{}); report.Sick != 0 || report.Differ != 0 {
		t.Errorf("Rebuild = %+v; want nothing in quarantine", report)
	}
	l.Comment(1, sick, true, "two")
	await(t, l)
	logtest.CheckRows(t, l.Pool)
	if status := readStatus(t, l); status.Quarantined != 0 || status.Lag() != 0 {
		t.Errorf("status = %+v; want no quarantine and no lag", status)
	}
}

// Everything is gone, and the checkpoints say that everything was applied.
func TestARebuildFindsAnEmptyReadModel(t *testing.T) {
	l := logtest.New(t)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
	p.start()
	for range 5 {
		events(t, l, 5)
	}
	await(t, l)
	l.Exec("TRUNCATE threads.tickets, threads.comments")
	report, err := newRebuilder(l, projections.RebuildConfig{}).Rebuild(t.Context())
	if !errors.As(err, new(*projections.DifferError)) || report.Differ != 5 || len(report.Differing) != 5 {
		t.Errorf("Rebuild = %+v, %v; want all 5 tickets to differ", report, err)
	}
	rebuilt(t, l, projections.RebuildConfig{Accept: true})
	events(t, l, 5)
	await(t, l)
	logtest.CheckRows(t, l.Pool)
}
