package client

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// Hide says what to hide in a comment. Exactly one field is set.
type Hide struct {
	Text     string `json:"text,omitzero"`      // wherever it occurs
	HTMLBody string `json:"html_body,omitzero"` // the comment's, with <redact> around what to hide
	All      bool   `json:"all,omitzero"`       // everything
}

// A Redaction is what became of it.
type Redaction struct {
	Comment Comment `json:"comment"` // as it is now
	// Receipt is nil if there was nothing to change.
	Receipt *Receipt `json:"receipt"`
	// NearHits are left in the comment, and only look like what was hidden.
	NearHits []string `json:"near_hits"`
}

// A Receipt tells how far the destruction of the keys is that could open what was hidden.
type Receipt struct {
	EventID        uuid.UUID  `json:"event_id"`
	Position       int64      `json:"position"`
	KeyDestroyedAt *time.Time `json:"key_destroyed_at"` // nil: not yet
	ErasureHorizon int64      `json:"erasure_horizon"`  // seconds for which backups of keys are kept after that
}

// Redact hides something for good, in every version of the comment. There is no way back.
// With the scope comments:redact.
//
// If its answer is lost, the call is not repeated, as it would be refused: what it was to
// hide may be gone. The error is then that of the connection, or CodeOutcomeUnknown.
func (c *Client) Redact(ctx context.Context, ticket, comment uuid.UUID, hide Hide) (Redaction, error) {
	var r Redaction
	header, err := c.call(ctx, request{method: http.MethodPost, path: commentPath(ticket, comment) + "/redactions", body: hide, once: true}, &r)
	if err == nil {
		r.Comment.ETag = header.Get("ETag")
	}
	return r, err
}

// Redaction follows a redaction until its keys are destroyed.
func (c *Client) Redaction(ctx context.Context, ticket, comment, event uuid.UUID) (Receipt, error) {
	var r Receipt
	_, err := c.call(ctx, request{method: http.MethodGet, path: commentPath(ticket, comment) + "/redactions/" + event.String()}, &r)
	return r, err
}
