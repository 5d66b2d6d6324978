package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/client"
)

func TestNames(t *testing.T) {
	ctx, agent, ticket := within(t), as(t, "agent"), newTicket(t)
	comment := say(t, agent, ticket, "named")
	found, err := agent.Name(ctx, comment.ID.String())
	if err != nil || found.Type != "comment" || found.ID != comment.ID || *found.TicketID != ticket {
		t.Fatalf("Name = %+v, %v", found, err)
	}
	again, err := agent.Name(ctx, fmt.Sprint(found.Number))
	if err != nil || again.ID != comment.ID || again.Number != found.Number {
		t.Errorf("Name of the number = %+v, %v", again, err)
	}
	for _, nothing := range []string{uuid.NewString(), "1/../2"} {
		var refused *client.Error
		if _, err := agent.Name(ctx, nothing); !errors.As(err, &refused) || refused.Status >= 500 {
			t.Errorf("Name(%q): %v", nothing, err)
		}
	}
}

func TestChats(t *testing.T) {
	ctx, relay, ticket := within(t), as(t, "integration"), newTicket(t)
	visitor, agent := uuid.MustParse(dev.info.Users["customer"]), uuid.MustParse(dev.info.Users["agent"])
	chat, err := relay.StartChat(ctx, ticket, visitor)
	if err != nil || chat.VisitorID != visitor || chat.TicketID != ticket || chat.IsEnded {
		t.Fatalf("StartChat = %+v, %v", chat, err)
	}
	added, err := relay.AddToChat(ctx, ticket, chat.ID,
		client.NewChatEntry{AuthorType: client.Agent, AuthorUserID: &agent},
		client.NewChatEntry{AuthorType: client.Customer, AuthorCustomerID: &visitor, Content: "It burns."})
	if err != nil || added.Entries != 2 {
		t.Fatalf("AddToChat = %+v, %v", added, err)
	}
	upload := uploaded(t, "integration", "plan.txt", "to the exits")
	if added, err := relay.AddChatFiles(ctx, ticket, chat.ID, client.NewChatFiles{Upload: upload, AuthorType: client.Customer, AuthorCustomerID: &visitor}); err != nil || added.Entries != 3 {
		t.Fatalf("AddChatFiles = %+v, %v", added, err)
	}
	for range 2 {
		if ended, err := relay.EndChat(ctx, ticket, chat.ID); err != nil || !ended.IsEnded {
			t.Errorf("EndChat = %+v, %v", ended, err)
		}
	}
	var refused *client.Error
	if _, err := relay.AddToChat(ctx, ticket, chat.ID, client.NewChatEntry{AuthorType: client.Agent, AuthorUserID: &agent, Content: "late"}); !errors.As(err, &refused) || refused.Status != 409 {
		t.Errorf("AddToChat after the end: %v", err)
	}
	whole, err := as(t, "customer").Chat(ctx, ticket, chat.ID)
	if err != nil || len(whole.History) != 3 || *whole.History[2].FileName != "plan.txt" || whole.History[0].Kind != "join" || *whole.History[1].Content != "It burns." || whole.EndedAt == nil {
		t.Errorf("Chat = %+v, %v", whole, err)
	}
}

