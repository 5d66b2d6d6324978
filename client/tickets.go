package client

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// A Ticket is what is known of a ticket.
type Ticket struct {
	ID          uuid.UUID  `json:"id"`
	Number      int64      `json:"number"` // by which the Zendesk-compatible API knows it
	Status      string     `json:"status"` // new, open, pending, hold, solved or closed
	Subject     *string    `json:"subject"`
	RequesterID *uuid.UUID `json:"requester_id"` // the customer who may see it
	LegalHold   *bool      `json:"legal_hold"`   // nil for customers
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
}

// TicketChange is what to change of a ticket, or how to introduce it. What is absent stays.
type TicketChange struct {
	Status      Optional[string]    `json:"status,omitzero"`
	Subject     Optional[string]    `json:"subject,omitzero"`
	RequesterID Optional[uuid.UUID] `json:"requester_id,omitzero"`
	LegalHold   Optional[bool]      `json:"legal_hold,omitzero"` // with the scope admin
}

// A User is a person or a program.
type User struct {
	ID        uuid.UUID `json:"id"`
	Number    int64     `json:"number"`
	Role      string    `json:"role"` // agent, admin, customer or system
	Name      *string   `json:"name"`
	Email     *string   `json:"email"`
	Active    bool      `json:"active"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// UserChange is what to change of a user, or how to introduce one. What is absent stays.
type UserChange struct {
	Role   Optional[string] `json:"role,omitzero"` // required of a user who is not known yet
	Name   Optional[string] `json:"name,omitzero"`
	Email  Optional[string] `json:"email,omitzero"`
	Active Optional[bool]   `json:"active,omitzero"`
}

// Ticket returns what is known of a ticket.
func (c *Client) Ticket(ctx context.Context, id uuid.UUID) (Ticket, error) {
	var t Ticket
	_, err := c.call(ctx, request{method: http.MethodGet, path: ticketPath(id)}, &t)
	return t, err
}

// PutTicket introduces or changes a ticket, and returns it as it is then.
func (c *Client) PutTicket(ctx context.Context, id uuid.UUID, change TicketChange) (Ticket, error) {
	var t Ticket
	_, err := c.call(ctx, request{method: http.MethodPut, path: ticketPath(id), body: change}, &t)
	return t, err
}

// User returns what is known of a user. Customers see themselves only.
func (c *Client) User(ctx context.Context, id uuid.UUID) (User, error) {
	var u User
	_, err := c.call(ctx, request{method: http.MethodGet, path: "/users/" + id.String()}, &u)
	return u, err
}

// PutUser introduces or changes a user, and returns it as it is then.
func (c *Client) PutUser(ctx context.Context, id uuid.UUID, change UserChange) (User, error) {
	var u User
	_, err := c.call(ctx, request{method: http.MethodPut, path: "/users/" + id.String(), body: change}, &u)
	return u, err
}
