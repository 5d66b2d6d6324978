package retention

import (
	"sync"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// A Tally is what became of targets.
type Tally struct {
	Comments int                 // that were erased
	Chats    int                 // likewise
	Subjects int                 // tickets whose subjects were erased
	Texts    int                 // that are gone: versions of comments, what was said in chats, and subjects
	First    eventstore.Position // of the events that tell so; 0: there are none
	Last     eventstore.Position
	Held     []Target // that were left because of a legal hold
	tickets  map[domain.TicketID]bool
}

// Tickets is in how many tickets something was erased.
func (t *Tally) Tickets() int { return len(t.tickets) }

// Erased is how many targets were erased.
func (t *Tally) Erased() int { return t.Comments + t.Chats + t.Subjects }

// Add adds what became of other targets.
func (t *Tally) Add(more Tally) {
	t.Comments += more.Comments
	t.Chats += more.Chats
	t.Subjects += more.Subjects
	t.Texts += more.Texts
	t.Held = append(t.Held, more.Held...)
	for ticket := range more.tickets {
		t.touch(ticket)
	}
	t.span(more.First)
	t.span(more.Last)
}

func (t *Tally) touch(ticket domain.TicketID) {
	if t.tickets == nil {
		t.tickets = make(map[domain.TicketID]bool)
	}
	t.tickets[ticket] = true
}

func (t *Tally) span(at eventstore.Position) {
	switch {
	case at == 0:
		return
	case t.First == 0:
		t.First, t.Last = at, at
	}
	t.First, t.Last = min(t.First, at), max(t.Last, at)
}

// tallying is a Tally that many add to.
type tallying struct {
	mu sync.Mutex
	Tally
}

func (t *tallying) erased(target Target, r eventstore.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case target.Comment == (domain.CommentID{}):
		t.Subjects++
	case target.Chat:
		t.Chats++
	default:
		t.Comments++
	}
	t.Texts += r.Removed
	t.touch(target.Ticket)
	t.span(r.Position)
}

func (t *tallying) held(target Target) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Held = append(t.Held, target)
}
