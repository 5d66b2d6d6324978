package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// The sides on which authors stand.
const (
	Agent    = "AGENT"
	Customer = "CUSTOMER"
	System   = "SYSTEM"
)

// A Comment is what somebody said on a ticket.
type Comment struct {
	ID               uuid.UUID  `json:"id"`
	TicketID         uuid.UUID  `json:"ticket_id"`
	AuthorType       string     `json:"author_type"`        // Agent, Customer or System
	AuthorUserID     *uuid.UUID `json:"author_user_id"`     // of agents and programs
	AuthorCustomerID *uuid.UUID `json:"author_customer_id"` // of customers
	Content          string     `json:"content"`
	IsInternal       bool       `json:"is_internal"` // customers cannot see it
	CreatedAt        time.Time  `json:"created_at"`
	UpdatedAt        time.Time  `json:"updated_at"`
	// ETag names this state of the comment, for Match. Lists do not have it.
	ETag string `json:"-"`
}

// NewComment is a comment to be made.
type NewComment struct {
	Content    string `json:"content"` // 1 to 65,536 bytes
	IsInternal bool   `json:"is_internal"`
	// The author, if it is not whom the key stands for: with the scope comments:act_as.
	AuthorType       string     `json:"author_type,omitzero"`
	AuthorUserID     *uuid.UUID `json:"author_user_id,omitzero"`
	AuthorCustomerID *uuid.UUID `json:"author_customer_id,omitzero"`
	// IdempotencyKey is drawn for each call if it is empty. Give one to make the same
	// comment once even if the calling program is started again.
	IdempotencyKey string `json:"-"`
}

// CommentChange is what to change. What is nil stays.
type CommentChange struct {
	Content    *string `json:"content,omitzero"`
	IsInternal *bool   `json:"is_internal,omitzero"`
	// Match is the ETag of the comment as the caller knows it. If it has changed since, the
	// call is refused with CodeVersionConflict. Empty: whatever it is.
	Match string `json:"-"`
}

// ListOptions say which comments, and in which order. The zero value is all, oldest
// first.
type ListOptions struct {
	Newest     bool  // newest first
	Internal   *bool // only notes, or only public ones
	AuthorType string
	PageSize   int // 1 to 1000; 0: 200
	// AsOf shows the comments as they were at a time, with the redactions and rights of
	// today. AsCustomer shows them as the customer saw them then, with the scope audit:read.
	AsOf       time.Time
	AsCustomer bool
}

func (o ListOptions) query() string {
	q := url.Values{"limit": {"200"}}
	if o.PageSize > 0 {
		q.Set("limit", strconv.Itoa(o.PageSize))
	}
	if o.Newest {
		q.Set("order", "desc")
	}
	if o.Internal != nil {
		q.Set("is_internal", strconv.FormatBool(*o.Internal))
	}
	if o.AuthorType != "" {
		q.Set("author_type", o.AuthorType)
	}
	if !o.AsOf.IsZero() {
		q.Set("as_of", o.AsOf.UTC().Format(time.RFC3339Nano))
	}
	if o.AsCustomer {
		q.Set("as", "customer")
	}
	return "?" + q.Encode()
}

func ticketPath(ticket uuid.UUID) string { return "/tickets/" + ticket.String() }

func commentPath(ticket, comment uuid.UUID) string {
	return ticketPath(ticket) + "/comments/" + comment.String()
}

// Comments goes through the comments of a ticket that the key may see.
func (c *Client) Comments(ctx context.Context, ticket uuid.UUID, o ListOptions) iter.Seq2[Comment, error] {
	return list[Comment](ctx, c, ticketPath(ticket)+"/comments", o.query())
}

// Comment returns a comment.
func (c *Client) Comment(ctx context.Context, ticket, comment uuid.UUID) (Comment, error) {
	return c.comment(ctx, request{method: http.MethodGet, path: commentPath(ticket, comment)})
}

// CreateComment makes a comment, once.
func (c *Client) CreateComment(ctx context.Context, ticket uuid.UUID, n NewComment) (Comment, error) {
	if n.IdempotencyKey == "" {
		n.IdempotencyKey = uuid.NewString()
	}
	return c.comment(ctx, request{
		method: http.MethodPost, path: ticketPath(ticket) + "/comments", body: n,
		header: http.Header{"Idempotency-Key": {n.IdempotencyKey}},
	})
}

// UpdateComment changes a comment, and returns it as it is then.
func (c *Client) UpdateComment(ctx context.Context, ticket, comment uuid.UUID, change CommentChange) (Comment, error) {
	// Once it has had its effect, what it matched is gone.
	return c.comment(ctx, request{
		method: http.MethodPatch, path: commentPath(ticket, comment), body: change, header: match(change.Match), once: change.Match != "",
	})
}

// DeleteComment deletes a comment. That it is gone already is no error after a lost
// answer, and CodeNotFound otherwise.
func (c *Client) DeleteComment(ctx context.Context, ticket, comment uuid.UUID) error {
	q := request{method: http.MethodDelete, path: commentPath(ticket, comment), once: true}
	_, err := c.call(ctx, q, nil)
	if err == nil || !repeatable(err, false) {
		return err
	}
	q.once = false
	_, err = c.call(ctx, q, nil)
	if is(err, CodeNotFound) {
		return nil
	}
	return err
}

// MakePrivate turns a comment into an internal note, with the scope comments:redact.
func (c *Client) MakePrivate(ctx context.Context, ticket, comment uuid.UUID) (Comment, error) {
	return c.comment(ctx, request{method: http.MethodPost, path: commentPath(ticket, comment) + "/make_private"})
}

func (c *Client) comment(ctx context.Context, q request) (Comment, error) {
	var comment Comment
	header, err := c.call(ctx, q, &comment)
	if err == nil {
		comment.ETag = header.Get("ETag")
	}
	return comment, err
}

func match(etag string) http.Header {
	if etag == "" {
		return nil
	}
	return http.Header{"If-Match": {etag}}
}
