package v1_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
)

// TestWebhookRefused: each mistake is named by its member, and not repeated.
func TestWebhookRefused(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	made := hook{}
	made.read(t, a.must(201, "admin", "POST", "/v1/webhooks", `{"url":"https://example.com/"}`))
	for _, tt := range []struct{ member, body string }{
		{"url", `{}`},
		{"url", `{"url":null}`},
		{"url", `{"url":"ftp://c4n4ry.example.com/"}`},
		{"url", `{"url":"https://c4n4ry@example.com/"}`},
		{"url", `{"url":"https://10.0.0.1/c4n4ry"}`},
		{"url", `{"url":"https://169.254.169.254/c4n4ry"}`},
		{"url", fmt.Sprintf(`{"url":"https://example.com/%s"}`, strings.Repeat("x", 2048))},
		{"types", `{"url":"https://example.com/","types":["comment.created","c4n4ry"]}`},
		{"types", `{"url":"https://example.com/","types":null}`},
		{"visibility", `{"url":"https://example.com/","visibility":"c4n4ry"}`},
		{"ticket_id", `{"url":"https://example.com/","ticket_id":"c4n4ry"}`},
		{"mode", `{"url":"https://example.com/","mode":"c4n4ry"}`},
		{"text", `{"url":"https://example.com/","text":null}`},
		{"enabled", `{"url":"https://example.com/","enabled":null}`},
	} {
		got := a.must(422, "admin", "POST", "/v1/webhooks", tt.body)
		if !strings.Contains(string(got.body), fmt.Sprintf(`"field":%q`, tt.member)) || strings.Contains(string(got.body), "c4n4ry") {
			t.Errorf("%.100s is refused by %s", tt.body, got.body)
		}
		if tt.body == "{}" {
			continue
		}
		if got := a.must(422, "admin", "PATCH", made.path(), tt.body); !strings.Contains(string(got.body), fmt.Sprintf(`"field":%q`, tt.member)) {
			t.Errorf("as a change %.100s is refused by %s", tt.body, got.body)
		}
	}
	var now hook
	now.read(t, a.must(200, "admin", "GET", made.path(), ""))
	if now.URL != made.URL || now.UpdatedAt != made.UpdatedAt {
		t.Errorf("what was refused has changed %+v to %+v", made, now)
	}
}

// TestTextNeedsScope: who may not read texts cannot have them sent, nor change where they
// are sent.
func TestTextNeedsScope(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	blind := a.key(a.users["admin"], domain.ActorAgent, auth.ScopesOf(auth.Admin))
	a.must(201, blind, "POST", "/v1/webhooks", `{"url":"https://example.com/"}`)
	a.must(403, blind, "POST", "/v1/webhooks", `{"url":"https://example.com/","text":true}`)
	var h hook
	h.read(t, a.must(201, "admin", "POST", "/v1/webhooks", `{"url":"https://example.com/","text":true}`))
	a.must(403, blind, "PATCH", h.path(), `{"url":"https://elsewhere.example.com/"}`)
	a.must(200, blind, "PATCH", h.path(), `{"text":false}`)
}

// TestWebhookLimit: however many are made at once, an account has no more than it may have.
func TestWebhookLimit(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	var made, refused atomic.Int32
	var making sync.WaitGroup
	for range webhook.MaxPerAccount + 10 {
		making.Go(func() {
			switch r := a.do("admin", "POST", "/v1/webhooks", `{"url":"https://example.com/"}`); r.status {
			case 201:
				made.Add(1)
			case 422:
				refused.Add(1)
			default:
				t.Errorf("POST = %d %s", r.status, r.body)
			}
		})
	}
	making.Wait()
	if made.Load() != webhook.MaxPerAccount || refused.Load() != 10 {
		t.Errorf("%d were made and %d refused; want %d and 10", made.Load(), refused.Load(), webhook.MaxPerAccount)
	}
}
