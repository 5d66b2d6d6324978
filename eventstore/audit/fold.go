package audit

import (
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// stream is what the events of one ticket come to.
type stream struct {
	account domain.AccountID
	ticket  domain.TicketID

	state         domain.Ticket
	version       int32 // of the last event
	publicVersion int32 // of the last event that is not internal
	// revision is the version of the last event of the last command that changed what
	// the ticket itself is; command is the number of that write while it goes on.
	revision int32
	command  int64

	comments map[domain.CommentID]*foldedComment
	order    []domain.CommentID
	// contents are the texts that there should be, by what the event that brought
	// them says.
	contents map[domain.ContentID]brought
	removals map[domain.EventID]*removal
	removed  int // texts
	// redacted are the files that events say are gone, and named those that the texts
	// name, once they are opened, with their comments.
	redacted map[int64]bool
	named    map[int64]domain.CommentID
	// unread are comments one of whose texts does not open: which files they name is not
	// known.
	unread map[domain.CommentID]bool
}

// foldedComment is a comment, or a chat: that of the two that its events are about.
type foldedComment struct {
	domain.Comment
	chat   domain.Chat
	ticket domain.TicketID
}

// brought is a text as its event names it.
type brought struct {
	comment  domain.CommentID // zero: a subject of the ticket
	digest   domain.Digest
	position eventstore.Position
}

// removal is an event that has removed texts.
type removal struct {
	comment     domain.CommentID // zero: of the ticket's subjects
	position    eventstore.Position
	recordedAt  time.Time
	completedAt *time.Time
}

func newStream(account domain.AccountID, ticket domain.TicketID) *stream {
	return &stream{
		account: account, ticket: ticket, comments: map[domain.CommentID]*foldedComment{},
		contents: map[domain.ContentID]brought{}, removals: map[domain.EventID]*removal{},
		redacted: map[int64]bool{}, named: map[int64]domain.CommentID{}, unread: map[domain.CommentID]bool{},
	}
}

// add folds the next event; fact is nil if it does not decode. It returns what is wrong
// with the event where it stands.
func (s *stream) add(r *eventstore.Recorded, fact domain.Event) (problems []string) {
	if s.version++; int32(r.Version) != s.version {
		problems = append(problems, "its version does not follow on that of the event before it in the ticket")
		s.version = int32(r.Version)
	}
	if !r.Internal {
		s.publicVersion = s.version
	}
	var c *foldedComment
	previous := eventstore.Version(0)
	if r.Comment != (domain.CommentID{}) {
		if c = s.comments[r.Comment]; c == nil {
			c = &foldedComment{ticket: s.ticket}
			s.comments[r.Comment], s.order = c, append(s.order, r.Comment)
		}
		previous = eventstore.Version(c.Revision)
	}
	if r.CommentPrevious != previous {
		problems = append(problems, "comment_previous is not the version of the event before it about the comment")
	}
	if fact == nil {
		problems = append(problems, "its data does not decode")
	} else {
		problems = append(problems, s.evolve(r, fact, c)...)
	}
	if c != nil {
		c.Revision = int(s.version)
	}
	return problems
}

func (s *stream) evolve(r *eventstore.Recorded, fact domain.Event, c *foldedComment) (problems []string) {
	internal := s.state.Hides(fact)
	s.state = s.state.Evolve(fact)
	audit := fact.Metadata().Audit
	switch {
	case changesTicket(fact):
		s.revision, s.command = s.version, audit
	case audit != 0 && audit == s.command: // the same write
		s.revision = s.version
	default:
		s.command = 0
	}
	switch {
	case c == nil:
	case domain.OfChat(fact):
		c.chat = c.chat.Evolve(fact)
		internal = true
	default:
		before := c.Public
		c.Comment = c.Evolve(fact)
		internal = !before && !c.Public
	}
	if r.Internal != internal {
		problems = append(problems, "internal is not what it should be")
	}
	for _, ref := range brings(fact) {
		if _, known := s.contents[ref.ID]; known {
			problems = append(problems, "it brings a text that was brought before")
		}
		s.contents[ref.ID] = brought{r.Comment, ref.Digest, r.Position}
	}
	gone := removes(fact)
	for _, id := range gone {
		if was, known := s.contents[id]; !known || was.comment != r.Comment {
			problems = append(problems, "it removes a text that is not there")
		}
		delete(s.contents, id)
		s.removed++
	}
	if len(gone) > 0 {
		s.removals[r.ID] = &removal{comment: r.Comment, position: r.Position, recordedAt: r.RecordedAt}
	}
	for _, f := range replaces(fact) {
		s.redacted[f.Old] = true
	}
	if done, ok := fact.(domain.ObligationCompleted); ok {
		if owed := s.removals[done.Obligation]; owed == nil || owed.completedAt != nil {
			problems = append(problems, "it completes an obligation that is not owed")
		} else {
			owed.completedAt = &r.RecordedAt
		}
	}
	return problems
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

// brings returns the texts that are in the log with the event.
func brings(e domain.Event) []domain.ContentRef {
	var refs []domain.ContentRef
	subject := func(ref *domain.ContentRef) {
		if ref != nil && ref.Digest != (domain.Digest{}) { // else it repeats what was there
			refs = append(refs, *ref)
		}
	}
	switch e := e.(type) {
	case domain.TicketOpened:
		subject(e.Subject)
	case domain.TicketChanged:
		subject(e.Subject)
	case domain.CommentCreated:
		refs = append(refs, e.Content)
	case domain.CommentEdited:
		refs = append(refs, e.Content)
	case domain.ChatEntryAdded:
		if e.Content != (domain.ContentRef{}) {
			refs = append(refs, e.Content)
		}
	case domain.CommentRedacted:
		refs = append(refs, latter(e.Contents)...)
	case domain.ChatRedacted:
		refs = append(refs, latter(e.Contents)...)
	}
	return refs
}

// removes returns the texts that are gone with the event.
func removes(e domain.Event) []domain.ContentID {
	switch e := e.(type) {
	case domain.CommentRedacted:
		return former(e.Contents)
	case domain.ChatRedacted:
		return former(e.Contents)
	case domain.ContentErased:
		return e.Contents
	}
	return nil
}

// replaces returns the files that are gone with the event, and what is in their place.
func replaces(e domain.Event) []domain.FileRedacted {
	switch e := e.(type) {
	case domain.CommentRedacted:
		return e.Files
	case domain.ChatRedacted:
		return e.Files
	}
	return nil
}

// former returns what was replaced, latter what stands in its place.
func former(replacements []domain.Replacement) []domain.ContentID {
	ids := make([]domain.ContentID, len(replacements))
	for i := range replacements {
		ids[i] = replacements[i].Old
	}
	return ids
}

func latter(replacements []domain.Replacement) []domain.ContentRef {
	refs := make([]domain.ContentRef, len(replacements))
	for i := range replacements {
		refs[i] = replacements[i].New
	}
	return refs
}
