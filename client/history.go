package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// An Event is something that happened on a ticket.
type Event struct {
	ID         uuid.UUID  `json:"event_id"`
	Type       string     `json:"type"`     // for instance comment.edited
	Version    int64      `json:"version"`  // its place among the events of the ticket
	Position   int64      `json:"position"` // its place in the log
	RecordedAt time.Time  `json:"recorded_at"`
	Origin     *Origin    `json:"origin"` // nil: it happened here, when it was recorded
	Actor      *Actor     `json:"actor"`
	CommentID  *uuid.UUID `json:"comment_id"`
	ChatID     *uuid.UUID `json:"chat_id"`    // nil: it is about no chat
	ChatIndex  *int       `json:"chat_index"` // of chat.entry_added: which entry of the chat it is
	IsInternal bool       `json:"is_internal"`
	Changes    []Change   `json:"changes"`
	Versions   int        `json:"versions"` // of a redaction or an erasure: texts that it touched
	Cause      string     `json:"cause"`    // of an erasure
	Obligation *uuid.UUID `json:"obligation_event_id"`
}

// An Origin is where an event comes from that was taken over from another helpdesk.
type Origin struct {
	Audit int64     `json:"audit"` // its number there
	At    time.Time `json:"at"`
}

// An Actor is who did something.
type Actor struct {
	Kind string    `json:"kind"` // agent, customer, system or integration
	ID   uuid.UUID `json:"id"`
}

// A Change is a member that is different since an event.
type Change struct {
	Field  string          `json:"field"`
	Before json.RawMessage `json:"before"` // a string, a bool, or null: there was none
	After  json.RawMessage `json:"after"`
}

// A CommentVersion is a text that a comment was given.
type CommentVersion struct {
	Number           int        `json:"number"`
	EventID          uuid.UUID  `json:"event_id"`
	TicketVersion    int64      `json:"ticket_version"`
	AuthorType       string     `json:"author_type"`
	AuthorUserID     *uuid.UUID `json:"author_user_id"`
	AuthorCustomerID *uuid.UUID `json:"author_customer_id"`
	Actor            Actor      `json:"actor"`   // who wrote this version
	Content          string     `json:"content"` // as redactions have left it
	CreatedAt        time.Time  `json:"created_at"`
	ReplacedAt       *time.Time `json:"replaced_at"`
	IsRedacted       bool       `json:"is_redacted"`
	IsErased         bool       `json:"is_erased"`
}

// Events goes through what happened on a ticket, with the scope audit:read.
func (c *Client) Events(ctx context.Context, ticket uuid.UUID) iter.Seq2[Event, error] {
	return list[Event](ctx, c, ticketPath(ticket)+"/events", "?limit=200")
}

// Versions returns every text that a comment was given, oldest first, with the scope
// audit:read.
func (c *Client) Versions(ctx context.Context, ticket, comment uuid.UUID) ([]CommentVersion, error) {
	var versions []CommentVersion
	_, err := c.call(ctx, request{method: http.MethodGet, path: commentPath(ticket, comment) + "/versions"}, &versions)
	return versions, err
}

// A TreeHead is the signed head of the log. Hashes are SHA-256 in base64.
type TreeHead struct {
	Origin     string    `json:"origin"`
	Size       int64     `json:"size"` // events in the tree
	RootHash   string    `json:"root_hash"`
	Generation int32     `json:"generation"`
	SignedAt   time.Time `json:"signed_at"`
	Key        string    `json:"key"`  // the verifier key
	Note       string    `json:"note"` // all of that, signed
}

// An InclusionProof proves that an event is in the log (RFC 6962).
type InclusionProof struct {
	Position int64    `json:"position"`
	LeafHash string   `json:"leaf_hash"`
	TreeSize int64    `json:"tree_size"`
	RootHash string   `json:"root_hash"`
	Proof    []string `json:"proof"`
	TreeHead TreeHead `json:"tree_head"`
}

// A ConsistencyProof proves that the log begins with an earlier one (RFC 6962).
type ConsistencyProof struct {
	From         int64    `json:"from"`
	To           int64    `json:"to"`
	FromRootHash string   `json:"from_root_hash"`
	ToRootHash   string   `json:"to_root_hash"`
	Proof        []string `json:"proof"`
	TreeHead     TreeHead `json:"tree_head"`
}

// TreeHead returns the last signed head of the log, with the scope audit:read.
func (c *Client) TreeHead(ctx context.Context) (TreeHead, error) {
	var h TreeHead
	_, err := c.call(ctx, request{method: http.MethodGet, path: "/log/tree_head"}, &h)
	return h, err
}

// Inclusion proves that the event at a position is in the log, with the scope audit:read.
func (c *Client) Inclusion(ctx context.Context, position int64) (InclusionProof, error) {
	var p InclusionProof
	_, err := c.call(ctx, request{method: http.MethodGet, path: "/log/proof/inclusion?position=" + strconv.FormatInt(position, 10)}, &p)
	return p, err
}

// Consistency proves that the log of a size begins with that of an earlier one, with the
// scope audit:read.
func (c *Client) Consistency(ctx context.Context, from, to int64) (ConsistencyProof, error) {
	var p ConsistencyProof
	q := url.Values{"from": {strconv.FormatInt(from, 10)}, "to": {strconv.FormatInt(to, 10)}}
	_, err := c.call(ctx, request{method: http.MethodGet, path: "/log/proof/consistency?" + q.Encode()}, &p)
	return p, err
}
