package threads

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// Ticket returns a ticket and what is known of its thread.
func (r *Reader) Ticket(ctx context.Context, account domain.AccountID, id domain.TicketID, viewer domain.Actor) (Ticket, error) {
	who, ok := audienceOf(viewer)
	if !ok {
		return Ticket{}, domain.ErrTicketNotFound
	}
	read, err := r.readTicket(ctx, r.pool, who, account, id)
	if err != nil {
		return Ticket{}, err
	}
	if read.behind() {
		s, err := r.snapshot(ctx, who, &ListQuery{Account: account, Ticket: id, Viewer: viewer}, 0, false)
		if err != nil {
			return Ticket{}, err
		}
		read, err = r.readTicket(ctx, s.conn, who, account, id)
		s.close()
		if err != nil {
			return Ticket{}, err
		}
		read.thread = s.thread
	}
	t := read.shown(who)
	t.SubjectJSON, err = r.subjectOf(ctx, account, read)
	return t, err
}

// shown is what an audience is shown of the ticket, but for its subject.
func (read *ticketRead) shown(who audience) Ticket {
	t := read.Ticket
	t.Thread = read.thread.seenBy(who)
	if t.OpenedAt.IsZero() { // it has no row yet: all was folded
		t.OpenedAt = read.thread.public.OpenedAt
	}
	return t
}

// subjectOf opens the subject of a ticket, as in Ticket.SubjectJSON.
func (r *Reader) subjectOf(ctx context.Context, account domain.AccountID, read *ticketRead) ([]byte, error) {
	if read.sealed == nil {
		return nil, nil
	}
	subject, err := r.text(ctx, vault.OfSubject(account, read.ID, read.subject), read.subject, row{bucket: read.bucket, sealed: read.sealed})
	return subject.BodyJSON, err
}

// ticketRead is the result of ticket.sql.
type ticketRead struct {
	pageRead
	Ticket
	subject domain.ContentID
	bucket  int64
	sealed  []byte
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func (r *Reader) readTicket(ctx context.Context, db querier, who audience, account domain.AccountID, id domain.TicketID) (*ticketRead, error) {
	rows, err := db.Query(ctx, who.statements().ticket, r.shard, account, asID(id), who.requester)
	if err != nil {
		return nil, failed(err)
	}
	read, err := pgx.CollectExactlyOneRow(rows, ticketScan(who, id))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, domain.ErrTicketNotFound
	case err != nil:
		return nil, failed(err)
	}
	return read, nil
}

// ticketScan reads the row that ticket.sql has of a ticket.
func ticketScan(who audience, id domain.TicketID) pgx.RowToFunc[*ticketRead] {
	return func(row pgx.CollectableRow) (*ticketRead, error) {
		v := row.RawValues()
		read := new(ticketRead)
		read.ID = id
		read.thread, read.state = ticketRow(v, who)
		var opened *time.Time
		var requester, subject pgtype.UUID
		var bucket, lastAudit *int64
		var audits *int32
		err := row.Scan(nil, nil, nil, nil, nil, nil, &opened, &read.Number, &read.Status, &requester,
			&read.DefaultPublic, &read.LegalHold, &subject, &bucket, &read.sealed, &audits, &lastAudit)
		if audits != nil && read.applied {
			read.thread.audits, read.thread.lastAudit = *audits, *lastAudit
		}
		if opened != nil && read.applied {
			read.OpenedAt = opened.UTC()
		}
		if bucket != nil {
			read.subject, read.bucket = subject.Bytes, *bucket
		}
		if requester.Valid {
			read.thread.requester = (*domain.UserID)(&requester.Bytes)
		}
		return read, err
	}
}

// Validator returns the ChangeID of a thread: two look-ups, whatever happened to it
// and however far the projector has come.
func (r *Reader) Validator(ctx context.Context, account domain.AccountID, ticket domain.TicketID, viewer domain.Actor) (id domain.EventID, err error) {
	who, ok := audienceOf(viewer)
	if !ok {
		return id, domain.ErrTicketNotFound
	}
	var change pgtype.UUID
	err = r.pool.QueryRow(ctx, who.statements().validator, r.shard, account, asID(ticket), who.requester).Scan(&change)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return id, domain.ErrTicketNotFound
	case err != nil:
		return id, failed(err)
	}
	return change.Bytes, nil
}
