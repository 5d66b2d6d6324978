package zendesk

import (
	"net/http"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/inbound"
)

// write returns the command for a wish, which is checked against what the caller may.
func (a *API) write(c *call, ticket domain.TicketID, w *wish) (cmd domain.WriteTicket, err error) {
	cmd = domain.WriteTicket{Account: c.caller.Account, Ticket: ticket, By: c.caller.By(), Status: w.status}
	if err := c.permits(w); err != nil {
		return cmd, err
	}
	if w.since != nil {
		if cmd.Expected, err = a.still(c, ticket, *w.since); err != nil {
			return cmd, err
		}
	}
	if w.requester != nil {
		id, err := a.requesterOf(c, w.requester)
		if err != nil {
			return cmd, err
		}
		cmd.Requester = &id
	}
	if w.subject != nil {
		if cmd.Subject, err = c.subjectOf(*w.subject); err != nil {
			return cmd, err
		}
	}
	first, err := a.draw(c.Context(), cmd.Account)
	if err != nil {
		return cmd, err
	}
	cmd.Numbers = domain.Numbers{Audit: first, Subject: first + 1}
	if w.comment != nil {
		err = a.say(c, &cmd, w)
	}
	return cmd, err
}

// permits checks that the caller's key may do all that is asked.
func (c *call) permits(w *wish) error {
	opens := c.Method == http.MethodPost
	if w.status != nil || w.requester != nil || w.subject != nil || opens {
		if err := c.caller.Require(auth.TicketsWrite); err != nil {
			return err
		}
	}
	if w.comment == nil {
		return nil
	}
	return c.caller.Require(auth.CommentsWrite)
}

// still returns the version of a ticket that is still as it was at since. Clients see
// whole seconds, and every change shows in them.
func (a *API) still(c *call, ticket domain.TicketID, since time.Time) (version int, err error) {
	found, err := a.threads.Ticket(c.Context(), c.caller.Account, ticket, c.caller.Actor())
	if err != nil {
		return 0, err
	}
	if !found.UpdatedAt.Truncate(time.Second).Equal(since.Truncate(time.Second)) {
		return 0, errStale
	}
	return int(found.Version), nil
}

// subjectOf returns the subject for a command; nil: there is to be none.
func (c *call) subjectOf(subject *string) (**domain.Text, error) {
	text := new(*domain.Text)
	if subject == nil {
		return text, nil
	}
	var err error
	*text, err = inbound.NewText(c.Request, domain.Body{Text: *subject})
	return text, err
}
