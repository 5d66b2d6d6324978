package client

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// A ChatState is what is known of a chat, beside what was said in it.
type ChatState struct {
	ID        uuid.UUID `json:"id"`
	TicketID  uuid.UUID `json:"ticket_id"`
	Number    int64     `json:"number"` // of the event in which audits show it
	VisitorID uuid.UUID `json:"visitor_id"`
	Entries   int       `json:"entries"`
	IsEnded   bool      `json:"is_ended"`
}

// A Chat is a chat with all that was said in it.
type Chat struct {
	ChatState
	StartedAt time.Time   `json:"started_at"`
	EndedAt   *time.Time  `json:"ended_at"` // nil: it goes on
	History   []ChatEntry `json:"history"`
}

// A ChatEntry is something that happened in a chat.
type ChatEntry struct {
	Index            int        `json:"index"`
	MessageID        uuid.UUID  `json:"message_id"`
	Kind             string     `json:"kind"`        // message, join or file
	AuthorType       string     `json:"author_type"` // Agent, Customer or System
	AuthorUserID     *uuid.UUID `json:"author_user_id"`
	AuthorCustomerID *uuid.UUID `json:"author_customer_id"`
	Content          *string    `json:"content"` // of a message, as redactions have left it
	FileName         *string    `json:"file_name"`
	ContentType      *string    `json:"content_type"`
	Size             *int64     `json:"size"`
	ContentURL       *string    `json:"content_url"`
	CreatedAt        time.Time  `json:"created_at"`
}

// NewChatEntry is something that is added to a chat: a message or, without any content, that
// somebody has joined. The author is named as in NewComment.
type NewChatEntry struct {
	Content          string
	AuthorType       string
	AuthorUserID     *uuid.UUID
	AuthorCustomerID *uuid.UUID
}

// chatEntry is a NewChatEntry as it is sent.
type chatEntry struct {
	Kind             string     `json:"kind"`
	Content          string     `json:"content,omitzero"`
	AuthorType       string     `json:"author_type"`
	AuthorUserID     *uuid.UUID `json:"author_user_id,omitzero"`
	AuthorCustomerID *uuid.UUID `json:"author_customer_id,omitzero"`
}

func chatPath(ticket, chat uuid.UUID) string { return ticketPath(ticket) + "/chats/" + chat.String() }

// StartChat begins to relay a chat into a ticket, once; with the scope comments:act_as, as
// all that adds to chats.
func (c *Client) StartChat(ctx context.Context, ticket, visitor uuid.UUID) (ChatState, error) {
	return c.chatState(ctx, ticketPath(ticket)+"/chats", map[string]uuid.UUID{"visitor_id": visitor})
}

// AddToChat adds entries to a chat, at most a hundred: all of them, once, or none.
func (c *Client) AddToChat(ctx context.Context, ticket, chat uuid.UUID, entries ...NewChatEntry) (ChatState, error) {
	sent := make([]chatEntry, len(entries))
	for i, e := range entries {
		sent[i] = chatEntry{"message", e.Content, e.AuthorType, e.AuthorUserID, e.AuthorCustomerID}
		if e.Content == "" {
			sent[i].Kind = "join"
		}
	}
	return c.chatState(ctx, chatPath(ticket, chat)+"/messages", map[string][]chatEntry{"messages": sent})
}

// NewChatFiles are files that were sent in a chat: those of an upload, which is made with
// POST /api/v2/uploads and the same key, and is used up. The author is named as in NewComment.
type NewChatFiles struct {
	Upload           string     `json:"upload"` // its token
	AuthorType       string     `json:"author_type"`
	AuthorUserID     *uuid.UUID `json:"author_user_id,omitzero"`
	AuthorCustomerID *uuid.UUID `json:"author_customer_id,omitzero"`
}

// AddChatFiles adds an entry for each file to a chat: all of them, once, or none.
func (c *Client) AddChatFiles(ctx context.Context, ticket, chat uuid.UUID, files NewChatFiles) (ChatState, error) {
	return c.chatState(ctx, chatPath(ticket, chat)+"/files", files)
}

// EndChat ends a chat: from then on nothing is added, and it can be redacted. That it has
// ended already is no error.
func (c *Client) EndChat(ctx context.Context, ticket, chat uuid.UUID) (ChatState, error) {
	return c.chatState(ctx, chatPath(ticket, chat)+"/end", nil)
}

func (c *Client) chatState(ctx context.Context, path string, body any) (ChatState, error) {
	var s ChatState
	_, err := c.call(ctx, request{
		method: http.MethodPost, path: path, body: body, header: http.Header{"Idempotency-Key": {uuid.NewString()}},
	}, &s)
	return s, err
}

// Chat returns a chat with all that was said in it. Customers get those in which they were
// the visitor.
func (c *Client) Chat(ctx context.Context, ticket, chat uuid.UUID) (Chat, error) {
	var found Chat
	_, err := c.call(ctx, request{method: http.MethodGet, path: chatPath(ticket, chat)}, &found)
	return found, err
}
