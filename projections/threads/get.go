package threads

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// GetWhole is Get, with the Document.
func (r *Reader) GetWhole(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.CommentID, viewer domain.Actor) (Comment, error) {
	return r.get(ctx, account, ticket, id, viewer, true)
}

// Get returns one comment. The error is domain.ErrNotFound if the viewer sees the
// ticket and no such comment in it: it may never have been, be deleted, be on another
// ticket, or be a note that the viewer may not know of.
func (r *Reader) Get(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.CommentID, viewer domain.Actor) (Comment, error) {
	return r.get(ctx, account, ticket, id, viewer, false)
}

func (r *Reader) get(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.CommentID, viewer domain.Actor, whole bool) (Comment, error) {
	who, ok := audienceOf(viewer)
	if !ok {
		return Comment{}, domain.ErrTicketNotFound
	}
	var (
		revision, rowRevision *int32
		number, bucket        *int64
		authorType            *int16
		author, content       pgtype.UUID
		public                *bool
		sealed                []byte
		position              *eventstore.Position
		created, updated      *time.Time
		audit                 *int64
		channel               *domain.Channel
		flags                 *int32
		applied               eventstore.Version
	)
	err := r.pool.QueryRow(ctx, commentSQL, r.shard, account, asID(ticket), who.requester, asID(id)).Scan(
		&revision, &number, &authorType, &author, &public, &content, &bucket, &sealed,
		&rowRevision, &position, &created, &updated, &audit, &channel, &flags, &applied)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Comment{}, domain.ErrTicketNotFound
	case err != nil:
		return Comment{}, failed(err)
	case revision == nil:
		return Comment{}, domain.ErrNotFound
	}
	c := comment{id: id}
	if rowRevision != nil && eventstore.Version(*rowRevision) <= applied {
		c.Comment = domain.Comment{Exists: true, CreatedAt: created.UTC(), UpdatedAt: updated.UTC(), Revision: int(*rowRevision),
			Audit: *audit, Channel: *channel, Flags: domain.Flags(*flags)}
		c.position = *position
	}
	if c.Revision != int(*revision) {
		if err := r.foldComment(ctx, account, ticket, &c, applied, eventstore.Version(*revision)); err != nil {
			return Comment{}, err
		}
		if !c.Exists || c.torn && who.public {
			return Comment{}, domain.ErrNotFound
		}
	}
	one := row{sealed: sealed, Comment: Comment{
		ID: id, Author: domain.Author{Type: domain.AuthorType(*authorType), ID: author.Bytes},
		Public: *public, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, Revision: int(*revision),
		Position: c.position, Number: *number, Content: content.Bytes,
		Audit: c.Audit, Channel: c.Channel, Flags: c.Flags,
	}}
	if bucket != nil {
		one.bucket = *bucket
	}
	comments, err := r.open(ctx, account, ticket, []row{one}, whole)
	if err != nil {
		return Comment{}, err
	}
	return comments[0], nil
}

// foldComment brings the times of a comment up to date with what its row does not
// contain. The log never changes, so this needs no snapshot in common with the row.
func (r *Reader) foldComment(ctx context.Context, account domain.AccountID, ticket domain.TicketID, c *comment, after, to eventstore.Version) error {
	rows, err := r.pool.Query(ctx, commentTailSQL, r.shard, account, asID(ticket), asID(c.id), after, to)
	if err != nil {
		return failed(err)
	}
	events, err := pgx.CollectRows(rows, eventstore.ScanRecorded)
	if err != nil {
		return failed(err)
	}
	for _, e := range events {
		if c.position == 0 {
			c.position = e.Position
		}
		fact, err := e.Decode()
		if err != nil { // the projector has raised the alarm
			c.torn = true
			continue
		}
		c.Comment = c.Evolve(fact)
	}
	return nil
}
