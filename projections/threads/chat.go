package threads

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
)

// Chat is a chat as it is today, with all that was said in it.
type Chat struct {
	ID        domain.ChatID
	Number    int64
	Visitor   domain.UserID
	StartedAt time.Time // UTC
	EndedAt   time.Time // UTC; zero: it goes on
	Entries   []ChatEntry
}

// ChatEntry is an entry of a chat, by its index.
type ChatEntry struct {
	Message domain.EventID // names the entry, whatever becomes of it
	Kind    domain.ChatKind
	Author  domain.Author
	At      time.Time // UTC
	// Document is what it says today; nil: nothing, or it is erased.
	Document *Document
	Erased   bool
}

// File returns the file that the entry is; false if it is none, or is erased.
func (e *ChatEntry) File() (domain.Attachment, bool) {
	if e.Kind != domain.ChatFile || e.Document == nil || len(e.Document.Attachments) == 0 {
		return domain.Attachment{}, false
	}
	return e.Document.Attachments[0], true
}

// Chat returns a chat of a ticket. The error is domain.ErrChatNotFound if the viewer sees
// the ticket and may not know of such a chat. It costs what the chat is, however long the
// thread is.
func (r *Reader) Chat(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.ChatID, viewer domain.Actor) (Chat, error) {
	who, ok := audienceOf(viewer)
	if !ok {
		return Chat{}, domain.ErrTicketNotFound
	}
	v, err := r.view(ctx, account, ticket)
	if err != nil {
		return Chat{}, err
	}
	defer v.close()
	if _, err := v.version(ctx, who); err != nil {
		return Chat{}, err
	}
	found, err := v.chatsToday(ctx, chatKeys{[]pgtype.UUID{asID(ticket)}, []pgtype.UUID{asID(id)}})
	if err != nil {
		return Chat{}, err
	}
	c := found[id]
	if c == nil || !domain.ChatVisibleTo(viewer, c.Visitor) {
		return Chat{}, domain.ErrChatNotFound
	}
	v.close() // what is opened may need a connection of its own
	err = c.open(ctx, r, account)
	return c.Chat, err
}

// readChat is a chat whose texts are not opened yet.
type readChat struct {
	Chat
	ticket domain.TicketID
	rows   []row // a text each
	of     []int // the entries that they are of
}

// chatsToday reads chats. Those that there are not, are left out.
func (v *view) chatsToday(ctx context.Context, keys chatKeys) (map[domain.ChatID]*readChat, error) {
	found := make(map[domain.ChatID]*readChat, len(keys.chats))
	err := v.chats(ctx, keys, func(c *chat) { found[domain.ChatID(c.id)] = c.today() })
	if err != nil {
		return nil, err
	}
	var ids []pgtype.UUID
	for _, c := range found {
		for i := range c.rows {
			ids = append(ids, asID(c.rows[i].Content))
		}
	}
	contents, err := v.contents(ctx, ids)
	for _, c := range found {
		for i := range c.rows {
			at := contents[c.rows[i].Content]
			c.rows[i].bucket, c.rows[i].sealed = at.bucket, at.sealed
		}
	}
	return found, err
}

// today is what the events of a chat have left.
func (c *chat) today() *readChat {
	read := &readChat{ticket: c.ticket, Chat: Chat{ID: domain.ChatID(c.id), Number: c.started.Number, Visitor: c.started.Visitor, StartedAt: c.started.At}}
	if c.ended != nil {
		read.EndedAt = c.ended.At
	}
	for i := range c.entries {
		e := &c.entries[i]
		read.Entries = append(read.Entries, ChatEntry{Message: c.messages[i], Kind: e.Kind, Author: e.Author, At: e.By.At, Erased: e.Erased})
		if e.Content != (domain.ContentID{}) {
			read.rows, read.of = append(read.rows, row{Comment: Comment{ID: c.id, Content: e.Content}}), append(read.of, i)
		}
	}
	return read
}

// open opens the texts.
func (c *readChat) open(ctx context.Context, r *Reader, account domain.AccountID) error {
	said, err := r.open(ctx, account, c.ticket, c.rows, true)
	if err != nil {
		return err
	}
	for i := range said {
		e := &c.Entries[c.of[i]]
		e.Document, e.Erased = said[i].Document, said[i].Destroyed
	}
	return nil
}
