package threads

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// Version is a text that a comment was given, as redactions have left it.
type Version struct {
	Number     int                // 1, 2, 3 and so on
	Event      domain.EventID     // that brought it
	At         eventstore.Version // of that event
	Author     domain.Author      // of the comment
	Actor      domain.Actor       // who wrote this version
	WrittenAt  time.Time          // UTC
	ReplacedAt time.Time          // by the next version; zero: it is the last one
	Redacted   bool               // it was sealed anew by a redaction, whether or not anything in it was hidden
	Text
}

// Versions gives all versions of a comment, oldest first and deleted or not, to one who
// may see internal notes; chunk must not keep them. It costs what the comment has been
// through, however long the thread is; texts are read in portions. As Stream does, it
// keeps a connection. The error is domain.ErrNotFound if the ticket has no such
// comment; one of chunk ends it and is returned as it is.
func (r *Reader) Versions(ctx context.Context, account domain.AccountID, ticket domain.TicketID, comment domain.CommentID, viewer domain.Actor, chunk func([]Version) error) error {
	who, ok := audienceOf(viewer)
	if !ok || who.public {
		return domain.ErrTicketNotFound
	}
	select {
	case r.streams <- struct{}{}:
		defer func() { <-r.streams }()
	case <-ctx.Done():
		return failed(context.Cause(ctx))
	}
	v, err := r.view(ctx, account, ticket)
	if err != nil {
		return err
	}
	defer v.close()
	if _, err := v.version(ctx, who); err != nil {
		return err
	}
	said, author, err := v.wordings(ctx, comment)
	if err != nil {
		return err
	}
	for done, want := 0, pastChunk; done < len(said); {
		part := said[done:min(len(said), done+want)]
		rows := make([]row, len(part))
		for i := range part {
			rows[i].ID, rows[i].Content = comment, part[i].content
		}
		if err := v.fill(ctx, rows); err != nil {
			return err
		}
		if done += len(part); done == len(said) {
			v.close()
		}
		want = fitting(rows)
		texts, err := r.open(ctx, account, ticket, rows, false)
		if err != nil {
			return err
		}
		versions := make([]Version, len(part))
		for i, w := range part {
			versions[i] = Version{
				Number: done - len(part) + i + 1, Event: w.event, At: w.version, Author: author, Actor: w.by.Actor,
				WrittenAt: w.by.At, ReplacedAt: w.replacedAt, Redacted: w.redacted,
				Text: Text{BodyJSON: texts[i].BodyJSON, Destroyed: texts[i].Destroyed},
			}
		}
		if err := chunk(versions); err != nil {
			return err
		}
	}
	return nil
}

// wordings returns the texts that a comment was given, and its author.
func (v *view) wordings(ctx context.Context, comment domain.CommentID) (said wordings, author domain.Author, err error) {
	err = v.chains(ctx, []pgtype.UUID{asID(comment)}, false, func(e *eventstore.Recorded) {
		fact, err := e.Decode()
		if err != nil { // the projector has raised the alarm
			return
		}
		if created, ok := fact.(domain.CommentCreated); ok {
			author = created.Author
		}
		said.add(e, fact)
	})
	if err == nil && said == nil {
		err = domain.ErrNotFound
	}
	return said, author, err
}
