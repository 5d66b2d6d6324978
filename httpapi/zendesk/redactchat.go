package zendesk

import (
	"errors"
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/threads"
)

// redactChat serves PUT /chat_redactions/{ticket_id} (contract §8.4).
func (a *API) redactChat(c *call) error {
	settings, err := a.permitted(c, true)
	if err != nil {
		return err
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	if meansFiles(body) {
		return a.redactFilesOf(c, body)
	}
	text, err := c.text(body, "text")
	if err != nil {
		return err
	}
	chat, err := a.chatOf(c, body)
	if err != nil {
		return err
	}
	index, err := chat.entry(c, body)
	switch {
	case err != nil:
		return err
	case text == nil || *text == "":
		return blank("text")
	}
	cmd := domain.RedactChatMessage{
		Account: c.caller.Account, Ticket: chat.ticket, Chat: chat.ID, By: c.caller.By(), Index: index, Marked: *text, Mask: settings.Mask,
	}
	if cmd.Audit, err = a.draw(c.Context(), cmd.Account); err != nil {
		return err
	}
	if _, err := a.store.Execute(c.Context(), cmd, nil); errors.Is(err, domain.ErrMarks) {
		return invalid("text", detail{"Text: must be that of the message with nothing but marks added", "InvalidValue"})
	} else if err != nil {
		return err
	}
	return a.replyChat(c, chat.ticket, chat.ID)
}

// chatOfTicket is a chat, and the ticket that it is of.
type chatOfTicket struct {
	*threads.Chat
	ticket domain.TicketID
}

// chatOf finds the chat that a body names, of the ticket that the path names.
func (a *API) chatOf(c *call, body object) (found chatOfTicket, err error) {
	number, err := c.number("ticket_id")
	if err != nil {
		return found, err
	}
	name, err := c.text(body, "chat_id")
	if err != nil {
		return found, err
	}
	viewer := c.caller.Actor()
	if found.ticket, err = a.threads.TicketByNumber(c.Context(), c.caller.Account, viewer, number); err != nil {
		return found, err
	}
	if name == nil || *name == "" {
		return found, blank("chat_id")
	}
	id, err := domain.ParseChatID(*name)
	if err != nil { // the ids of chats are UUIDs: there is none that is called so
		return found, errNotFound
	}
	chat, err := a.threads.Chat(c.Context(), c.caller.Account, found.ticket, id, viewer)
	found.Chat = &chat
	return found, err
}

// entry returns the index of the message that a body names in either way: by index or by
// id.
func (chat chatOfTicket) entry(c *call, body object) (int, error) {
	index, err := c.integer(body, "chat_index")
	if err != nil {
		return 0, err
	}
	id, err := c.text(body, "message_id")
	switch {
	case err != nil:
		return 0, err
	case index == nil && id == nil:
		return 0, blank("chat_index")
	case index != nil && (*index < 0 || *index >= int64(len(chat.Entries))):
		return 0, errNoMessage
	case id == nil:
		return int(*index), nil
	}
	for i := range chat.Entries {
		if chat.Entries[i].Message.String() == *id && (index == nil || *index == int64(i)) {
			return i, nil
		}
	}
	return 0, errNoMessage
}

// replyChat shows a chat as redactions do.
func (a *API) replyChat(c *call, ticket domain.TicketID, id domain.ChatID) error {
	found, err := a.threads.Chat(c.Context(), c.caller.Account, ticket, id, c.caller.Actor())
	if err != nil {
		return err
	}
	s, err := a.sceneOf(c, nil, talkersOf(&found))
	if err != nil {
		return err
	}
	event := threads.AuditEvent{Number: found.Number, Type: threads.AuditChatStarted, Chat: &found}
	return c.reply(http.StatusOK, ordered{{"chat_event", s.chatEvent(&event)}})
}

var (
	errNoMessage  = invalid("chat_index", detail{"Chat index: must be that of a message of the chat", "InvalidValue"})
	errChatActive = invalid("chat_id", detail{"Chat: is still active", "InvalidValue"})
)

// blank is the refusal of a record without a field that it must have.
func blank(field string) *refusal {
	return invalid(field, detail{field + ": cannot be blank", "BlankValue"})
}
