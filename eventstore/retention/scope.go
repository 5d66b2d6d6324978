package retention

import (
	"context"
	"fmt"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// A Scope is what somebody asks to be erased: of a ticket, everything; of a person, what
// they have written, whoever brought it, the chats in which they were the visitor, and the
// subjects of the tickets that are theirs;
// of an account, with neither, everything.
type Scope struct {
	Account domain.AccountID
	Ticket  domain.TicketID
	Person  domain.UserID
}

func (s Scope) author(f found) bool { return s.Person == (domain.UserID{}) || f.author == s.Person }

func (s Scope) requester(t foundTicket) bool {
	return s.Person == (domain.UserID{}) || t.requester != nil && *t.requester == s.Person
}

// each pages through the tickets whose subjects are in the scope, then through its
// comments. The error may be domain.ErrTicketNotFound.
func (e *Eraser) each(ctx context.Context, s Scope, tickets func([]foundTicket) error, comments func([]found) error) error {
	if s.Ticket != (domain.TicketID{}) {
		t, err := e.ticket(ctx, s.Account, s.Ticket)
		if err != nil {
			return err
		}
		if err := tickets([]foundTicket{t}); err != nil {
			return err
		}
		return e.commentsOn(ctx, s.Account, s.Ticket, comments)
	}
	if err := e.tickets(ctx, s.Account, tickets); err != nil {
		return err
	}
	return e.comments(ctx, s.Account, comments)
}

// A Survey is what an erasure would find.
type Survey struct {
	Tickets  int               // in which there is anything to erase
	Comments int               // to erase
	Chats    int               // likewise
	Texts    int               // versions of these comments, what was said in these chats, and subjects
	Subjects int               // tickets with a subject to erase
	Erased   int               // comments that were erased before, and chats in which nothing is left
	Held     []domain.TicketID // where a legal hold keeps something
	Steps    int               // how often Erase calls done, if nothing changes
}

// Survey looks at a scope and changes nothing.
func (e *Eraser) Survey(ctx context.Context, s Scope) (Survey, error) {
	var n Survey
	held := make(map[domain.TicketID]bool) // whether it is in Held
	concerned := make(map[domain.TicketID]bool)
	hold := func(id domain.TicketID) {
		if !held[id] {
			held[id] = true
			n.Held = append(n.Held, id)
		}
	}
	tickets := func(page []foundTicket) error {
		for _, t := range page {
			if t.held {
				held[t.id] = false
			}
			switch {
			case !s.requester(t):
			case t.held:
				hold(t.id)
			default:
				n.Steps++
				if t.subject {
					n.Subjects++
					n.Texts++
					concerned[t.id] = true
				}
			}
		}
		return nil
	}
	comments := func(page []found) error {
		var left []found
		for _, c := range page {
			_, kept := held[c.ticket]
			switch {
			case !s.author(c):
			case c.erased:
				n.Erased++
			case kept:
				hold(c.ticket)
			default:
				concerned[c.ticket] = true
				left = append(left, c)
			}
		}
		for _, c := range left {
			if c.chat {
				n.Chats++
			} else {
				n.Comments++
			}
		}
		n.Steps += len(left)
		texts, err := e.texts(ctx, s.Account, left)
		n.Texts += texts
		return err
	}
	err := e.each(ctx, s, tickets, comments)
	n.Tickets = len(concerned)
	return n, err
}

// maxPasses bounds how often a scope is gone through because somebody has written
// something new in the meantime.
const maxPasses = 20

// EraseScope erases a scope and looks again, until there is nothing left but what is
// held. done is that of Erase. The error may be that of Erase, domain.ErrTicketNotFound, or
// eventstore.ErrBusy if somebody goes on writing. To begin again is to go on.
func (e *Eraser) EraseScope(ctx context.Context, s Scope, done func()) (Tally, error) {
	var sum Tally
	for pass := range maxPasses {
		t, err := e.Erase(ctx, domain.CauseErasure, e.source(s, pass == 0), done)
		sum.Held = nil // they are met again in each pass
		sum.Add(t)
		if err != nil || t.Erased() == 0 {
			return sum, err
		}
	}
	return sum, fmt.Errorf("erase: %w: something new was written whenever all was erased", eventstore.ErrBusy)
}

// source hands out what is not erased in a scope. A ticket may have had subjects and have
// none now: that is asked of it once, if former is true.
func (e *Eraser) source(s Scope, former bool) Source {
	return func(ctx context.Context, take func(Target) error) error {
		return e.each(ctx, s,
			func(page []foundTicket) error {
				for _, t := range page {
					if !s.requester(t) || !former && !t.subject {
						continue
					}
					if err := take(Target{Account: s.Account, Ticket: t.id}); err != nil {
						return err
					}
				}
				return nil
			},
			func(page []found) error {
				for _, c := range page {
					if !s.author(c) || c.erased {
						continue
					}
					if err := take(Target{s.Account, c.ticket, c.comment, c.chat}); err != nil {
						return err
					}
				}
				return nil
			})
	}
}
