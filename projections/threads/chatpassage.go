package threads

import (
	"context"
	_ "embed"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/chats.sql
var chatsSQL string

// chatKeys name chats, each once, and the tickets that they are of.
type chatKeys struct {
	tickets, chats []pgtype.UUID
}

// add adds the chat that an event is about.
func (k *chatKeys) add(e *eventstore.Recorded) {
	if !slices.Contains(k.chats, asID(e.Comment)) {
		k.tickets, k.chats = append(k.tickets, asID(e.Ticket)), append(k.chats, asID(e.Comment))
	}
}

// readChats notes what was said in those of the entries that are about chats.
func (f *passages) readChats(ctx context.Context, v *view, keys chatKeys, entries []Entry) error {
	asked := make(map[spot]bool, len(entries))
	for i := range entries {
		asked[spotOf(&entries[i])] = true
	}
	return v.chats(ctx, keys, func(c *chat) {
		for i := range c.entries {
			said := &c.entries[i]
			at := spot{c.ticket, c.versions[i]}
			if asked[at] && (said.Erased || said.Content != domain.ContentID{}) {
				f.at[at] = passage{comment: c.id, new: &said.Content}
			}
		}
	})
}

// chat is what the events of a chat come to.
type chat struct {
	id       domain.CommentID
	ticket   domain.TicketID
	started  domain.ChatStarted
	ended    *domain.ChatEnded
	entries  domain.ChatEntries
	versions []eventstore.Version // of the events that added them
	messages []domain.EventID     // likewise
}

func (c *chat) add(e *eventstore.Recorded) {
	fact, err := e.Decode()
	if err != nil { // the projector has raised the alarm
		return
	}
	switch fact := fact.(type) {
	case domain.ChatStarted:
		c.started = fact
	case domain.ChatEnded:
		c.ended = &fact
	case domain.ChatEntryAdded:
		c.versions, c.messages = append(c.versions, e.Version), append(c.messages, e.ID)
	}
	c.entries = c.entries.Evolve(fact)
}

// chats gives chats one by one. Those that there are not, are left out.
func (v *view) chats(ctx context.Context, keys chatKeys, each func(*chat)) error {
	if len(keys.chats) == 0 {
		return nil
	}
	var c *chat
	err := v.each(ctx, func(e *eventstore.Recorded) {
		if c == nil || c.id != e.Comment {
			if c != nil {
				each(c)
			}
			c = &chat{id: e.Comment, ticket: e.Ticket}
		}
		c.add(e)
	}, chatsSQL, v.r.shard, v.account, keys.tickets, keys.chats)
	if err == nil && c != nil {
		each(c)
	}
	return err
}
