package zendesk

import (
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// sight reads a ticket with its first comment and their people. public leaves out
// internal notes, whoever asks.
func (a *API) sight(c *call, id domain.TicketID, public bool) (*sight, error) {
	briefs, err := a.threads.Briefs(c.Context(), c.caller.Account, c.caller.Actor(), public, id)
	if err != nil {
		return nil, err
	}
	if len(briefs) == 0 {
		return nil, domain.ErrTicketNotFound
	}
	sights, _, err := a.sightsOf(c, briefs)
	if err != nil {
		return nil, err
	}
	return sights[0], nil
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
	found, err := a.threads.TicketsByNumber(c.Context(), c.caller.Account, c.caller.Actor(), numbers...)
	if err != nil {
		return err
	}
	var ids []domain.TicketID
	for _, number := range numbers {
		if id, ok := found[number]; ok {
			ids = append(ids, id)
			delete(found, number) // each is shown once
		}
	}
	briefs, err := a.threads.Briefs(c.Context(), c.caller.Account, c.caller.Actor(), false, ids...)
	if err != nil {
		return err
	}
	sights, _, err := a.sightsOf(c, briefs)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ordered{{"tickets", c.ticketsOf(sights)}, {"next_page", nil}, {"previous_page", nil}, {"count", len(sights)}})
}
