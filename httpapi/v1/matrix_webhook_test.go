package v1_test

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/relay/webhook"
)

// webhookCell is cell for operations on webhooks.
func (a *account) webhookCell(operation, object string) (method, path, body string) {
	a.t.Helper()
	switch operation {
	case "listWebhooks":
		return "GET", "/v1/webhooks", ""
	case "createWebhook":
		return "POST", "/v1/webhooks", fmt.Sprintf(`{"url":"https://example.com/","text":%t}`, object == "full")
	case "getWebhook":
		return "GET", a.webhookObject(object), ""
	case "listWebhookAttempts":
		return "GET", a.webhookObject(object) + "/attempts", ""
	case "updateWebhook":
		return "PATCH", a.webhookObject(object), `{"enabled":false}`
	case "deleteWebhook":
		return "DELETE", a.webhookObject(object), ""
	case "rotateWebhookSecret":
		return "POST", a.webhookObject(object) + "/rotate_secret", ""
	case "testWebhook":
		return "POST", a.webhookObject(object) + "/test", ""
	case "replayWebhook":
		return "POST", a.webhookObject(object) + "/replay", `{"failed":true}`
	}
	a.t.Fatalf("no such operation: %s", operation)
	return "", "", ""
}

// forgetWebhooks makes room for new ones: there is a limit to them.
func (a *account) forgetWebhooks() {
	a.t.Helper()
	store := webhook.NewStore(a.pool, a.root, 0)
	for _, id := range []domain.AccountID{a.id, a.other} {
		if err := store.Forget(a.t.Context(), id); err != nil {
			a.t.Fatal(err)
		}
	}
}

func (a *account) webhookObject(object string) string {
	const path = "/v1/webhooks/"
	switch object {
	case "absent":
		return path + uuid.NewString()
	case "misnamed":
		return path + "me"
	}
	settings := webhook.Settings{URL: "https://example.com/"}
	if object == "off" {
		settings.Off = webhook.OffRequested
	}
	owner := a.id
	if object == "foreign" {
		owner = a.other
	}
	store := webhook.NewStore(a.pool, a.root, 0)
	made, _, err := store.Create(a.t.Context(), owner, settings)
	if err != nil {
		a.t.Fatal(err)
	}
	return path + made.ID.String()
}
