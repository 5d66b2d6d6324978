package threads

import (
	"context"
	_ "embed"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/audited_account.sql
	auditedAccountText string
	//go:embed sql/position_before.sql
	positionBeforeSQL string
	//go:embed sql/tickets_of.sql
	ticketsOfSQL string
)

// auditedAccountSQL is by direction.
var auditedAccountSQL = [2]string{
	strings.NewReplacer("{granule}", "position >> 8", "{order}", "position").Replace(auditedAccountText),
	strings.NewReplacer("{granule}", "position >> 8 DESC", "{order}", "position DESC").Replace(auditedAccountText),
}

// AccountAuditQuery asks for audits of all tickets of an account, in the order of the
// writes.
type AccountAuditQuery struct {
	Account domain.AccountID
	Viewer  domain.Actor // one who may see internal notes: an audit hides nothing
	Desc    bool         // the newest comes first
	Limit   int          // of audits on the page; 0: a hundred
	// After and Before are Positions of audits, as in ListQuery; only one may be given.
	After, Before eventstore.Position
	// From and To are positions between which the audits lie, from behind the one up to
	// and with the other. To of 0 sets no end.
	From, To eventstore.Position
}

// AccountAuditPage is a part of the audits of an account.
type AccountAuditPage struct {
	Audits  []Audit
	Tickets map[domain.TicketID]AuditTicket // of the audits
	// More is as in AuditPage.
	More bool
}

// AuditTicket is what is said of a ticket beside its audits.
type AuditTicket struct {
	Number    int64
	Requester *domain.UserID
}

// AccountAudits returns a page of an account's audits, as Audits does for one ticket. It
// costs what is on the page, and at most 256 events of the account that are not, however
// much the account or others have written. No audit is on two pages, or on none: a write is
// in the log as a whole, and what is written later stands behind it.
func (r *Reader) AccountAudits(ctx context.Context, q AccountAuditQuery) (page AccountAuditPage, err error) {
	if q.Limit == 0 {
		q.Limit = mostAudits
	}
	if who, ok := audienceOf(q.Viewer); !ok || who.public {
		return page, domain.ErrTicketNotFound
	}
	v, err := r.view(ctx, q.Account, domain.TicketID{})
	if err != nil {
		return page, err
	}
	defer v.close()
	walk, next := q.walk()
	if err := walk.run(ctx, v, next); err != nil {
		return page, err
	}
	entries := walk.page(&page.More)
	if page.Tickets, err = v.auditTickets(ctx, entries); err != nil {
		return page, err
	}
	if page.Audits, err = v.audits(ctx, r, entries); err != nil {
		return page, err
	}
	if q.Desc {
		slices.Reverse(page.Audits)
	}
	return page, nil
}

// walk returns how the query's audits are read. Cursors are as in AuditQuery.
func (q *AccountAuditQuery) walk() (*auditWalk, auditSource) {
	w := &auditWalk{down: q.Desc != (q.Before != 0), most: q.Limit}
	lower, upper := q.From, eventstore.Position(math.MaxInt64)
	if q.To != 0 {
		upper = q.To + 1
	}
	switch cursor := max(q.After, q.Before); {
	case cursor == 0:
	case w.down && cursor < upper:
		upper, w.skip = cursor+1, 1
	case !w.down:
		lower = max(lower, cursor)
	}
	return w, accountEvents(lower, upper, w.down, int64(min(q.Limit+1, auditChunk)))
}

// accountEvents are the events of the view's account that show in audits, in one direction
// between two positions that are not among them; chunk of them at a time, or a few more.
func accountEvents(lower, upper eventstore.Position, down bool, chunk int64) auditSource {
	return func(ctx context.Context, v *view) ([]eventstore.Recorded, bool, error) {
		events := make([]eventstore.Recorded, 0, chunk)
		err := v.each(ctx, func(e *eventstore.Recorded) { events = append(events, *e) },
			auditedAccountSQL[direction(down)], v.r.shard, v.account, lower, upper, chunk)
		if n := len(events); n > 0 && down {
			upper = events[n-1].Position
		} else if n > 0 {
			lower = events[n-1].Position
		}
		return events, int64(len(events)) >= chunk, err
	}
}

// auditTickets reads what is to be known of the tickets of some events.
func (v *view) auditTickets(ctx context.Context, entries []Entry) (map[domain.TicketID]AuditTicket, error) {
	found := make(map[domain.TicketID]AuditTicket)
	var ids []pgtype.UUID
	for i := range entries {
		if _, asked := found[entries[i].Ticket]; !asked {
			found[entries[i].Ticket] = AuditTicket{}
			ids = append(ids, asID(entries[i].Ticket))
		}
	}
	if len(ids) == 0 {
		return found, nil
	}
	rows, err := v.conn.Query(ctx, ticketsOfSQL, v.r.shard, v.account, ids)
	if err != nil {
		return nil, failed(err)
	}
	var id, requester pgtype.UUID
	var number int64
	_, err = pgx.ForEachRow(rows, []any{&id, &number, &requester}, func() error {
		t := AuditTicket{Number: number}
		if requester.Valid {
			t.Requester = new(domain.UserID)
			*t.Requester = requester.Bytes
		}
		found[id.Bytes] = t
		return nil
	})
	if err != nil {
		return nil, failed(err)
	}
	return found, nil
}

// PositionBefore returns the last position of the log, of whatever account, that was
// recorded before a moment. It is some thirty look-ups.
func (r *Reader) PositionBefore(ctx context.Context, moment time.Time) (eventstore.Position, error) {
	at, _, err := r.positionBefore(ctx, &moment, 0)
	return at, err
}

// PositionAgo is PositionBefore of the second that began an age ago by the clock of the
// log, which it returns. No statement takes as long as a minute, so whatever was recorded
// a minute ago can be read.
func (r *Reader) PositionAgo(ctx context.Context, age time.Duration) (eventstore.Position, time.Time, error) {
	return r.positionBefore(ctx, nil, int(age.Seconds()))
}

func (r *Reader) positionBefore(ctx context.Context, moment *time.Time, age int) (at eventstore.Position, began time.Time, err error) {
	if err := r.pool.QueryRow(ctx, positionBeforeSQL, r.shard, moment, age).Scan(&at, &began); err != nil {
		return 0, time.Time{}, failed(err)
	}
	return at, began.UTC(), nil
}
