package threads

import (
	_ "embed"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/upsert_tickets.sql
	upsertTicketsSQL string
	//go:embed sql/upsert_comments.sql
	upsertCommentsSQL string
	//go:embed sql/delete_comments.sql
	deleteCommentsSQL string
)

// Write folds the events and queues the changed rows, column by column: the statements
// are the same for any number of rows.
func (b *batch) Write(queries *pgx.Batch) error {
	if err := b.fold(); err != nil {
		return err
	}
	b.writeTickets(queries)
	b.writeComments(queries)
	return nil
}

func (b *batch) writeTickets(queries *pgx.Batch) {
	n := len(b.order)
	accounts, tickets := make([]int32, n), make([]pgtype.UUID, n)
	versions, audits, lastAudits := make([]int32, n), make([]int32, n), make([]int64, n)
	opened, updated, publicUpdated := make([]time.Time, n), make([]time.Time, n), make([]time.Time, n)
	changes, publicChanges := make([]pgtype.UUID, n), make([]pgtype.UUID, n)
	var public, internal [domain.AuthorTypes][]int32
	for i, t := range b.order {
		accounts[i], tickets[i] = int32(t.account), asID(t.ticket)
		versions[i], audits[i], lastAudits[i] = int32(t.version), t.audits, t.lastAudit
		opened[i], updated[i], publicUpdated[i] = t.all.OpenedAt, t.all.UpdatedAt, t.public.UpdatedAt
		changes[i], publicChanges[i] = asID(t.change), asID(t.publicChange)
		for a := range domain.AuthorTypes {
			public[a] = append(public[a], t.publicCounts[a])
			internal[a] = append(internal[a], t.internalCounts[a])
		}
	}
	queries.Queue(b.of.sql(upsertTicketsSQL), b.of.Shard, accounts, tickets, versions, opened, updated, publicUpdated,
		changes, publicChanges, public[0], public[1], public[2], internal[0], internal[1], internal[2], audits, lastAudits)
}

// columns are rows of threads.comments.
type columns struct {
	accounts          []int32
	tickets, comments []pgtype.UUID
	positions         []int64
	numbers           []int64
	created, updated  []time.Time
	revisions         []int32
	authorTypes       []int16
	authors           []pgtype.UUID
	publics           []bool
	contents          []pgtype.UUID
	audits            []int64
	channels          []int16
	flags             []int32
}

func (r *columns) add(c *batched) {
	r.accounts = append(r.accounts, int32(c.account))
	r.tickets, r.comments = append(r.tickets, asID(c.ticket)), append(r.comments, asID(c.id))
	r.positions, r.numbers = append(r.positions, int64(c.position)), append(r.numbers, c.Number)
	r.created, r.updated = append(r.created, c.CreatedAt), append(r.updated, c.UpdatedAt)
	r.revisions = append(r.revisions, int32(c.Revision))
	r.authorTypes, r.authors = append(r.authorTypes, int16(c.Author.Type)), append(r.authors, asID(c.Author.ID))
	r.publics, r.contents = append(r.publics, c.Public), append(r.contents, contentColumn(c.Content))
	r.audits, r.channels, r.flags = append(r.audits, c.Audit), append(r.channels, int16(c.Channel)), append(r.flags, int32(c.Flags))
}

func (b *batch) writeComments(queries *pgx.Batch) {
	var changed, deleted columns
	for _, t := range b.order {
		for _, c := range t.comments {
			switch {
			case !c.Exists || c.Deleted && !c.stored:
			case c.Deleted:
				deleted.add(c)
			default:
				changed.add(c)
			}
		}
	}
	if r := &deleted; len(r.comments) > 0 {
		queries.Queue(b.of.sql(deleteCommentsSQL), b.of.Shard, r.accounts, r.comments)
	}
	if r := &changed; len(r.comments) > 0 {
		queries.Queue(b.of.sql(upsertCommentsSQL), b.of.Shard, r.accounts, r.tickets, r.comments, r.positions, r.numbers,
			r.created, r.updated, r.revisions, r.authorTypes, r.authors, r.publics, r.contents, r.audits, r.channels, r.flags)
	}
}
