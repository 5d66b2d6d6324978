package zendesk

import (
	"errors"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/threads"
)

// redactChatFiles serves PUT /chat_file_redactions/{ticket_id} (contract §8.4).
func (a *API) redactChatFiles(c *call) error {
	if _, err := a.permitted(c, true); err != nil {
		return err
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	return a.redactFilesOf(c, body)
}

// meansFiles reports whether the body of a redaction of a message is one of files: there
// is an example with that path (contract §15, 12).
func meansFiles(body object) bool {
	_, files := body.given("chat_indexes")
	for _, name := range []string{"chat_index", "message_id", "text"} {
		_, message := body.given(name)
		files = files && !message
	}
	return files
}

// redactFilesOf redacts the files that a body names.
func (a *API) redactFilesOf(c *call, body object) error {
	chat, err := a.chatOf(c, body)
	if err != nil {
		return err
	}
	cmd := domain.RedactChatFiles{Account: c.caller.Account, Ticket: chat.ticket, Chat: chat.ID, By: c.caller.By()}
	if cmd.Indexes, err = chat.entries(c, body); err != nil {
		return err
	}
	if cmd.Audit, err = a.draw(c.Context(), cmd.Account); err != nil {
		return err
	}
	if _, err := a.store.Execute(c.Context(), cmd, nil); errors.Is(err, domain.ErrNoChatEntry) {
		return errNoFile
	} else if err != nil {
		return err
	}
	return a.replyChat(c, chat.ticket, chat.ID)
}

// entries returns the indexes of the entries that a body names, by index or by id: those
// of either list.
func (chat chatOfTicket) entries(c *call, body object) ([]int, error) {
	var given []*int64 // null is no index, least of all the first
	var ids []string
	if v, ok := body.given("chat_indexes"); ok && (json.Unmarshal(v, &given) != nil || slices.Contains(given, nil)) {
		return nil, c.attribute("chat_indexes", "an array of integers")
	}
	if v, ok := body.given("message_ids"); ok && json.Unmarshal(v, &ids) != nil {
		return nil, c.attribute("message_ids", "an array of strings")
	}
	if len(given) == 0 && len(ids) == 0 {
		return nil, blank("chat_indexes")
	}
	var indexes []int
	for _, i := range given {
		if *i < 0 || *i >= int64(len(chat.Entries)) {
			return nil, errNoFile
		}
		indexes = append(indexes, int(*i))
	}
	for _, id := range ids {
		i := slices.IndexFunc(chat.Entries, func(e threads.ChatEntry) bool { return e.Message.String() == id })
		if i < 0 {
			return nil, errNoFile
		}
		indexes = append(indexes, i)
	}
	return indexes, nil
}

var errNoFile = invalid("chat_indexes", detail{"Chat indexes: must be those of files of the chat", "InvalidValue"})
