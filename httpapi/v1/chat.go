package v1

import (
	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/threads"
)

// A ChatState is what this API shows of a chat, beside what was said in it.
type ChatState struct {
	ID        domain.ChatID   `json:"id" format:"uuid"`
	TicketID  domain.TicketID `json:"ticket_id" format:"uuid"`
	Number    int64           `json:"number" doc:"Its permanent integer: that of the event in which audits show it."`
	VisitorID domain.UserID   `json:"visitor_id" format:"uuid" doc:"The customer who talks with the helpdesk."`
	Entries   int             `json:"entries" doc:"How many there are: indexes go from 0 up to below that."`
	IsEnded   bool            `json:"is_ended" doc:"Whether nothing can be added any more."`
}

// A Chat is a chat with all that was said in it.
type Chat struct {
	ChatState
	StartedAt Time        `json:"started_at"`
	EndedAt   *Time       `json:"ended_at" nullable:"true" doc:"null: it goes on."`
	History   []ChatEntry `json:"history" nullable:"false" doc:"In order, by index."`
}

// A ChatEntry is something that happened in a chat.
type ChatEntry struct {
	Index            int               `json:"index"`
	MessageID        domain.EventID    `json:"message_id" format:"uuid" doc:"Names the entry, as the index does."`
	Kind             domain.ChatKind   `json:"kind" enum:"message,join,file"`
	AuthorType       domain.AuthorType `json:"author_type" enum:"AGENT,CUSTOMER,SYSTEM" doc:"On whose side the author stands."`
	AuthorUserID     *domain.UserID    `json:"author_user_id" nullable:"true" format:"uuid" doc:"The author, if an agent or a program; else null."`
	AuthorCustomerID *domain.UserID    `json:"author_customer_id" nullable:"true" format:"uuid" doc:"The author, if the visitor; else null."`
	Content          *string           `json:"content" nullable:"true" doc:"What was said, as redactions have left it; null of a join and of a file."`
	FileName         *string           `json:"file_name" nullable:"true" doc:"Of a file, as redactions have left it; else null."`
	ContentType      *string           `json:"content_type" nullable:"true" doc:"Of a file that is not erased: as its first bytes tell."`
	Size             *int64            `json:"size" nullable:"true" doc:"Of a file that is not erased: in bytes."`
	ContentURL       *string           `json:"content_url" nullable:"true" format:"uri" doc:"Of a file that is not erased: where it can be read, by whoever knows the URL."`
	CreatedAt        Time              `json:"created_at"`
}

func chatState(ticket domain.TicketID, id domain.ChatID, c domain.Chat) ChatState {
	return ChatState{ID: id, TicketID: ticket, Number: c.Number, VisitorID: c.Visitor, Entries: c.Entries, IsEnded: c.Ended}
}

// shownChat is a chat as this API shows it; url is where a file can be read.
func shownChat(ticket domain.TicketID, c *threads.Chat, url func(domain.Attachment) string) Chat {
	s := Chat{
		ChatState: ChatState{ID: c.ID, TicketID: ticket, Number: c.Number, VisitorID: c.Visitor, Entries: len(c.Entries), IsEnded: !c.EndedAt.IsZero()},
		StartedAt: Time(c.StartedAt), History: make([]ChatEntry, len(c.Entries)),
	}
	if s.IsEnded {
		s.EndedAt = (*Time)(&c.EndedAt)
	}
	for i := range c.Entries {
		e := &c.Entries[i]
		entry := ChatEntry{Index: i, MessageID: e.Message, Kind: e.Kind, AuthorType: e.Author.Type, CreatedAt: Time(e.At)}
		if e.Author.Type == domain.AuthorCustomer {
			entry.AuthorCustomerID = &e.Author.ID
		} else {
			entry.AuthorUserID = &e.Author.ID
		}
		switch masked, isFile := domain.MaskedText, e.Kind == domain.ChatFile; {
		case e.Erased && isFile:
			entry.FileName = &masked
		case e.Erased:
			entry.Content = &masked
		case isFile:
			entry.file(e, url)
		case e.Document != nil:
			entry.Content = &e.Document.Text
		}
		s.History[i] = entry
	}
	return s
}

// file shows the file that an entry is.
func (s *ChatEntry) file(e *threads.ChatEntry, url func(domain.Attachment) string) {
	if a, ok := e.File(); ok {
		at := url(a)
		s.FileName, s.ContentType, s.Size, s.ContentURL = &a.Name, &a.Type, &a.Size, &at
	}
}