// uploaded makes an upload of a file and returns its token.
func uploaded(t *testing.T, who, name, content string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, dev.info.BaseURL+"/api/v2/uploads?filename="+name, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+dev.info.Keys[who])
	r.Header.Set("Content-Type", "application/binary")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var made struct {
		Upload struct {
			Token string `json:"token"`
		} `json:"upload"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&made); err != nil || made.Upload.Token == "" {
		t.Fatalf("%d, %v", answer.StatusCode, err)
	}
	return made.Upload.Token
}

func TestEmails(t *testing.T) {
	ctx, ticket := within(t), newTicket(t)
	email := []byte("From: Carl <customer@example.com>\r\nTo: help@example.com\r\nSubject: Fire\r\nMessage-ID: <" + uuid.NewString() + "@example.com>\r\n\r\nIt burns again.\r\n")
	first, err := as(t, "integration").CreateEmail(ctx, ticket, email)
	if err != nil || !strings.Contains(first.Content, "It burns again.") || first.AuthorType != client.Customer {
		t.Fatalf("CreateEmail = %+v, %v", first, err)
	}
	if again, err := as(t, "integration").CreateEmail(ctx, ticket, email); err != nil || again.ID != first.ID {
		t.Errorf("CreateEmail again = %+v, %v; want the same comment", again, err)
	}
	original, err := as(t, "admin").Original(ctx, ticket, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer original.Close()
	if content, err := io.ReadAll(original); err != nil || string(content) != string(email) {
		t.Errorf("Original = %q, %v", content, err)
	}
	var refused *client.Error
	if _, err := as(t, "admin").Original(ctx, ticket, say(t, as(t, "agent"), ticket, "no e-mail").ID); !errors.As(err, &refused) || refused.Code != client.CodeNotFound {
		t.Errorf("Original of no e-mail: %v", err)
	}
}

// TestWebhookAttempts: a test event is sent, and what became of it can be read.
func TestWebhookAttempts(t *testing.T) {
	ctx, admin := within(t), as(t, "admin")
	made, err := admin.CreateWebhook(ctx, client.WebhookChange{URL: client.Set("https://receiver.invalid/hook"), Types: client.Set([]string{"chat.ended"})})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := admin.DeleteWebhook(ctx, made.ID); err != nil {
			t.Error(err)
		}
	}()
	event, err := admin.TestWebhook(ctx, made.ID)
	if err != nil || event == uuid.Nil {
		t.Fatalf("TestWebhook = %v, %v", event, err)
	}
	for {
		for attempt, err := range admin.WebhookAttempts(ctx, made.ID) {
			if err != nil {
				t.Fatal(err)
			}
			if attempt.EventID == event {
				if attempt.Outcome != "unreachable" || attempt.Type != "webhook.test" || attempt.Try != 1 || attempt.StatusCode != nil || attempt.Cursor != nil {
					t.Errorf("the attempt is %+v", attempt)
				}
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestWebhookCalls(t *testing.T) {
	ctx, admin := within(t), as(t, "admin")
	made, err := admin.CreateWebhook(ctx, client.WebhookChange{URL: client.Set("https://example.com/hook"), Types: client.Set([]string{"comment.created"}), Enabled: client.Set(false)})
	if err != nil || made.Secret == "" || made.Enabled || !slices.Equal(made.Types, []string{"comment.created"}) {
		t.Fatalf("CreateWebhook = %+v, %v", made, err)
	}
	changed, err := admin.UpdateWebhook(ctx, made.ID, client.WebhookChange{Visibility: client.Set("all")})
	if err != nil || changed.Visibility != "all" || changed.URL != made.URL || changed.Secret != "" {
		t.Errorf("UpdateWebhook = %+v, %v", changed, err)
	}
	if got, err := admin.Webhook(ctx, made.ID); err != nil || got.Visibility != "all" {
		t.Errorf("Webhook = %+v, %v", got, err)
	}
	all, err := admin.Webhooks(ctx)
	if err != nil || !slices.ContainsFunc(all, func(w client.Webhook) bool { return w.ID == made.ID }) {
		t.Errorf("Webhooks = %+v, %v", all, err)
	}
	rotated, err := admin.RotateWebhookSecret(ctx, made.ID)
	if err != nil || rotated.Secret == "" || rotated.Secret == made.Secret {
		t.Errorf("RotateWebhookSecret = %+v, %v", rotated, err)
	}
	if replayed, err := admin.ReplayWebhook(ctx, made.ID, client.WebhookReplay{From: client.FromBeginning}); err != nil || replayed.ID != made.ID {
		t.Errorf("ReplayWebhook = %+v, %v", replayed, err)
	}
	var mistaken *client.Error
	if _, err := admin.ReplayWebhook(ctx, made.ID, client.WebhookReplay{}); !errors.As(err, &mistaken) || mistaken.Status != 422 {
		t.Errorf("ReplayWebhook of nothing: %v", err)
	}
	if err := admin.DeleteWebhook(ctx, made.ID); err != nil {
		t.Error(err)
	}
	var refused *client.Error
	if _, err := admin.Webhook(ctx, made.ID); !errors.As(err, &refused) || refused.Code != client.CodeNotFound {
		t.Errorf("after it was deleted: %v", err)
	}
}
