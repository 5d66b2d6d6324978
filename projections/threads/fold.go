package threads

import (
	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// counts of comments by author type: that of type t is at t-1.
type counts [domain.AuthorTypes]int32

func (c *counts) of(t domain.AuthorType) int32 {
	if t > 0 {
		return c[t-1]
	}
	var sum int32
	for i, n := range c {
		if int(-t) != i+1 {
			sum += n
		}
	}
	return sum
}

// thread is what is known of a ticket's thread after some version of its stream.
type thread struct {
	version              eventstore.Version
	all, public          domain.Ticket // of which only the times are of interest here
	change, publicChange domain.EventID
	publicCounts         counts
	internalCounts       counts
	audits               int32
	lastAudit            int64          // number of the last one
	requester            *domain.UserID // as the log has it: nothing is folded
}

// comment is a comment of a thread, deleted ones included.
type comment struct {
	domain.Comment
	id       domain.CommentID
	position eventstore.Position // of its creation
	stored   bool                // it has a row
	torn     bool                // an event about it does not decode
}

// fold adds an event to the thread, and to the comment that it is about, nil if it
// is about the ticket. fact is nil if the event does not decode.
func (t *thread) fold(r *eventstore.Recorded, fact domain.Event, c *comment) {
	t.version, t.change = r.Version, r.ID
	if !r.Internal {
		t.publicChange = r.ID
	}
	if fact == nil {
		if c != nil {
			c.torn = true
		}
		return
	}
	if audit := fact.Metadata().Audit; audited(r, fact) && (t.audits == 0 || audit != t.lastAudit) {
		t.audits, t.lastAudit = t.audits+1, audit
	}
	t.all = t.all.Evolve(fact)
	if !r.Internal {
		t.public = t.public.Evolve(fact)
	}
	if c == nil {
		return
	}
	t.count(c, -1)
	if !c.Exists {
		c.position = r.Position
	}
	c.Comment = c.Evolve(fact)
	c.Revision = int(r.Version)
	t.count(c, 1)
}

func (t *thread) count(c *comment, n int32) {
	switch {
	case !c.Exists || c.Deleted:
	case c.Public:
		t.publicCounts[c.Author.Type-1] += n
	default:
		t.internalCounts[c.Author.Type-1] += n
	}
}
