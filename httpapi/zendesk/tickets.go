package zendesk

import (
	"errors"
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/projections/threads"
)

// sight reads a ticket with its first comment and their people. public leaves out
// internal notes, whoever asks.
func (a *API) sight(c *call, id domain.TicketID, public bool) (*sight, error) {
	found, err := a.threads.Ticket(c.Context(), c.caller.Account, id, c.caller.Actor())
	if err != nil {
		return nil, err
	}
	q := threads.ListQuery{Account: c.caller.Account, Ticket: id, Viewer: c.caller.Actor(), Limit: 1, Whole: true}
	if public {
		q.Internal = new(bool)
	}
	page, err := a.threads.List(c.Context(), q)
	if err != nil {
		return nil, err
	}
	s := &sight{Ticket: found}
	if len(page.Comments) > 0 {
		s.first = &page.Comments[0]
	}
	about, err := a.sceneOf(c, found.Requester, authorsOf(page.Comments))
	if err != nil {
		return nil, err
	}
	s.scene = *about
	return s, nil
}

// users are the people of a ticket.
func (s *sight) users() []directory.User {
	var ids []domain.UserID
	for id := range s.people {
		ids = append(ids, id)
	}
	return s.people.of(ids)
}

// getTicket serves GET /tickets/{ticket_id}.
func (a *API) getTicket(c *call) error {
	id, err := a.ticket(c, "ticket_id")
	if err != nil {
		return err
	}
	s, err := a.sight(c, id, false)
	if err != nil {
		return err
	}
	answer := ordered{{"ticket", c.ticketOf(s)}}
	if c.includes("users") {
		answer = append(answer, member{"users", c.usersOf(s.users())})
	}
	return a.replyTagged(c, answer)
}

// manyTickets serves GET /tickets/show_many?ids=. What is no ticket's number is left
// out.
func (a *API) manyTickets(c *call) error {
	numbers, err := c.many()
	if err != nil {
		return err
	}
	shown := []ticket{}
	seen := make(map[int64]bool, len(numbers))
	for _, number := range numbers {
		if seen[number] {
			continue
		}
		seen[number] = true
		id, err := a.threads.TicketByNumber(c.Context(), c.caller.Account, c.caller.Actor(), number)
		if errors.Is(err, domain.ErrTicketNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		s, err := a.sight(c, id, false)
		if err != nil {
			return err
		}
		shown = append(shown, c.ticketOf(s))
	}
	return c.reply(http.StatusOK, ordered{{"tickets", shown}, {"next_page", nil}, {"previous_page", nil}, {"count", len(shown)}})
}
