package threads

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections"
)

// TicketOrder is what a list of tickets is sorted by.
type TicketOrder int

// Times are those that the viewer sees.
const (
	ByNumber TicketOrder = iota
	ByOpened
	ByUpdated
)

// TicketPlace is where a ticket stands in a list. The zero value is nowhere.
type TicketPlace struct {
	Number int64
	At     time.Time // that counts for the order; none for ByNumber
}

// TicketQuery asks for tickets of an account: customers are given their own.
type TicketQuery struct {
	Account   domain.AccountID
	Viewer    domain.Actor
	Requester *domain.UserID // whose tickets; nil: anybody's
	// Statuses are those that the tickets of a requester may have; nil: any. Of the
	// tickets of an account there is no choice, as it would cost reading the others.
	Statuses []domain.Status
	Order    TicketOrder
	Desc     bool
	Limit    int
	// After and Before are as in ListQuery; only one may be given.
	After, Before TicketPlace
	Skip          int  // as in ListQuery
	Count         bool // the Total is asked for
	Public        bool // of comments only public ones count
}

// TicketPage is a part of a list of tickets.
type TicketPage struct {
	Briefs []Brief
	More   bool // as in Page
	Total  int  // of tickets that the query matches, MaxTotal at most
}

// MaxTotal is how far tickets are counted.
const MaxTotal = 10_001

// Tickets returns a page of a list of tickets. By number it costs what is on the page and
// what is skipped. By time it costs, beyond that, the tickets that the projector has yet to
// come to: they are folded, and take the places that they have by now. A requester's
// tickets are all looked at to sort them by time.
func (r *Reader) Tickets(ctx context.Context, q TicketQuery) (page TicketPage, err error) {
	who, ok := audienceOf(q.Viewer)
	if !ok {
		return page, domain.ErrTicketNotFound
	}
	l := ticketList{TicketQuery: &q, who: who, requester: who.requester}
	if q.Requester != nil {
		if who.public && *q.Requester != q.Viewer.ID {
			return page, nil
		}
		l.requester = asID(*q.Requester)
	}
	if q.Order != ByNumber { // before the snapshot, which then has all of it and perhaps more
		if l.applied, err = projections.AppliedTo(ctx, r.pool, Name, r.shard); err != nil {
			return page, failed(err)
		}
	}
	if l.view, err = r.view(ctx, q.Account, domain.TicketID{}); err != nil {
		return page, err
	}
	defer l.close()
	reads, err := l.read(ctx)
	if err != nil {
		return page, err
	}
	if q.Count {
		if page.Total, err = l.count(ctx); err != nil {
			return page, err
		}
	}
	l.close() // the keyring may need a connection
	if page.More = len(reads) > q.Limit; page.More {
		reads = reads[:q.Limit]
	}
	if l.reversed() {
		slices.Reverse(reads)
	}
	page.Briefs, err = r.openBriefs(ctx, q.Account, who, reads)
	return page, err
}

// place is where b stands in a list of this order.
func (b *Brief) place(order TicketOrder) TicketPlace {
	p := TicketPlace{Number: b.Number}
	switch order {
	case ByOpened:
		p.At = b.OpenedAt
	case ByUpdated:
		p.At = b.UpdatedAt
	}
	return p
}

// Place is where the brief stands in the list that q asks for.
func (q *TicketQuery) Place(b *Brief) TicketPlace { return b.place(q.Order) }

// reversed: as of ListQuery.
func (q *TicketQuery) reversed() bool { return q.Before != TicketPlace{} }

// down: the list is read from its greater end.
func (q *TicketQuery) down() bool { return q.Desc != q.reversed() }

// bounds are the places between which the tickets lie, the lesser first.
func (q *TicketQuery) bounds() (lower, upper TicketPlace) {
	if q.Desc {
		return q.Before, q.After
	}
	return q.After, q.Before
}

// ticketList is a query that is being answered.
type ticketList struct {
	*TicketQuery
	*view
	who       audience
	requester pgtype.UUID
	applied   position
}

// read returns the tickets of the page, and one more if there is any, in the direction in
// which they are read.
func (l *ticketList) read(ctx context.Context) ([]*briefRead, error) {
	if l.Order != ByNumber {
		return l.readByTime(ctx)
	}
	ids, err := l.byNumber(ctx)
	if err != nil {
		return nil, err
	}
	return l.briefs(ctx, l.who, l.Public, ids)
}

// standing is a ticket in an order of time.
type standing struct {
	id   domain.TicketID
	at   time.Time
	read *briefRead // nil: not yet
}

func (s *standing) compare(other *standing) int {
	return cmp.Or(s.at.Compare(other.at), bytes.Compare(s.id[:], other.id[:]))
}

func (l *ticketList) readByTime(ctx context.Context) ([]*briefRead, error) {
	lower, upper, err := l.ends(ctx)
	if err != nil {
		return nil, err
	}
	moved, err := l.moved(ctx)
	if err != nil {
		return nil, err
	}
	all, err := l.byTime(ctx, lower, upper, l.Skip+l.Limit+1+len(moved))
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s standing) bool { _, late := moved[s.id]; return late })
	for _, read := range moved {
		s := standing{id: read.ID, at: l.timeOf(read), read: read}
		if l.asksFor(read) && (lower == nil || s.compare(lower) > 0) && (upper == nil || s.compare(upper) < 0) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b standing) int {
		if l.down() {
			return b.compare(&a)
		}
		return a.compare(&b)
	})
	all = all[min(l.Skip, len(all)):]
	return l.complete(ctx, all[:min(l.Limit+1, len(all))])
}

// complete reads those that have not been read.
func (l *ticketList) complete(ctx context.Context, page []standing) ([]*briefRead, error) {
	var ids []domain.TicketID
	for _, s := range page {
		if s.read == nil {
			ids = append(ids, s.id)
		}
	}
	read, err := l.briefs(ctx, l.who, l.Public, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[domain.TicketID]*briefRead, len(read))
	for _, b := range read {
		byID[b.ID] = b
	}
	reads := make([]*briefRead, 0, len(page))
	for _, s := range page {
		if s.read == nil {
			s.read = byID[s.id]
		}
		if s.read != nil {
			reads = append(reads, s.read)
		}
	}
	return reads, nil
}

// timeOf is the time of a ticket that counts for the order.
func (l *ticketList) timeOf(b *briefRead) time.Time {
	shown := Brief{Ticket: b.shown(l.who)}
	return shown.place(l.Order).At
}

// asksFor reports whether a ticket is one that the query asks for, on whatever page.
func (l *ticketList) asksFor(b *briefRead) bool {
	if !l.requester.Valid {
		return true
	}
	return b.thread.requester != nil && *b.thread.requester == l.requester.Bytes && (l.Statuses == nil || slices.Contains(l.Statuses, b.Status))
}

// moved reads the tickets of which the rows may not know the latest.
func (l *ticketList) moved(ctx context.Context) (map[domain.TicketID]*briefRead, error) {
	ids, err := l.late(ctx)
	if err != nil {
		return nil, err
	}
	read, err := l.briefs(ctx, l.who, l.Public, ids)
	moved := make(map[domain.TicketID]*briefRead, len(read))
	for _, b := range read {
		moved[b.ID] = b
	}
	return moved, err
}
