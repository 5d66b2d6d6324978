package domain

import "errors"

// Chat is the state of a chat: a conversation of a visitor with the helpdesk that a
// program relays into a ticket while it goes on. Like a comment it is a thing of the
// ticket, but it is none: no list and no count has it. The zero value is a chat that
// never began.
//
// Who sees all of a ticket sees its chats; a customer sees those in which they were the
// visitor.
type Chat struct {
	Exists  bool
	Number  int64
	Visitor UserID
	Entries int // that were ever added: the index of the next one
	Ended   bool
	// Content is what was last said, zero if nothing was or all is erased.
	Content ContentID
	// Revision is as in Comment.
	Revision int
}

// MaxChatEntries is how many entries a chat may have: it is read as a whole.
const MaxChatEntries = 2000

// ChatKind is what an entry of a chat is.
type ChatKind string

const (
	ChatMessage ChatKind = "message"
	ChatJoin    ChatKind = "join" // somebody has joined; it says nothing
	ChatFile    ChatKind = "file" // somebody has sent a file: its text has that attachment and nothing else
)

// UnmarshalText refuses what is no kind.
func (k *ChatKind) UnmarshalText(b []byte) error {
	switch v := ChatKind(b); v {
	case ChatMessage, ChatJoin, ChatFile:
		*k = v
		return nil
	}
	return errors.New("an entry of a chat is none of message, join, file")
}

// The refusals of commands about chats, beside those that others have, too.
var (
	// ErrChatNotFound: no such chat in the ticket, or none that the actor may know of.
	ErrChatNotFound = errors.New("there is no such chat")
	// ErrChatExists: the ticket has a chat with this id.
	ErrChatExists = errors.New("there is a chat with this id already")
	// ErrChatEnded: nothing is added to a chat that has ended.
	ErrChatEnded = errors.New("the chat has ended")
	// ErrChatFull: the chat has MaxChatEntries.
	ErrChatFull = errors.New("the chat has as many entries as it may have")
	// ErrChatActive: a chat that goes on is not redacted (contract §8.4).
	ErrChatActive = errors.New("the chat goes on")
	// ErrNoChatEntry: the chat has no such entry, or it is one of another kind.
	ErrNoChatEntry = errors.New("the chat has no such entry of this kind")
	// ErrNotVisitor: what a customer says in a chat is the visitor's.
	ErrNotVisitor = errors.New("the visitor is the only customer in a chat")
)

// ChatStarted: a visitor and the helpdesk have begun to talk.
type ChatStarted struct {
	Meta
	Number  int64  `json:"number"`
	Visitor UserID `json:"visitor"`
}

// ChatEntryAdded: somebody said something in a chat, or joined it.
type ChatEntryAdded struct {
	Meta
	Index   int        `json:"index"` // 0, 1, 2 and so on
	Kind    ChatKind   `json:"kind"`
	Author  Author     `json:"author"`
	Content ContentRef `json:"content,omitzero"` // zero: it says nothing
}

// ChatEnded: nobody says anything in it any more.
type ChatEnded struct{ Meta }

// ChatRedacted: something that was said in a chat is hidden for good, or files that were
// sent are gone. What said it was sealed anew, and the former text is gone.
type ChatRedacted struct {
	Meta
	Contents []Replacement  `json:"contents"`
	Files    []FileRedacted `json:"files,omitzero"`
}

// OfChat reports whether the event is about a chat.
func OfChat(e Event) bool {
	switch e := e.(type) {
	case ChatStarted, ChatEntryAdded, ChatEnded, ChatRedacted:
		return true
	case ContentErased:
		return e.Chat
	}
	return false
}

// Evolve returns the chat after e, an event about this chat.
func (c Chat) Evolve(e Event) Chat {
	switch e := e.(type) {
	case ChatStarted:
		return Chat{Exists: true, Number: e.Number, Visitor: e.Visitor}
	case ChatEntryAdded:
		c.Entries = e.Index + 1
		if e.Content != (ContentRef{}) {
			c.Content = e.Content.ID
		}
	case ChatEnded:
		c.Ended = true
	case ChatRedacted:
		c.Content = ReplacedBy(e.Contents, c.Content)
	case ContentErased:
		c.Content = ContentID{}
	}
	return c
}

// ReplacedBy returns what stands in the place of a content: itself, if nothing has replaced
// it.
func ReplacedBy(replacements []Replacement, id ContentID) ContentID {
	for i := range replacements {
		if replacements[i].Old == id {
			return replacements[i].New.ID
		}
	}
	return id
}

// ChatVisibleTo reports whether the actor may know of a chat with a visitor, given that
// its ticket is visible to them.
func ChatVisibleTo(a Actor, visitor UserID) bool {
	return a.SeesInternal() || a.Kind == ActorCustomer && a.ID == visitor
}
