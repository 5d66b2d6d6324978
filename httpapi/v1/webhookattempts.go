package v1

import (
	"fmt"
	"net/http"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/problem"
	"github.com/commentd/commentd/projections/threads"
)

// WebhookTest is a test that is to be sent.
type WebhookTest struct {
	ID domain.EventID `json:"event_id" format:"uuid" doc:"The webhook-id of the test."`
}

// testWebhook serves POST /v1/webhooks/{webhook_id}/test.
func (a *API) testWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := a.webhookID(r)
	if err != nil {
		return err
	}
	test, err := a.hooks.Store.Test(r.Context(), auth.From(r.Context()).Account, id)
	if err != nil {
		return err
	}
	return reply(w, http.StatusAccepted, WebhookTest{test})
}

// replayWebhook serves POST /v1/webhooks/{webhook_id}/replay.
func (a *API) replayWebhook(w http.ResponseWriter, r *http.Request) error {
	ctx, account := r.Context(), auth.From(r.Context()).Account
	id, err := a.webhookID(r)
	if err != nil {
		return err
	}
	var body WebhookReplay
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	since, err := body.valid()
	if err != nil {
		return err
	}
	if body.Failed.Value {
		err = a.hooks.Store.ReplayFailed(ctx, account, id)
	} else {
		var after eventstore.Position
		if since != nil {
			after, err = a.threads.PositionBefore(ctx, *since)
		} else {
			after, err = a.replayFrom(account, id, body.From.Value)
		}
		if err == nil {
			err = a.hooks.Store.Replay(ctx, account, id, after)
		}
	}
	if err != nil {
		return err
	}
	return a.showWebhook(w, r, http.StatusAccepted, id)
}

// replayFrom returns the position after which events are to be sent again.
func (a *API) replayFrom(account domain.AccountID, id webhook.ID, from string) (eventstore.Position, error) {
	if from == fromBeginning {
		return 0, nil
	}
	position, err := a.cursors.Open(cursorContext("webhook event", account, id), from)
	if err != nil || position == 0 {
		return 0, problem.Invalid(problem.FieldError{Field: "from", Message: "must be beginning, or the cursor of an attempt of this webhook"})
	}
	return eventstore.Position(position) - 1, nil // that event, too
}

// WebhookAttempt is a request that was made.
type WebhookAttempt struct {
	At         Instant         `json:"at"`
	Event      domain.EventID  `json:"event_id" format:"uuid" doc:"Its webhook-id."`
	Type       string          `json:"type" doc:"That of the event."`
	Try        int             `json:"try" doc:"1, 2, 3 and so on."`
	Outcome    webhook.Outcome `json:"outcome" enum:"delivered,refused,unreachable,timeout" doc:"refused: the answer was not 2xx. unreachable: there was no connection, for whatever reason, or it broke off."`
	StatusCode *int            `json:"status_code" nullable:"true" doc:"null: there was no answer."`
	DurationMS *int64          `json:"duration_ms" nullable:"true" doc:"Until the answer; null: there was none."`
	Cursor     *string         `json:"cursor" nullable:"true" doc:"For from of a replay, which then begins with this event; null: it was a test."`
}

const defaultAttempts = 100

// listWebhookAttempts serves GET /v1/webhooks/{webhook_id}/attempts.
func (a *API) listWebhookAttempts(w http.ResponseWriter, r *http.Request) error {
	account := auth.From(r.Context()).Account
	id, err := a.webhookID(r)
	if err != nil {
		return err
	}
	asked, err := parseQuery(r.URL.RawQuery, eventParameters)
	if err != nil {
		return err
	}
	if asked.limit == 0 {
		asked.limit = defaultAttempts
	}
	var before uint64
	if asked.after != "" {
		if before, err = a.cursors.Open(cursorContext("webhook attempts", account, id), asked.after); err != nil {
			return errEventCursor
		}
	}
	found, err := a.hooks.Store.Attempts(r.Context(), account, id, int64(before), asked.limit+1)
	if err != nil {
		return err
	}
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next := a.cursors.Seal(cursorContext("webhook attempts", account, id), uint64(found[asked.limit-1].Seq))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s/%s/attempts?limit=%d&after=%s>; rel="next"`, a.base, webhooksPath, id, asked.limit, next))
	}
	attempts := make([]WebhookAttempt, len(found))
	for i := range found {
		attempts[i] = a.attemptOf(account, id, &found[i])
	}
	return reply(w, http.StatusOK, attempts)
}

func (a *API) attemptOf(account domain.AccountID, id webhook.ID, t *webhook.Attempt) WebhookAttempt {
	s := WebhookAttempt{At: Instant(t.At), Event: t.Event, Type: t.Type, Try: t.Try, Outcome: t.Outcome, StatusCode: t.Status}
	if t.Took != nil {
		ms := int64(*t.Took / time.Millisecond)
		s.DurationMS = &ms
	}
	if t.Position > 0 {
		cursor := a.cursors.Seal(cursorContext("webhook event", account, id), uint64(t.Position))
		s.Cursor = &cursor
	}
	return s
}

// WebhookComment is a comment as webhooks send it.
func WebhookComment(ticket domain.TicketID, c *threads.Comment) webhook.Comment {
	s := shown(ticket, c)
	return webhook.Comment{JSON: s.append(nil), Public: c.Public}
}
