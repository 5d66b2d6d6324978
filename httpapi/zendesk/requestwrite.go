package zendesk

import (
	"net/http"

	"github.com/google/uuid"

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
	return a.replyRequest(c, http.StatusOK, ticket)
}

// replyRequest shows a ticket as its requester sees it.
func (a *API) replyRequest(c *call, status int, ticket domain.TicketID) error {
	s, err := a.sight(c, ticket, true)
	if err != nil {
		return err
	}
	shown := c.requestOf(s)
	if status == http.StatusCreated {
		c.w.Header().Set("Location", shown.URL)
	}
	answer := ordered{{"request", shown}}
	if c.includes("users") {
		answer = append(answer, member{"users", speakersOf(s.users())})
	}
	return c.reply(status, answer)
}

// getRequest serves GET /requests/{request_id}.
func (a *API) getRequest(c *call) error {
	ticket, err := a.ticket(c, "request_id")
	if err != nil {
		return err
	}
	return a.replyRequest(c, http.StatusOK, ticket)
}

// createRequest serves POST /requests: whoever asks is the requester, and what is said is
// public.
func (a *API) createRequest(c *call) error {
	body, err := c.rootObject("request")
	if err != nil {
		return err
	}
	w, err := c.newRequest(body)
	if err != nil {
		return err
	}
	ticket, err := uuid.NewV7()
	if err != nil {
		return err
	}
	first, err := a.draw(c.Context(), c.caller.Account)
	if err != nil {
		return err
	}
	requester := &c.caller.UserID
	cmd := domain.WriteTicket{
		Account: c.caller.Account, Ticket: domain.TicketID(ticket), By: c.caller.By(), Requester: &requester,
		Numbers: domain.Numbers{Audit: first, Subject: first + 1}, Opens: first + 2,
	}
	if w.subject != nil {
		if cmd.Subject, err = c.subjectOf(*w.subject); err != nil {
			return err
		}
	}
	if err := a.say(c, &cmd, &w); err != nil {
		return err
	}
	if _, err := a.store.Execute(c.Context(), cmd, nil); err != nil {
		return err
	}
	return a.replyRequest(c, http.StatusCreated, cmd.Ticket)
}

// newRequest reads what is asked of a request that is to be: a subject, and a comment or a
// description. Everything else is for agents to say.
func (c *call) newRequest(body object) (w wish, err error) {
	kept := object{}
	for _, name := range []string{"subject", "comment", "description"} {
		if v, ok := body[name]; ok {
			kept[name] = v
		}
	}
	if w, err = c.newTicket(kept); err != nil {
		return w, err
	}
	public := true
	w.comment.public, w.comment.author = &public, nil
	return w, nil
}
