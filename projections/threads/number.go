package threads

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
)

//go:embed sql/ticket_by_number.sql
var ticketByNumberSQL string

// TicketByNumber returns the id of the ticket that has a number. It is one look-up.
func (r *Reader) TicketByNumber(ctx context.Context, account domain.AccountID, viewer domain.Actor, number int64) (id domain.TicketID, err error) {
	who, ok := audienceOf(viewer)
	if !ok {
		return id, domain.ErrTicketNotFound
	}
	var found pgtype.UUID
	err = r.pool.QueryRow(ctx, ticketByNumberSQL, number, r.shard, account, who.requester).Scan(&found)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return id, domain.ErrTicketNotFound
	case err != nil:
		return id, failed(err)
	}
	return found.Bytes, nil
}

// CommentByNumber returns the id of the comment of a ticket that has a number. It is
// one look-up and, while the projector is behind with the ticket, a look at what it has
// yet to apply. The error is domain.ErrNotFound in the same cases as that of Get.
func (r *Reader) CommentByNumber(ctx context.Context, account domain.AccountID, viewer domain.Actor, ticket domain.TicketID, number int64) (id domain.CommentID, err error) {
	who, ok := audienceOf(viewer)
	if !ok {
		return id, domain.ErrTicketNotFound
	}
	inner, last := member("number", number)
	var found pgtype.UUID
	err = r.pool.QueryRow(ctx, who.statements().byNumber, r.shard, account, asID(ticket), who.requester, number, inner, last).Scan(&found)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return id, domain.ErrTicketNotFound
	case err != nil:
		return id, failed(err)
	case !found.Valid:
		return id, domain.ErrNotFound
	}
	return found.Bytes, nil
}

// member returns a member of an event's data as the codec writes it behind others, with what
// stands behind it: if others follow, and if it is the last one. (An origin begins with a
// member of the same name as another.)
func member(name string, number int64) (inner, last []byte) {
	text := fmt.Sprintf(`,"%s":%d`, name, number)
	return []byte(text + ","), []byte(text + "}")
}
