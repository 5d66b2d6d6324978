package threads

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
)

// A Brief is a ticket with the first of its comments.
type Brief struct {
	Ticket
	First *Comment // that the viewer sees, with its Document; nil: there is none
}

// Briefs returns the tickets with the ids, in their order. Those that the viewer may not
// know of are left out. public: of comments only public ones count. It takes two round
// trips, and others for what the projector has yet to come to; they do not grow with the
// number of tickets.
func (r *Reader) Briefs(ctx context.Context, account domain.AccountID, viewer domain.Actor, public bool, ids ...domain.TicketID) ([]Brief, error) {
	who, ok := audienceOf(viewer)
	if !ok {
		return nil, domain.ErrTicketNotFound
	}
	v, err := r.view(ctx, account, domain.TicketID{})
	if err != nil {
		return nil, err
	}
	defer v.close()
	reads, err := v.briefs(ctx, who, public, ids)
	if err != nil {
		return nil, err
	}
	v.close() // the keyring may need a connection
	return r.openBriefs(ctx, account, who, reads)
}

// briefRead is a brief as it was read.
type briefRead struct {
	*ticketRead
	q     ListQuery // asks for the comment
	page  pageRead
	first []row // one, or none
}

// briefs reads tickets, each with the first of its comments.
func (v *view) briefs(ctx context.Context, who audience, public bool, ids []domain.TicketID) ([]*briefRead, error) {
	var batch pgx.Batch
	read := make([]*briefRead, 0, len(ids))
	for _, id := range ids {
		b := &briefRead{q: ListQuery{Account: v.account, Ticket: id}}
		if public {
			b.q.Internal = new(bool)
		}
		v.queueBrief(&batch, who, b, &read)
	}
	if batch.Len() == 0 {
		return nil, nil
	}
	if err := v.conn.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, failed(err)
	}
	return read, v.catchUp(ctx, who, read)
}

// queueBrief asks for a ticket, which is added to found if there is one.
func (v *view) queueBrief(batch *pgx.Batch, who audience, b *briefRead, found *[]*briefRead) {
	batch.Queue(who.statements().ticket, v.r.shard, v.account, asID(b.q.Ticket), who.requester).Query(func(rows pgx.Rows) error {
		tickets, err := pgx.CollectRows(rows, ticketScan(who, b.q.Ticket))
		if len(tickets) > 0 {
			b.ticketRead = tickets[0]
			*found = append(*found, b)
		}
		return err
	})
	lower, upper, down := b.q.bounds()
	asked := who.pageOf(&b.q, lower, upper, 1)
	batch.Queue(who.page(&b.q, down), asked.args(v.r.shard)...).
		Query(func(rows pgx.Rows) error { return b.page.collect(rows, who) })
}

// catchUp folds what the rows do not show.
func (v *view) catchUp(ctx context.Context, who audience, read []*briefRead) error {
	var batch pgx.Batch
	tails := map[*briefRead]*snapshot{}
	for _, b := range read {
		b.first = b.page.rows
		if b.page.behind() {
			s := newSnapshot(v.r, who, &b.q, v.conn)
			s.queue(&batch, 1+b.page.extra(), false)
			tails[b] = s
		}
	}
	if len(tails) == 0 {
		return nil
	}
	if err := v.conn.SendBatch(ctx, &batch).Close(); err != nil {
		return failed(err)
	}
	var unread []*row
	for b, s := range tails {
		s.settle(1 + b.page.extra())
		var err error
		if b.first, err = s.take(ctx, 1); err != nil {
			return err
		}
		b.thread = s.thread
		for i := range b.first {
			if b.first[i].unread {
				unread = append(unread, &b.first[i])
			}
		}
	}
	return v.fillUnread(ctx, unread)
}

// fillUnread finds the contents of rows that were folded.
func (v *view) fillUnread(ctx context.Context, unread []*row) error {
	ids := make([]pgtype.UUID, len(unread))
	for i, r := range unread {
		ids[i] = asID(r.Content)
	}
	found, err := v.contents(ctx, ids)
	for _, r := range unread {
		content := found[r.Content]
		r.bucket, r.sealed = content.bucket, content.sealed
	}
	return err
}

// openBriefs makes briefs of what was read.
func (r *Reader) openBriefs(ctx context.Context, account domain.AccountID, who audience, read []*briefRead) ([]Brief, error) {
	var buckets []int64
	for _, b := range read {
		if b.sealed != nil {
			buckets = append(buckets, b.bucket)
		}
		for _, c := range b.first {
			if c.sealed != nil {
				buckets = append(buckets, c.bucket)
			}
		}
	}
	if err := r.vault.Prefetch(ctx, buckets); err != nil {
		return nil, failed(err)
	}
	briefs := make([]Brief, len(read))
	for i, b := range read {
		first, err := r.open(ctx, account, b.ID, b.first, true)
		if err != nil {
			return nil, err
		}
		briefs[i].Ticket = b.shown(who)
		if briefs[i].SubjectJSON, err = r.subjectOf(ctx, account, b.ticketRead); err != nil {
			return nil, err
		}
		if len(first) > 0 {
			briefs[i].First = &first[0]
		}
	}
	return briefs, nil
}
