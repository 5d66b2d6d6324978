package domain

import "time"

// Comment is the state of one comment. The zero value is a comment that was never
// made.
type Comment struct {
	Exists    bool
	Deleted   bool
	Number    int64
	Audit     int64 // number of the write that made it
	Author    Author
	Public    bool
	Channel   Channel
	Flags     Flags
	Content   ContentID // zero: erased
	CreatedAt time.Time
	UpdatedAt time.Time // strictly increasing in whole seconds
	// Revision is the version, in its ticket's stream, of the last event about
	// this comment. Whoever folds a stream sets it: events do not know their place.
	Revision int
	// Body is the unsealed text. It is set only where Decide needs it: for an
	// UpdateComment that gives a text.
	Body string
}

// Evolve returns the comment after e, an event about this comment.
func (c Comment) Evolve(e Event) Comment {
	at := e.Metadata().At
	switch e := e.(type) {
	case CommentCreated:
		return Comment{
			Exists: true, Number: e.Number, Audit: e.Audit, Author: e.Author, Public: e.Public,
			Channel: e.Channel, Flags: e.Flags, Content: e.Content.ID,
			CreatedAt: at, UpdatedAt: at,
		}
	case CommentEdited:
		c.Content = e.Content.ID
	case CommentMadePrivate:
		c.Public = false
	case CommentMadePublic:
		c.Public = true
	case CommentRedacted:
		if n := len(e.Contents); n > 0 {
			c.Content = e.Contents[n-1].New.ID
		}
	case ContentErased:
		c.Content = ContentID{}
	case CommentDeleted:
		c.Deleted = true
	default:
		return c
	}
	c.UpdatedAt = later(c.UpdatedAt, at)
	return c
}

// VisibleTo reports whether the actor may know that the comment exists, given that
// its ticket is visible to them.
func (c Comment) VisibleTo(a Actor) bool {
	return c.Exists && !c.Deleted && (c.Public || a.SeesInternal())
}
