package zendesk

import (
	"net/http"

	"github.com/commentd/commentd/domain"
)

// updateRequest serves PUT /requests/{request_id}: what a requester says is public.
func (a *API) updateRequest(c *call) error {
	body, err := c.rootObject("request")
	if err != nil {
		return err
	}
	ticket, err := a.ticket(c, "request_id")
	if err != nil {
		return err
	}
	wrong := map[string][]detail{}
	said, err := c.speech(body, wrong)
	if err != nil {
		return err
	}
	solved, err := c.flag(body, "solved")
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return invalidRecord(wrong)
	}
	first, err := a.draw(c.Context(), c.caller.Account)
	if err != nil {
		return err
	}
	cmd := domain.WriteTicket{
		Account: c.caller.Account, Ticket: ticket, By: c.caller.By(), Numbers: domain.Numbers{Audit: first, Subject: first + 1},
	}
	if solved != nil && *solved {
		status := domain.StatusSolved
		cmd.Status = &status
	}
	if !said.silent() {
		public := true
		said.public, said.author = &public, nil
		if err := a.say(c, &cmd, &wish{comment: said}); err != nil {
			return err
		}
	}
	if _, err := a.store.Execute(c.Context(), cmd, nil); err != nil {
		return err
	}
	s, err := a.sight(c, ticket, true)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ordered{{"request", c.requestOf(s)}})
}
