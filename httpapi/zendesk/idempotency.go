package zendesk

import (
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/inbound"
)

// idempotencyKey returns the Idempotency-Key of a call, "" if there is none.
func (c *call) idempotencyKey() (string, error) {
	key, ok := inbound.IdempotencyKey(c.Header)
	if !ok {
		return "", c.attribute("Idempotency-Key", "1 to 255 printable characters")
	}
	return key, nil
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
