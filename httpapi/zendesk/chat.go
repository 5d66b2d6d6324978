package zendesk

import (
	"strconv"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/threads"
)

// A chat shows in audits as the event that began it, with all that was said, and the one
// that ended it (contract §9). Who said it is known by the numbers of users.
type (
	chatEvent struct {
		ID    int64  `json:"id"`
		Type  string `json:"type"`
		Value any    `json:"value"`
	}
	chatStarted struct {
		ChatID    domain.ChatID `json:"chat_id"`
		History   []chatEntry   `json:"history"`
		VisitorID string        `json:"visitor_id"` // a string, here alone
	}
	chatEnded struct {
		ChatID    domain.ChatID `json:"chat_id"`
		VisitorID string        `json:"visitor_id"`
	}
	chatEntry struct {
		Index     int            `json:"chat_index"`
		Type      string         `json:"type"`
		Message   *string        `json:"message,omitzero"`
		Filename  *string        `json:"filename,omitzero"`
		MessageID domain.EventID `json:"message_id"`
		ActorID   int64          `json:"actor_id"`
		ActorName string         `json:"actor_name"`
		ActorType string         `json:"actor_type"`
		Timestamp int64          `json:"timestamp"` // in milliseconds
	}
)

func (s *scene) chatEvent(e *threads.AuditEvent) chatEvent {
	visitor := strconv.FormatInt(s.people.number(e.Chat.Visitor), 10)
	if e.Type == threads.AuditChatEnded {
		return chatEvent{e.Number, "ChatEndedEvent", chatEnded{e.Chat.ID, visitor}}
	}
	value := chatStarted{e.Chat.ID, make([]chatEntry, len(e.Chat.Entries)), visitor}
	for i := range value.History {
		value.History[i] = s.chatEntry(i, &e.Chat.Entries[i])
	}
	return chatEvent{e.Number, "ChatStartedEvent", value}
}

func (s *scene) chatEntry(i int, e *threads.ChatEntry) chatEntry {
	shown := chatEntry{
		Index: i, Type: "ChatJoin", MessageID: e.Message, ActorID: s.people.number(e.Author.ID), ActorType: actorType(e.Author.Type),
		Timestamp: e.At.UnixNano() / int64(time.Millisecond),
	}
	if u := s.people[e.Author.ID]; u != nil {
		shown.ActorName = u.Name
	}
	said := domain.MaskedText // of what is erased
	switch e.Kind {
	case domain.ChatMessage:
		if e.Document != nil {
			said = e.Document.Text
		}
		shown.Type, shown.Message = "ChatMessage", &said
	case domain.ChatFile:
		if file, ok := e.File(); ok {
			said = file.Name
		}
		shown.Type, shown.Filename = "ChatFileAttachment", &said
	}
	return shown
}

func actorType(t domain.AuthorType) string {
	switch t {
	case domain.AuthorAgent:
		return "agent"
	case domain.AuthorCustomer:
		return "end-user"
	}
	return "system"
}

// talkersOf returns the users whom a chat speaks of.
func talkersOf(c *threads.Chat) []domain.UserID {
	ids := []domain.UserID{c.Visitor}
	for i := range c.Entries {
		ids = append(ids, c.Entries[i].Author.ID)
	}
	return ids
}
