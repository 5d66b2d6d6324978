package fold

import (
	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// Ticket is what the events of one ticket come to.
type Ticket struct {
	Account domain.AccountID
	ID      domain.TicketID

	State         domain.Ticket
	Version       int32 // of the last event
	PublicVersion int32 // of the last event that is not internal
	// Revision is the version of the last event of the last command that changed what
	// the ticket itself is; command is the number of that write while it goes on.
	Revision int32
	command  int64

	Comments map[domain.CommentID]*Comment
	Order    []domain.CommentID // in which they were first met
}

// Comment is a comment, or a chat: that of the two that its events are about.
type Comment struct {
	domain.Comment
	Chat   domain.Chat
	Ticket domain.TicketID
}

// New returns a ticket without events.
func New(account domain.AccountID, ticket domain.TicketID) Ticket {
	return Ticket{Account: account, ID: ticket, Comments: map[domain.CommentID]*Comment{}}
}

// Add folds the next event; fact is nil if it does not decode. It returns what is wrong
// with the event where it stands.
func (t *Ticket) Add(r *eventstore.Recorded, fact domain.Event) (problems []string) {
	if t.Version++; int32(r.Version) != t.Version {
		problems = append(problems, "its version does not follow on that of the event before it in the ticket")
		t.Version = int32(r.Version)
	}
	if !r.Internal {
		t.PublicVersion = t.Version
	}
	var c *Comment
	previous := eventstore.Version(0)
	if r.Comment != (domain.CommentID{}) {
		if c = t.Comments[r.Comment]; c == nil {
			c = &Comment{Ticket: t.ID}
			t.Comments[r.Comment], t.Order = c, append(t.Order, r.Comment)
		}
		previous = eventstore.Version(c.Revision)
	}
	if r.CommentPrevious != previous {
		problems = append(problems, "comment_previous is not the version of the event before it about the comment")
	}
	if fact == nil {
		problems = append(problems, "its data does not decode")
	} else if t.evolve(fact, c) != r.Internal {
		problems = append(problems, "internal is not what it should be")
	}
	if c != nil {
		c.Revision = int(t.Version)
	}
	return problems
}

// evolve returns whether the event is of no concern to those who may not see internal
// notes.
func (t *Ticket) evolve(fact domain.Event, c *Comment) (internal bool) {
	internal = t.State.Hides(fact)
	t.State = t.State.Evolve(fact)
	audit := fact.Metadata().Audit
	switch {
	case changesTicket(fact):
		t.Revision, t.command = t.Version, audit
	case audit != 0 && audit == t.command: // the same write
		t.Revision = t.Version
	default:
		t.command = 0
	}
	switch {
	case c == nil:
	case domain.OfChat(fact):
		c.Chat = c.Chat.Evolve(fact)
		internal = true
	default:
		before := c.Public
		c.Comment = c.Evolve(fact)
		internal = !before && !c.Public
	}
	return internal
}

// changesTicket reports whether the event changes what the ticket itself is.
func changesTicket(e domain.Event) bool {
	switch e := e.(type) {
	case domain.TicketOpened, domain.TicketChanged:
		return true
	case domain.ContentErased:
		return e.Subject
	}
	return false
}
