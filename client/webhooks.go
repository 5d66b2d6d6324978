package client

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// A Webhook is a URL to which the service sends what happens.
type Webhook struct {
	ID              uuid.UUID  `json:"id"`
	URL             string     `json:"url"`
	Types           []string   `json:"types"`      // of events; none: all
	Visibility      string     `json:"visibility"` // public, or all: also of internal notes
	TicketID        *uuid.UUID `json:"ticket_id"`  // nil: any
	Text            bool       `json:"text"`       // comments are sent with their texts
	Mode            string     `json:"mode"`       // strict or skip_and_retry
	Enabled         bool       `json:"enabled"`
	DisabledBecause *string    `json:"disabled_because"`
	FailingSince    *time.Time `json:"failing_since"`
	CreatedAt       time.Time  `json:"created_at"`
	UpdatedAt       time.Time  `json:"updated_at"`
	// Secret is for VerifyWebhook. It is shown by CreateWebhook and RotateWebhookSecret, once.
	Secret string `json:"secret"`
}

// WebhookChange is what to change of a webhook, or how to make one. What is absent stays, or
// is as the service chooses.
type WebhookChange struct {
	URL        Optional[string]    `json:"url,omitzero"` // required of a new one
	Types      Optional[[]string]  `json:"types,omitzero"`
	Visibility Optional[string]    `json:"visibility,omitzero"`
	TicketID   Optional[uuid.UUID] `json:"ticket_id,omitzero"`
	Text       Optional[bool]      `json:"text,omitzero"`
	Mode       Optional[string]    `json:"mode,omitzero"`
	Enabled    Optional[bool]      `json:"enabled,omitzero"`
}

func webhookPath(id uuid.UUID) string { return "/webhooks/" + id.String() }

// Webhooks returns the webhooks of the account, oldest first; with the scope admin, as all
// that is about webhooks.
func (c *Client) Webhooks(ctx context.Context) ([]Webhook, error) {
	var all []Webhook
	_, err := c.call(ctx, request{method: http.MethodGet, path: "/webhooks"}, &all)
	return all, err
}

// CreateWebhook makes a webhook. If its answer is lost the call is not repeated, as there
// might be two of it then.
func (c *Client) CreateWebhook(ctx context.Context, w WebhookChange) (Webhook, error) {
	return c.webhook(ctx, request{method: http.MethodPost, path: "/webhooks", body: w, once: true})
}

// Webhook returns a webhook.
func (c *Client) Webhook(ctx context.Context, id uuid.UUID) (Webhook, error) {
	return c.webhook(ctx, request{method: http.MethodGet, path: webhookPath(id)})
}

// UpdateWebhook changes a webhook, and returns it as it is then.
func (c *Client) UpdateWebhook(ctx context.Context, id uuid.UUID, change WebhookChange) (Webhook, error) {
	return c.webhook(ctx, request{method: http.MethodPatch, path: webhookPath(id), body: change})
}

// DeleteWebhook deletes a webhook. One that is gone already is CodeNotFound, also if it was
// this call whose first answer was lost.
func (c *Client) DeleteWebhook(ctx context.Context, id uuid.UUID) error {
	_, err := c.call(ctx, request{method: http.MethodDelete, path: webhookPath(id)}, nil)
	return err
}

// RotateWebhookSecret gives a webhook another secret, and returns it. For 24 hours the one
// before signs as well. If the answer is lost the call is not repeated: a second one would
// end the secret that receivers know.
func (c *Client) RotateWebhookSecret(ctx context.Context, id uuid.UUID) (Webhook, error) {
	return c.webhook(ctx, request{method: http.MethodPost, path: webhookPath(id) + "/rotate_secret", once: true})
}

// TestWebhook has an event sent that says nothing, and returns its webhook-id. While one
// waits to be sent, another is refused.
func (c *Client) TestWebhook(ctx context.Context, id uuid.UUID) (event uuid.UUID, err error) {
	var test struct {
		ID uuid.UUID `json:"event_id"`
	}
	_, err = c.call(ctx, request{method: http.MethodPost, path: webhookPath(id) + "/test", once: true}, &test)
	return test.ID, err
}

// A WebhookReplay says what to send again; one of its fields is set.
type WebhookReplay struct {
	From   string    `json:"from,omitzero"`  // FromBeginning, or the cursor of an attempt, whose event is the first
	Since  time.Time `json:"since,omitzero"` // what was recorded from then on
	Failed bool      `json:"failed,omitzero"`
}

// ReplayWebhook has events sent again, with the webhook-ids that they had. If its answer is lost
// the call is not repeated: they would be sent twice.
func (c *Client) ReplayWebhook(ctx context.Context, id uuid.UUID, replay WebhookReplay) (Webhook, error) {
	return c.webhook(ctx, request{method: http.MethodPost, path: webhookPath(id) + "/replay", body: replay, once: true})
}

// A WebhookAttempt is a request that was made of a receiver.
type WebhookAttempt struct {
	At         time.Time `json:"at"`
	EventID    uuid.UUID `json:"event_id"` // its webhook-id
	Type       string    `json:"type"`
	Try        int       `json:"try"`         // 1, 2, 3 and so on
	Outcome    string    `json:"outcome"`     // delivered, refused, unreachable or timeout
	StatusCode *int      `json:"status_code"` // nil: there was no answer
	DurationMS *int64    `json:"duration_ms"` // until the answer
	Cursor     *string   `json:"cursor"`      // for WebhookReplay; nil: it was a test
}

// WebhookAttempts goes through what was sent and what became of it, newest first: the last
// 10,000 attempts of two weeks.
func (c *Client) WebhookAttempts(ctx context.Context, id uuid.UUID) iter.Seq2[WebhookAttempt, error] {
	return list[WebhookAttempt](ctx, c, webhookPath(id)+"/attempts", "?limit=200")
}

func (c *Client) webhook(ctx context.Context, q request) (w Webhook, err error) {
	_, err = c.call(ctx, q, &w)
	return w, err
}
