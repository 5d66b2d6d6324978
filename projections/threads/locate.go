package threads

import (
	"context"
	_ "embed"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections"
)

var (
	//go:embed sql/located_by_id.sql
	locatedByIDSQL string
	//go:embed sql/located_by_number.sql
	locatedByNumberSQL string
)

// Location says where a comment is.
type Location struct {
	Ticket       domain.TicketID
	TicketNumber int64
	Comment      domain.CommentID
	Number       int64
}

// Locate finds a comment in whatever ticket of the account. The error is
// domain.ErrNotFound if there is none that the viewer may see.
func (r *Reader) Locate(ctx context.Context, account domain.AccountID, viewer domain.Actor, comment domain.CommentID) (Location, error) {
	return r.locate(ctx, account, viewer, locatedByIDSQL, asID(comment))
}

// LocateByNumber is Locate for who knows the number. It is a look-up and, while the
// projector is behind, a look at what the account has written meanwhile. A ticket in
// quarantine may not be found.
func (r *Reader) LocateByNumber(ctx context.Context, account domain.AccountID, viewer domain.Actor, number int64) (Location, error) {
	applied, err := projections.AppliedTo(ctx, r.pool, Name, r.shard)
	if err != nil {
		return Location{}, failed(err)
	}
	inner, last := member("number", number)
	return r.locate(ctx, account, viewer, locatedByNumberSQL, number, applied, inner, last)
}

func (r *Reader) locate(ctx context.Context, account domain.AccountID, viewer domain.Actor, sql string, args ...any) (at Location, err error) {
	who, ok := audienceOf(viewer)
	if !ok {
		return at, domain.ErrNotFound
	}
	var ticket, comment pgtype.UUID
	args = append([]any{r.shard, account, who.requester}, args...)
	err = r.pool.QueryRow(ctx, sql, args...).Scan(&ticket, &at.TicketNumber, &comment, &at.Number)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return at, domain.ErrNotFound
	case err != nil:
		return at, failed(err)
	}
	at.Ticket, at.Comment = ticket.Bytes, comment.Bytes
	return at, nil
}
