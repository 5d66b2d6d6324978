package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/google/uuid"
)

// A Name is one thing under both of the names that it has.
type Name struct {
	Type         string     `json:"type"` // ticket, comment or user
	ID           uuid.UUID  `json:"id"`
	Number       int64      `json:"number"`    // by which the Zendesk-compatible API knows it
	TicketID     *uuid.UUID `json:"ticket_id"` // that it is, or belongs to; nil of a user
	TicketNumber *int64     `json:"ticket_number"`
}

// Name finds what has an id or a number: a UUID, or digits. What the key may not read is
// CodeNotFound.
func (c *Client) Name(ctx context.Context, idOrNumber string) (Name, error) {
	var n Name
	_, err := c.call(ctx, request{method: http.MethodGet, path: "/ids/" + url.PathEscape(idOrNumber)}, &n)
	return n, err
}
