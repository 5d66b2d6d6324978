package threads

import (
	"context"
	_ "embed"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/audit_version.sql
var auditVersionSQL string

// mostAudits is how many audits a page has that asks for no number of them.
const mostAudits = 100

// Audits returns a page of a ticket's audits, with what they said as redactions have
// left it. All of it is seen at one moment.
func (r *Reader) Audits(ctx context.Context, q AuditQuery) (AuditPage, error) {
	if q.Limit == 0 {
		q.Limit = mostAudits
	}
	who, ok := audienceOf(q.Viewer)
	if !ok || who.public {
		return AuditPage{}, domain.ErrTicketNotFound
	}
	v, err := r.view(ctx, q.Account, q.Ticket)
	if err != nil {
		return AuditPage{}, err
	}
	defer v.close()
	var page AuditPage
	if page.Total, err = v.auditCount(ctx, who); err != nil {
		return AuditPage{}, err
	}
	walk, from := q.walk()
	if err := walk.run(ctx, v, ticketEvents(from, walk.down)); err != nil {
		return AuditPage{}, err
	}
	entries := walk.page(&page.More)
	if page.Audits, err = v.audits(ctx, r, entries); err != nil {
		return AuditPage{}, err
	}
	if q.Desc {
		slices.Reverse(page.Audits)
	}
	return page, nil
}

// AuditCount returns how many audits a ticket has. It costs no more than its tail does.
func (r *Reader) AuditCount(ctx context.Context, account domain.AccountID, ticket domain.TicketID, viewer domain.Actor) (int, error) {
	who, ok := audienceOf(viewer)
	if !ok || who.public {
		return 0, domain.ErrTicketNotFound
	}
	v, err := r.view(ctx, account, ticket)
	if err != nil {
		return 0, err
	}
	defer v.close()
	return v.auditCount(ctx, who)
}

func (v *view) auditCount(ctx context.Context, who audience) (int, error) {
	read, err := v.r.readTicket(ctx, v.conn, who, v.account, v.ticket)
	if err != nil {
		return 0, err
	}
	t := &read.thread
	for t.version < read.version {
		events, err := v.stream(ctx, t.version, foldChunk)
		if err != nil {
			return 0, err
		}
		if len(events) == 0 {
			break
		}
		for i := range events {
			fact, err := events[i].Decode()
			if err != nil {
				fact = nil // the projector has raised the alarm
			}
			t.fold(&events[i], fact, nil)
		}
	}
	return int(t.audits), nil
}

// AuditByNumber returns one audit of a ticket. The error is ErrNoAudit if there is no
// such audit. One that has made a comment is found by an index once the projector has
// come to it; others are searched for among the events of the ticket.
func (r *Reader) AuditByNumber(ctx context.Context, account domain.AccountID, ticket domain.TicketID, viewer domain.Actor, number int64) (Audit, error) {
	who, ok := audienceOf(viewer)
	if !ok || who.public {
		return Audit{}, domain.ErrTicketNotFound
	}
	v, err := r.view(ctx, account, ticket)
	if err != nil {
		return Audit{}, err
	}
	defer v.close()
	if _, err := v.version(ctx, who); err != nil {
		return Audit{}, err
	}
	inner, last := member("audit", number)
	var at eventstore.Version
	err = v.conn.QueryRow(ctx, auditVersionSQL, r.shard, account, asID(ticket), number, inner, last).Scan(&at)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Audit{}, ErrNoAudit
	case err != nil:
		return Audit{}, failed(err)
	}
	// The events of a write stand next to each other, and are few.
	walk := auditWalk{most: 2 * eventsOfWrite}
	if err := walk.run(ctx, v, ticketEvents(max(0, at-eventsOfWrite), false)); err != nil {
		return Audit{}, err
	}
	for _, g := range walk.groups {
		if g.number == number {
			walk.groups = []auditGroup{g}
			audits, err := v.audits(ctx, r, walk.entries())
			if err != nil {
				return Audit{}, err
			}
			return audits[0], nil
		}
	}
	return Audit{}, ErrNoAudit // none of its events shows
}

// eventsOfWrite is more than one write can have.
const eventsOfWrite = 8
