package zendesk

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// rootObject returns the object under a name of the body.
func (c *call) rootObject(name string) (object, error) {
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	if v, ok := body.given(name); !ok || v.Kind() != '{' {
		return nil, missingRoot(name)
	}
	return c.object(body, name)
}

// createTicket serves POST /tickets.
func (a *API) createTicket(c *call) error {
	key, err := c.idempotencyKey()
	if err != nil {
		return err
	}
	body, err := c.rootObject("ticket")
	if err != nil {
		return err
	}
	w, err := c.newTicket(body)
	if err != nil {
		return err
	}
	cmd, err := a.open(c, &w)
	if err != nil {
		return err
	}
	receipt, err := a.receipt(c, key, body)
	if err != nil {
		return err
	}
	if err := a.introduce(c, &cmd, receipt, w.requester); err != nil {
		return err
	}
	result, err := a.store.Execute(c.Context(), cmd, receipt)
	if err != nil {
		return err
	}
	return a.replyCreated(c, result, cmd.Numbers.Audit, receipt != nil)
}

// newTicket reads what is asked of a ticket that is to be: there is to be a comment,
// which the description stands in for.
func (c *call) newTicket(body object) (wish, error) {
	c.warn("ticket", body, ignoredOfTickets)
	w, err := c.wish(body)
	w.since = nil // there is nothing yet that could have changed
	if err != nil || !w.comment.wordless() {
		return w, err
	}
	description, err := c.text(body, "description")
	if err != nil {
		return w, err
	}
	if description == nil || strings.TrimSpace(*description) == "" {
		if w.comment.silent() {
			return w, errBlank
		}
		return w, nil
	}
	if strings.Contains(*description, "\x00") {
		return w, invalid("description", detail{"Description: must not contain U+0000", "InvalidValue"})
	}
	if w.comment == nil {
		w.comment = &speech{}
	}
	w.comment.text = *description
	return w, nil
}

// open returns the command that opens a ticket. Whoever asks for it is its requester,
// unless another one is named; but of a customer's words it is the customer.
func (a *API) open(c *call, w *wish) (domain.WriteTicket, error) {
	ticket, err := uuid.NewV7()
	if err != nil {
		return domain.WriteTicket{}, err
	}
	cmd, err := a.write(c, domain.TicketID(ticket), w)
	if err != nil {
		return cmd, err
	}
	cmd.Opens = cmd.Numbers.Audit + 2
	if cmd.Requester == nil {
		asks := c.caller.UserID
		if cmd.Say.Author.Type == domain.AuthorCustomer {
			asks = cmd.Say.Author.ID
		}
		requester := &asks
		cmd.Requester = &requester
	}
	return cmd, nil
}

// replyCreated shows a ticket that was created by this call, under the number of the
// audit, or by an earlier one with the same key.
func (a *API) replyCreated(c *call, result eventstore.Result, audit int64, keyed bool) error {
	h := c.w.Header()
	if keyed {
		h.Set("X-Idempotency-Lookup", "miss")
	}
	if result.Replayed {
		h.Set("X-Idempotency-Lookup", "hit")
		made, err := a.threads.GetWhole(c.Context(), c.caller.Account, result.Ticket, result.Comment, c.caller.Actor())
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return err
		}
		audit = made.Audit // 0 if the comment was deleted since
	}
	s, err := a.sight(c, result.Ticket, false)
	if err != nil {
		return err
	}
	h.Set("Location", c.base+"/tickets/"+strconv.FormatInt(s.Number, 10)+".json")
	return a.replyWritten(c, http.StatusCreated, s, audit)
}

// updateTicket serves PUT /tickets/{ticket_id}.
func (a *API) updateTicket(c *call) error {
	body, err := c.rootObject("ticket")
	if err != nil {
		return err
	}
	c.warn("ticket", body, ignoredOfTickets)
	ticket, err := a.ticket(c, "ticket_id")
	if err != nil {
		return err
	}
	w, err := c.wish(body)
	if err != nil {
		return err
	}
	if w.comment.silent() {
		w.comment = nil
	}
	cmd, err := a.write(c, ticket, &w)
	if err != nil {
		return err
	}
	if err := a.introduce(c, &cmd, nil, w.requester); err != nil {
		return err
	}
	result, err := a.store.Execute(c.Context(), cmd, nil)
	if err != nil {
		return err
	}
	s, err := a.sight(c, ticket, false)
	if err != nil {
		return err
	}
	if !result.Changed {
		return a.replyWritten(c, http.StatusOK, s, 0)
	}
	return a.replyWritten(c, http.StatusOK, s, cmd.Numbers.Audit)
}

// replyWritten shows a ticket after a write, with the audit of the write; 0: there is
// none to show.
func (a *API) replyWritten(c *call, status int, s *sight, number int64) error {
	answer := ordered{{"ticket", c.ticketOf(s)}, {"audit", nil}}
	if number != 0 {
		found, err := a.threads.AuditByNumber(c.Context(), c.caller.Account, s.ID, c.caller.Actor(), number)
		if err != nil {
			return err
		}
		shown, err := a.shownAudit(c, &s.Ticket, found)
		if err != nil {
			return err
		}
		answer[1].value = shown
	}
	return c.reply(status, answer)
}
