package audit

import (
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/fold"
	"github.com/commentd/commentd/eventstore/vault"
)

// stream is what the events of one ticket come to, and the texts and files that they
// speak of.
type stream struct {
	fold.Ticket
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

// brought is a text as its event names it.
type brought struct {
	comment  domain.CommentID // zero: a subject of the ticket
	digest   domain.Digest
	position eventstore.Position
	place    vault.Place
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
		Ticket:   fold.New(account, ticket),
		contents: map[domain.ContentID]brought{}, removals: map[domain.EventID]*removal{},
		redacted: map[int64]bool{}, named: map[int64]domain.CommentID{}, unread: map[domain.CommentID]bool{},
	}
}

// add folds the next event; fact is nil if it does not decode. It returns what is wrong
// with the event where it stands.
func (s *stream) add(r *eventstore.Recorded, fact domain.Event) (problems []string) {
	problems = s.Add(r, fact)
	if fact == nil {
		return problems
	}
	for _, ref := range fold.Brings(fact) {
		if _, known := s.contents[ref.ID]; known {
			problems = append(problems, "it brings a text that was brought before")
		}
		s.contents[ref.ID] = brought{r.Comment, ref.Digest, r.Position, fold.Place(r, ref.ID)}
	}
	gone := fold.Removes(fact)
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
	for _, f := range fold.Replaces(fact) {
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
