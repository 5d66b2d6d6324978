package threads

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
)

// Text is what a comment, or a ticket's subject, once said, as redactions have left
// it. The zero value is no text.
type Text struct {
	BodyJSON  []byte // a JSON string, quotes included
	Destroyed bool   // nothing is left of it
}

// replaced returns the content that stands in the place of another one after a later
// event about its comment: the zero id if it was erased.
func replaced(content domain.ContentID, by domain.Event) domain.ContentID {
	switch e := by.(type) {
	case domain.CommentRedacted:
		return domain.ReplacedBy(e.Contents, content)
	case domain.ContentErased:
		return domain.ContentID{}
	}
	return content
}

// wording is a text that a comment was given.
type wording struct {
	version    eventstore.Version // of the event that brought it
	event      domain.EventID     // likewise
	by         domain.Meta        // likewise
	content    domain.ContentID   // that is there for it today; zero: erased
	redacted   bool
	replacedAt time.Time // by the next one; zero: the comment says it today
}

// wordings are all texts that a comment was given, oldest first.
type wordings []wording

// add notes the next event about the comment.
func (w *wordings) add(e *eventstore.Recorded, fact domain.Event) {
	switch fact := fact.(type) {
	case domain.CommentCreated:
		w.append(e, fact.Meta, fact.Content.ID)
	case domain.CommentEdited:
		w.append(e, fact.Meta, fact.Content.ID)
	case domain.CommentRedacted:
		news := make(map[domain.ContentID]domain.ContentID, len(fact.Contents))
		for _, c := range fact.Contents {
			news[c.Old] = c.New.ID
		}
		for i := range *w {
			if id, ok := news[(*w)[i].content]; ok {
				(*w)[i].content, (*w)[i].redacted = id, true
			}
		}
	case domain.ContentErased:
		for i := range *w {
			(*w)[i].content = domain.ContentID{}
		}
	}
}

func (w *wordings) append(e *eventstore.Recorded, by domain.Meta, content domain.ContentID) {
	if n := len(*w); n > 0 {
		(*w)[n-1].replacedAt = by.At
	}
	*w = append(*w, wording{version: e.Version, event: e.ID, by: by, content: content})
}

// text opens a content in its place. If its key was destroyed after the row was read, the
// content is under another one by now.
func (r *Reader) text(ctx context.Context, place vault.Place, id domain.ContentID, content row) (Text, error) {
	for range maxMoves {
		if content.sealed == nil {
			return Text{Destroyed: true}, nil
		}
		_, body, err := r.body(ctx, nil, place, content.bucket, content.sealed)
		if !errors.Is(err, vault.ErrDestroyed) {
			return Text{BodyJSON: body}, err
		}
		now, err := r.contents(ctx, []pgtype.UUID{asID(id)})
		if err != nil {
			return Text{}, err
		}
		if now[id].bucket == content.bucket {
			return Text{Destroyed: true}, nil
		}
		content = now[id]
	}
	return Text{}, failed(errMoving)
}
