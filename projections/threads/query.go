package threads

import (
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// ListQuery asks for comments of a ticket, in the order in which they were made.
type ListQuery struct {
	Account domain.AccountID
	Ticket  domain.TicketID
	Viewer  domain.Actor // is shown what it may see
	Desc    bool         // the newest comes first
	Limit   int          // of comments on the page; 0: all there are
	// After and Before are positions of comments: the page follows the one, or ends
	// just before the other. 0: the page begins at the beginning. With both, the
	// page follows After and stops before Before.
	After, Before eventstore.Position
	Internal      *bool             // only notes, or only what is public; nil: either
	Author        domain.AuthorType // 0: any; below zero: any but that
	// From is a position behind which all comments lie. What lies before it is counted
	// for the Total, an index entry for each; of a page with a cursor there is none then.
	From  eventstore.Position
	Whole bool // comments come with their Document
	// Skip passes over so many comments at the beginning, if there is neither After nor
	// Before. It costs an index entry for each.
	Skip int
}

// Comment is a comment as its viewer sees it.
type Comment struct {
	ID        domain.CommentID
	Author    domain.Author
	Public    bool
	CreatedAt time.Time // UTC
	UpdatedAt time.Time // UTC; strictly increasing in whole seconds from change to change
	// Revision and Position count hidden events too: the one is for commands, the
	// other for cursors, and neither is for showing.
	Revision int
	Position eventstore.Position
	Number   int64
	Content  domain.ContentID
	// BodyJSON is the text as a JSON string, quotes included. It is nil if Destroyed
	// is true: the text, or the key to it, has been destroyed.
	BodyJSON  []byte
	Destroyed bool
	Deleted   bool  // nobody is shown it but in an audit
	Audit     int64 // number of the write that made it
	Channel   domain.Channel
	Flags     domain.Flags
	Document  *Document // nil unless the query asks for it, and if Destroyed is true
}

// Document is all that is sealed with the text of a comment.
type Document struct {
	domain.Body
	Client domain.Client
}

// Thread is what the viewer of a ticket may know of all its comments.
type Thread struct {
	// ChangeID names the last event that the viewer may know of. Whatever the viewer
	// sees of the ticket and its comments is the same while it is.
	ChangeID  domain.EventID
	Version   eventstore.Version // up to which this shows the stream; it counts hidden events, and is not for showing
	UpdatedAt time.Time          // UTC, of the ticket or any of its comments
	Requester *domain.UserID     // nil: nobody
	public    counts
	internal  counts
}

// Count is the number of comments, by author type (0: any; below zero: any but that) and
// by visibility (nil: either) among those that the viewer may see.
func (t *Thread) Count(author domain.AuthorType, internal *bool) int {
	var n int32
	if internal == nil || !*internal {
		n += t.public.of(author)
	}
	if internal == nil || *internal {
		n += t.internal.of(author)
	}
	return int(n)
}

// Page is a part of a thread.
type Page struct {
	Thread
	Total    int // of comments that the query matches, on whatever page
	Comments []Comment
	// More: there are further comments after the page or, if the query gave Before
	// and not After, before it.
	More bool
}

// Ticket is a ticket as its viewer sees it.
type Ticket struct {
	Thread
	ID            domain.TicketID
	Number        int64
	Status        domain.Status
	DefaultPublic bool
	LegalHold     *bool     // nothing is redacted or erased; nil if the viewer may not know
	OpenedAt      time.Time // UTC
	// SubjectJSON is the subject as a JSON string; nil if there is none or it is
	// destroyed.
	SubjectJSON []byte
}

// bounds are the positions between which the comments of a query lie, and whether
// they are read from the upper one downwards.
func (q *ListQuery) bounds() (lower, upper eventstore.Position, down bool) {
	lower, upper = 0, 1<<63-1
	after, before := q.After, q.Before
	if q.Desc {
		after, before = before, after
	}
	if after != 0 {
		lower = after
	}
	if before != 0 {
		upper = before
	}
	lower = max(lower, q.From)
	return lower, upper, q.Desc != q.reversed()
}

// whole: the page begins at the beginning of the thread.
func (q *ListQuery) whole() bool { return q.After == 0 && q.Before == 0 && q.From == 0 }

// reversed: a page that ends before some comment is read from there backwards.
func (q *ListQuery) reversed() bool { return q.Before != 0 && q.After == 0 && q.Limit > 0 }

// matches reports whether a comment that the viewer may see is asked for.
func (q *ListQuery) matches(c *comment) bool {
	by := q.Author == 0 || q.Author == c.Author.Type || q.Author < 0 && -q.Author != c.Author.Type
	return by && (q.Internal == nil || *q.Internal != c.Public)
}

func (q *ListQuery) filter() filter {
	switch {
	case q.Internal == nil:
		return anyComment
	case *q.Internal:
		return onlyInternal
	}
	return onlyPublic
}
