package fold

import (
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

// TicketKey names a ticket, whose id is unique within its account.
type TicketKey struct {
	Account domain.AccountID
	Ticket  domain.TicketID
}

// CommentKey names a comment or a chat: its id is unique within its account.
type CommentKey struct {
	Account domain.AccountID
	Comment domain.CommentID
}

// TicketRow is a row of log.tickets, without its key.
type TicketRow struct {
	Number                           int64
	Version, PublicVersion, Revision int32
	DefaultPublic, LegalHold         bool
	Requester, Subject               uuid.UUID // zero: null
	Status                           string
	Comments                         int
}

// CommentRow is a row of log.comments, without its key. That of a chat has author type 0.
type CommentRow struct {
	Ticket          domain.TicketID
	Number          int64
	Revision        int
	AuthorType      int16
	Author          domain.UserID
	Public, Deleted bool
	Content         domain.ContentID // zero: null
}

// ChatRow is a row of log.chats, without its key.
type ChatRow struct {
	Entries int
	Ended   bool
}

// Row is the row of the ticket.
func (t *Ticket) Row() TicketRow {
	row := TicketRow{
		Number: t.State.Number, Version: t.Version, PublicVersion: t.PublicVersion, Revision: t.Revision,
		DefaultPublic: t.State.DefaultPublic, LegalHold: t.State.LegalHold, Status: string(t.State.Status),
		Comments: t.State.Comments,
	}
	if t.State.Requester != nil {
		row.Requester = uuid.UUID(*t.State.Requester)
	}
	if t.State.Subject != nil {
		row.Subject = uuid.UUID(t.State.Subject.ID)
	}
	return row
}

// Row is the row in log.comments.
func (c *Comment) Row() CommentRow {
	if chat := &c.Chat; chat.Exists {
		return CommentRow{Ticket: c.Ticket, Number: chat.Number, Revision: c.Revision, Author: chat.Visitor, Content: chat.Content}
	}
	return CommentRow{c.Ticket, c.Number, c.Revision, int16(c.Author.Type), c.Author.ID, c.Public, c.Deleted, c.Content}
}

// ChatRow is the row in log.chats of what is a chat.
func (c *Comment) ChatRow() ChatRow { return ChatRow{c.Chat.Entries, c.Chat.Ended} }

// Resume has the ticket go on from its row, at the end of a write.
func (t *Ticket) Resume(row TicketRow) {
	t.State = domain.Ticket{
		Exists: true, Number: row.Number, Status: domain.Status(row.Status), DefaultPublic: row.DefaultPublic, LegalHold: row.LegalHold,
		Comments: row.Comments,
	}
	if row.Requester != (uuid.UUID{}) {
		requester := domain.UserID(row.Requester)
		t.State.Requester = &requester
	}
	if row.Subject != (uuid.UUID{}) {
		t.State.Subject = &domain.ContentRef{ID: domain.ContentID(row.Subject)}
	}
	t.Version, t.PublicVersion, t.Revision = row.Version, row.PublicVersion, row.Revision
}

// ResumeComment has a comment go on from its row or, if chat is not nil, a chat.
func (t *Ticket) ResumeComment(id domain.CommentID, row CommentRow, chat *ChatRow) {
	c := &Comment{Ticket: row.Ticket, Comment: domain.Comment{Revision: row.Revision}}
	if chat != nil {
		c.Chat = domain.Chat{
			Exists: true, Number: row.Number, Visitor: row.Author, Content: row.Content, Entries: chat.Entries, Ended: chat.Ended,
		}
	} else {
		c.Comment = domain.Comment{
			Exists: true, Deleted: row.Deleted, Number: row.Number, Public: row.Public, Content: row.Content, Revision: row.Revision,
			Author: domain.Author{Type: domain.AuthorType(row.AuthorType), ID: row.Author},
		}
	}
	t.Comments[id], t.Order = c, append(t.Order, id)
}
