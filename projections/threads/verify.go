package threads

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/projections"
)

//go:embed sql/strays.sql
var straysSQL string

// Verifier compares the tables of a projection with what the log comes to, as far as
// the projector has come. It is told of the events by audit.Verifier.
type Verifier struct {
	of      Projection
	applied *projections.Applied
	want    *batch
	upTo    eventstore.Position
	skip    bool // the ticket is in quarantine
	broken  bool // its stream does not fold
}

// NewVerifier returns a verifier for one run.
func NewVerifier(p Projection) *Verifier { return &Verifier{of: p, want: newBatch(p, nil)} }

// Begin makes ready for the events of a ticket.
func (v *Verifier) Begin(ctx context.Context, tx pgx.Tx, account domain.AccountID, ticket domain.TicketID) error {
	if v.applied == nil {
		var err error
		if v.applied, err = projections.ReadApplied(ctx, tx, v.of.Name(), v.of.Shard); err != nil {
			return err
		}
	}
	var whole bool
	v.upTo, whole = v.applied.UpTo(account, ticket)
	if v.skip, v.broken = !whole, false; !v.skip {
		v.want.meet(&eventstore.Recorded{Account: account, Ticket: ticket}) // it may have rows that it should not
	}
	return nil
}

// Event folds an event, if it should have taken effect.
func (v *Verifier) Event(r *eventstore.Recorded, fact domain.Event) {
	if v.skip || v.broken || r.Position > v.upTo {
		return
	}
	// A stream that has a hole is reported by whoever knows the log.
	v.broken = v.want.add(&projections.Event{Recorded: *r, Fact: fact}) != nil
}

// Finish looks for rows that no event accounts for.
func (v *Verifier) Finish(ctx context.Context, tx pgx.Tx) (findings []audit.Finding, err error) {
	rows, err := tx.Query(ctx, v.of.sql(straysSQL))
	if err != nil {
		return nil, failed(err)
	}
	var f audit.Finding
	if _, err := pgx.ForEachRow(rows, []any{&f.Table, &f.Row, &f.Problem}, func() error {
		findings = append(findings, f)
		return nil
	}); err != nil {
		return nil, failed(err)
	}
	return findings, nil
}

// Flush compares the rows of the tickets since the last time with what they should be.
func (v *Verifier) Flush(ctx context.Context, tx pgx.Tx) (findings []audit.Finding, err error) {
	want, have := v.want, newBatch(v.of, nil)
	v.want = newBatch(v.of, nil)
	for _, t := range want.order {
		have.meet(&eventstore.Recorded{Account: t.account, Ticket: t.ticket})
		for _, c := range t.comments {
			have.meet(&eventstore.Recorded{Account: t.account, Ticket: t.ticket, Comment: c.id})
		}
	}
	var queries pgx.Batch
	have.Load(&queries)
	if err := tx.SendBatch(ctx, &queries).Close(); err != nil {
		return nil, failed(err)
	}
	find := func(table, row string, columns []string) {
		for _, column := range columns {
			findings = append(findings, audit.Finding{Table: v.of.Name() + table, Row: row, Problem: column + " is not what the events come to"})
		}
	}
	for _, t := range want.order {
		find(".tickets", fmt.Sprintf("account %d ticket %s", t.account, t.ticket), have.threads[t.ticketKey].differs(&t.thread))
		for _, c := range t.comments {
			find(".comments", fmt.Sprintf("account %d comment %s", t.account, c.id), have.comments[commentKey{t.account, c.id}].differs(c))
		}
	}
	return findings, nil
}

// differs names the columns in which the row of a thread is not as it should be.
func (t *thread) differs(want *thread) (columns []string) {
	if t.version == 0 || want.version == 0 {
		if t.version != want.version {
			return []string{"the row"}
		}
		return nil
	}
	return differing([]cell{
		{"applied_version", t.version == want.version}, {"opened_at", t.all.OpenedAt.Equal(want.all.OpenedAt)},
		{"updated_at", t.all.UpdatedAt.Equal(want.all.UpdatedAt)}, {"public_updated_at", t.public.UpdatedAt.Equal(want.public.UpdatedAt)},
		{"last_change_id", t.change == want.change}, {"last_public_change_id", t.publicChange == want.publicChange},
		{"public_counts", t.publicCounts == want.publicCounts}, {"internal_counts", t.internalCounts == want.internalCounts},
		{"audits", t.audits == want.audits}, {"last_audit", t.lastAudit == want.lastAudit},
	})
}

// differs names the columns in which the row of a comment is not as it should be.
func (c *batched) differs(want *batched) []string {
	there := want.Exists && !want.Deleted
	if !there || !c.stored {
		if there != c.stored {
			return []string{"the row"}
		}
		return nil
	}
	return differing([]cell{
		{"ticket_id", c.ticketKey == want.ticketKey}, {"position", c.position == want.position}, {"number", c.Number == want.Number},
		{"created_at", c.CreatedAt.Equal(want.CreatedAt)}, {"updated_at", c.UpdatedAt.Equal(want.UpdatedAt)}, {"revision", c.Revision == want.Revision},
		{"author_type", c.Author.Type == want.Author.Type}, {"author_id", c.Author.ID == want.Author.ID}, {"public", c.Public == want.Public},
		{"content_id", c.Content == want.Content}, {"audit", c.Audit == want.Audit}, {"channel", c.Channel == want.Channel}, {"flags", c.Flags == want.Flags},
	})
}

// cell is a column, and whether it is as it should be.
type cell struct {
	name string
	same bool
}

func differing(cells []cell) (names []string) {
	for _, c := range cells {
		if !c.same {
			names = append(names, c.name)
		}
	}
	return names
}
