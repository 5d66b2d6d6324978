package zendesk

import (
	"strings"

	"github.com/commentd/commentd/eventstore"
)

// idempotencyKey returns the Idempotency-Key of a call, "" if there is none.
func (c *call) idempotencyKey() (string, error) {
	values, ok := c.Header["Idempotency-Key"]
	if !ok {
		return "", nil
	}
	const most = 255
	if len(values) != 1 || values[0] == "" || len(values[0]) > most || strings.ContainsFunc(values[0], func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", c.attribute("Idempotency-Key", "1 to 255 printable characters")
	}
	return values[0], nil
}

// receipt returns what makes the creation of a ticket safe to repeat, nil without a
// key. Equal requests are those whose tickets are the same JSON.
func (a *API) receipt(c *call, key string, ticket object) (*eventstore.Receipt, error) {
	if key == "" {
		return nil, nil
	}
	request, err := canonical(ticket)
	if err != nil {
		return nil, err
	}
	return a.store.Receipt(c.Context(), c.caller.Account, c.caller.UserID, "zendesk.createTicket", key, request)
}
