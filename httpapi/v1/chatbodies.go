package v1

import (
	"fmt"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// NewChat is the body of POST …/chats.
type NewChat struct {
	_         struct{}      `additionalProperties:"true"`
	ID        Field[string] `json:"id" required:"false" format:"uuid" doc:"Absent: one is made. An id is no text: make a UUID (version 5) of what a chat is called elsewhere."`
	VisitorID Field[string] `json:"visitor_id" format:"uuid" doc:"The customer. A person not heard of before is introduced by this."`
}

// NewChatEntry is something that is added to a chat.
type NewChatEntry struct {
	_       struct{}      `additionalProperties:"true"`
	Kind    Field[string] `json:"kind" required:"false" enum:"message,join" doc:"Default message."`
	Content Field[string] `json:"content" required:"false" minLength:"1" maxLength:"16384" doc:"Of a message: at most 16,384 bytes of UTF-8; not blank. Kept exactly as it is, and never taken for HTML."`
	ChatAuthor
}

// ChatAuthor is who says something in a chat. The names are those of comments.
type ChatAuthor struct {
	AuthorType       Field[string] `json:"author_type" required:"false" enum:"AGENT,CUSTOMER,SYSTEM"`
	AuthorUserID     Field[string] `json:"author_user_id" required:"false" nullable:"true" format:"uuid" doc:"The author, if author_type is AGENT or SYSTEM."`
	AuthorCustomerID Field[string] `json:"author_customer_id" required:"false" nullable:"true" format:"uuid" doc:"The author, if author_type is CUSTOMER: the visitor."`
}

// NewChatFiles is the body of POST …/chats/{chat_id}/files.
type NewChatFiles struct {
	_      struct{}      `additionalProperties:"true"`
	Upload Field[string] `json:"upload" doc:"The token of an upload, made with POST /api/v2/uploads by the same user. It is used up."`
	ChatAuthor
}

// NewChatEntries is the body of POST …/chats/{chat_id}/messages: one entry, or several.
type NewChatEntries struct {
	NewChatEntry
	Messages Field[[]NewChatEntry] `json:"messages" required:"false" minItems:"1" maxItems:"100" doc:"Several entries, in order, instead of one. They are added together or not at all."`
}

const (
	maxChatContent     = 16_384 // bytes of a message
	maxChatContentText = "16,384"
	maxChatEntries     = 100 // of a request
)

// valid checks the body and returns the id, the zero id if none is given, and the visitor.
func (c *NewChat) valid() (id domain.ChatID, visitor domain.UserID, err error) {
	var m mistakes
	if c.ID.Set {
		if id, err = domain.ParseChatID(c.ID.Value); err != nil || id == (domain.ChatID{}) {
			m.add("id", "must be a UUID, and not that of nothing")
		}
	}
	if visitor, err = domain.ParseUserID(c.VisitorID.Value); err != nil {
		m.add("visitor_id", "must be the UUID of a customer")
	}
	return id, visitor, m.err()
}

// valid checks the body and returns the entries, without ids of their texts.
func (c *NewChatEntries) valid() ([]domain.NewChatEntry, error) {
	var m mistakes
	if !c.Messages.Set {
		return []domain.NewChatEntry{c.NewChatEntry.entry(&m, "")}, m.err()
	}
	given := c.Messages.Value
	if n := len(given); n < 1 || n > maxChatEntries {
		m.add("messages", "must be 1 to 100 messages")
		return nil, m.err()
	}
	if c.Content.Set || c.Kind.Set {
		m.add("messages", "must not be given together with content or kind")
	}
	entries := make([]domain.NewChatEntry, len(given))
	for i := range given {
		entries[i] = given[i].entry(&m, fmt.Sprintf("messages[%d].", i))
	}
	return entries, m.err()
}

// entry returns the entry and notes what is wrong with it, under names that begin with
// prefix.
func (c *NewChatEntry) entry(all *mistakes, prefix string) domain.NewChatEntry {
	var m mistakes
	e := domain.NewChatEntry{Kind: domain.ChatMessage}
	if c.Kind.Set && e.Kind.UnmarshalText([]byte(c.Kind.Value)) != nil {
		m.add("kind", "must be message or join")
	}
	switch {
	case e.Kind == domain.ChatFile:
		m.add("kind", "must be message or join")
	case e.Kind == domain.ChatJoin && c.Content.Set:
		m.add("content", "must not be given with kind join")
	case e.Kind == domain.ChatMessage && !c.Content.Set:
		m.add("content", "must be given")
	case e.Kind == domain.ChatMessage:
		checkText(&m, "content", c.Content, maxChatContent, maxChatContentText)
		e.Text = &domain.Text{Body: c.Content.Value}
	}
	e.Author = c.author(&m)
	for _, wrong := range m {
		all.add(prefix+wrong.Field, wrong.Message)
	}
	return e
}

// author returns the author, who has to be named.
func (c *ChatAuthor) author(m *mistakes) (author domain.Author) {
	named := NamedAuthor(*c)
	switch given := named.author(m); {
	case given != nil:
		author = *given
	case len(*m) == 0:
		m.add("author_type", "must be AGENT, CUSTOMER or SYSTEM, with the id of the author")
	}
	return author
}

// valid checks the body and returns the token and the author.
func (c *NewChatFiles) valid() (vault.UploadToken, domain.Author, error) {
	var m mistakes
	author := c.author(&m)
	token, err := vault.ParseUploadToken(c.Upload.Value)
	if err != nil {
		m.add("upload", "must be the token of an upload")
	}
	return token, author, m.err()
}
