package threads

import (
	"context"
	_ "embed"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections"
)

var (
	//go:embed sql/tables.sql
	tablesSQL string
	//go:embed sql/indexes.sql
	indexesSQL string
	//go:embed sql/constraints.sql
	constraintsSQL string
	//go:embed sql/digests.sql
	digestsSQL string
	//go:embed sql/digests_of.sql
	digestsOfSQL string
)

// Schema returns how the tables are made.
func (p Projection) Schema() projections.Schema {
	return projections.Schema{
		Tables:      p.statements(tablesSQL),
		Indexes:     p.statements(indexesSQL),
		Constraints: p.statements(constraintsSQL),
		Locked:      p.sql("threads.tickets, threads.comments"),
		Digests:     p.sql(digestsSQL),
		DigestsOf:   p.sql(digestsOfSQL),
	}
}

// statements takes a file of statements apart.
func (p Projection) statements(file string) (all []string) {
	for text := range strings.SplitSeq(p.sql(file), ";\n") {
		if text = strings.TrimSpace(text); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// Build begins to fold whole streams.
func (p Projection) Build() projections.Build { return &build{newBatch(p, nil)} }

// build is a batch that builds on no rows, and is written to empty tables. The rows of
// a thread come to lie together, in order: who reads a page then reads few blocks.
type build struct{ *batch }

func (b *build) Add(e *projections.Event) error { return b.add(e) }

const (
	copyTickets = `COPY threads.tickets (opened_at, updated_at, public_updated_at, last_audit, account_id, audits, applied_version, shard,
		ticket_id, last_change_id, last_public_change_id, public_counts, internal_counts) FROM STDIN (FORMAT binary)`
	copyComments = `COPY threads.comments (position, number, audit, created_at, updated_at, account_id, revision, flags, shard,
		author_type, channel, public, comment_id, ticket_id, author_id, content_id) FROM STDIN (FORMAT binary)`
)

// Copy writes the rows, but for tickets that skip names, and rests between pieces of them.
func (b *build) Copy(ctx context.Context, conn *pgconn.PgConn, skip func(domain.AccountID, domain.TicketID) bool, rest func()) error {
	kept := b.order[:0]
	for _, t := range b.order {
		if t.version > 0 && !skip(t.account, t.ticket) {
			kept = append(kept, t)
		}
	}
	b.order = kept
	if _, err := conn.CopyFrom(ctx, newCopyReader(b.copyTicket, rest), b.of.sql(copyTickets)); err != nil {
		return err
	}
	_, err := conn.CopyFrom(ctx, newCopyReader(b.copyThread, rest), b.of.sql(copyComments))
	return err
}

// copyTicket appends the row of the i-th ticket.
func (b *build) copyTicket(dst copyBuffer, i int) (grown copyBuffer, ok bool) {
	if i == len(b.order) {
		return dst, false
	}
	t := b.order[i]
	dst = dst.columns(13)
	dst = dst.time(t.all.OpenedAt).time(t.all.UpdatedAt).time(t.public.UpdatedAt)
	dst = dst.int64(t.lastAudit).int32(int32(t.account)).int32(t.audits).int32(int32(t.version)).int16(b.of.Shard)
	dst = dst.uuid(t.ticket).uuid(t.change).uuid(t.publicChange)
	return dst.int32s(t.publicCounts[:]).int32s(t.internalCounts[:]), true
}

// copyThread appends the rows of the i-th ticket's comments.
func (b *build) copyThread(dst copyBuffer, i int) (grown copyBuffer, ok bool) {
	if i == len(b.order) {
		return dst, false
	}
	for _, c := range b.order[i].comments {
		if !c.Exists || c.Deleted {
			continue
		}
		dst = dst.columns(16)
		dst = dst.int64(int64(c.position)).int64(c.Number).int64(c.Audit).time(c.CreatedAt).time(c.UpdatedAt)
		dst = dst.int32(int32(c.account)).int32(int32(c.Revision)).int32(int32(c.Flags)).int16(b.of.Shard)
		dst = dst.int16(int16(c.Author.Type)).int16(int16(c.Channel)).bool(c.Public)
		dst = dst.uuid(c.id).uuid(c.ticket).uuid(c.Author.ID)
		if c.Content == (domain.ContentID{}) {
			dst = dst.null()
		} else {
			dst = dst.uuid(c.Content)
		}
	}
	return dst, true
}
