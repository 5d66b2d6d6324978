package v1

import (
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/httpapi/auth"
)

// Webhooks is what has to be known to let callers say where events are to be sent.
type Webhooks struct {
	Store *webhook.Store
	// Guard says which URLs can be named.
	Guard webhook.Guard
}

// Webhook is where events are sent, as this API shows it.
type Webhook struct {
	ID              webhook.ID       `json:"id" format:"uuid"`
	URL             string           `json:"url"`
	Types           []string         `json:"types" nullable:"false" doc:"Only events of these types are sent; none: of all."`
	Visibility      visibility       `json:"visibility" enum:"public,all" doc:"public: nothing is told of internal notes."`
	TicketID        *domain.TicketID `json:"ticket_id" nullable:"true" format:"uuid" doc:"Only what happens on this ticket is sent; null: on any."`
	Text            bool             `json:"text" doc:"Whether comments are sent as they are, with their texts."`
	Mode            mode             `json:"mode" enum:"strict,skip_and_retry" doc:"strict: in order, and what is not taken holds up the rest. skip_and_retry: it is tried again later."`
	Enabled         bool             `json:"enabled"`
	DisabledBecause *webhook.Off     `json:"disabled_because" nullable:"true" doc:"requested; gone: the answer was 410; failing: nothing was taken for five days; or null: it is enabled."`
	FailingSince    *Instant         `json:"failing_since" nullable:"true" doc:"When the first event was not taken after the last one that was; null: there is none."`
	CreatedAt       Time             `json:"created_at"`
	UpdatedAt       Time             `json:"updated_at"`
}

// WebhookWithSecret is a webhook whose secret is shown, which happens once.
type WebhookWithSecret struct {
	Webhook
	Secret string `json:"secret" doc:"Signs what is sent. It is not shown again."`
}

type (
	visibility string
	mode       string
)

const (
	visiblePublic visibility = "public"
	visibleAll    visibility = "all"
	modeStrict    mode       = "strict"
	modeSkip      mode       = "skip_and_retry"
)

func webhookOf(e *webhook.Endpoint) Webhook {
	w := Webhook{
		ID: e.ID, URL: e.URL, Types: append([]string{}, e.Types...), Visibility: visiblePublic, TicketID: e.Ticket,
		Text: e.Text, Mode: modeSkip, Enabled: e.Off == "", CreatedAt: Time(e.CreatedAt), UpdatedAt: Time(e.UpdatedAt),
		FailingSince: (*Instant)(e.FailingSince),
	}
	if e.Internal {
		w.Visibility = visibleAll
	}
	if e.Strict {
		w.Mode = modeStrict
	}
	if e.Off != "" {
		w.DisabledBecause = &e.Off
	}
	return w
}

// webhookID returns the id in the path.
func (a *API) webhookID(r *http.Request) (webhook.ID, error) {
	if a.hooks == nil {
		return webhook.ID{}, eventstore.ErrUnavailable
	}
	return webhook.ParseID(r.PathValue("webhook_id"))
}

// listWebhooks serves GET /v1/webhooks.
func (a *API) listWebhooks(w http.ResponseWriter, r *http.Request) error {
	if a.hooks == nil {
		return eventstore.ErrUnavailable
	}
	found, err := a.hooks.Store.List(r.Context(), auth.From(r.Context()).Account)
	if err != nil {
		return err
	}
	all := make([]Webhook, len(found))
	for i := range found {
		all[i] = webhookOf(&found[i])
	}
	return reply(w, http.StatusOK, all)
}

// createWebhook serves POST /v1/webhooks.
func (a *API) createWebhook(w http.ResponseWriter, r *http.Request) error {
	if a.hooks == nil {
		return eventstore.ErrUnavailable
	}
	principal := auth.From(r.Context())
	var body NewWebhook
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	settings, err := body.settings(&a.hooks.Guard)
	if err == nil {
		err = mayHave(principal, &settings)
	}
	if err != nil {
		return err
	}
	e, secret, err := a.hooks.Store.Create(r.Context(), principal.Account, settings)
	if err != nil {
		return err
	}
	w.Header().Set("Location", a.base+webhooksPath+"/"+e.ID.String())
	return reply(w, http.StatusCreated, WebhookWithSecret{webhookOf(&e), secret})
}

// mayHave: a key that cannot read texts cannot have them sent anywhere.
func mayHave(p auth.Principal, s *webhook.Settings) error {
	if s.Text {
		return p.Require(auth.CommentsRead)
	}
	return nil
}

// getWebhook serves GET /v1/webhooks/{webhook_id}.
func (a *API) getWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := a.webhookID(r)
	if err != nil {
		return err
	}
	return a.showWebhook(w, r, http.StatusOK, id)
}

func (a *API) showWebhook(w http.ResponseWriter, r *http.Request, status int, id webhook.ID) error {
	e, err := a.hooks.Store.Get(r.Context(), auth.From(r.Context()).Account, id)
	if err != nil {
		return err
	}
	return reply(w, status, webhookOf(&e))
}

// updateWebhook serves PATCH /v1/webhooks/{webhook_id}.
func (a *API) updateWebhook(w http.ResponseWriter, r *http.Request) error {
	principal := auth.From(r.Context())
	id, err := a.webhookID(r)
	if err != nil {
		return err
	}
	var body WebhookChange
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	e, err := a.hooks.Store.Change(r.Context(), principal.Account, id, func(s *webhook.Settings) error {
		if err := body.apply(s, &a.hooks.Guard); err != nil {
			return err
		}
		return mayHave(principal, s)
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, webhookOf(&e))
}

// deleteWebhook serves DELETE /v1/webhooks/{webhook_id}.
func (a *API) deleteWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := a.webhookID(r)
	if err != nil {
		return err
	}
	if err := a.hooks.Store.Delete(r.Context(), auth.From(r.Context()).Account, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// rotateWebhookSecret serves POST /v1/webhooks/{webhook_id}/rotate_secret.
func (a *API) rotateWebhookSecret(w http.ResponseWriter, r *http.Request) error {
	id, err := a.webhookID(r)
	if err != nil {
		return err
	}
	e, secret, err := a.hooks.Store.Rotate(r.Context(), auth.From(r.Context()).Account, id)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, WebhookWithSecret{webhookOf(&e), secret})
}
