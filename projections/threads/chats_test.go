package threads_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// talk is a chat in a saga.
type talk struct {
	id    domain.ChatID
	said  []*string // by index; of those who joined it is nil
	ended bool
}

// chat makes something happen in a chat.
func (s *saga) chat() {
	by := logtest.Agent
	if len(s.talks) == 0 || rapid.IntRange(0, 5).Draw(s.t, "new chat") == 0 {
		t := &talk{id: domain.ChatID(uuid.New())}
		s.talks = append(s.talks, t)
		s.do(domain.StartChat{Account: s.account, Ticket: s.ticket, Chat: t.id, By: by, Visitor: s.customer.ID, Numbers: s.numbers()})
		return
	}
	t := rapid.SampledFrom(s.talks).Draw(s.t, "chat")
	switch what := rapid.IntRange(0, 9).Draw(s.t, "in chat"); {
	case what == 0:
		s.do(domain.EndChat{Account: s.account, Ticket: s.ticket, Chat: t.id, By: by, Audit: s.numbers().Audit})
		t.ended = true
	case what == 1:
		s.do(domain.EraseChat{Account: s.account, Ticket: s.ticket, Chat: t.id, By: by, Audit: s.numbers().Audit, Cause: domain.CauseErasure})
		for _, text := range t.said {
			if text != nil {
				s.lose(*text)
				*text = "nothing"
			}
		}
	case t.ended && len(t.said) > 0:
		s.redactChat(t)
	case !t.ended:
		cmd := domain.AddChatEntries{Account: s.account, Ticket: s.ticket, Chat: t.id, By: by, Audit: s.numbers().Audit}
		for range rapid.IntRange(1, 3).Draw(s.t, "entries") {
			entry := domain.NewChatEntry{Kind: domain.ChatJoin, Author: by.Actor.Own()}
			var body *string
			if rapid.Bool().Draw(s.t, "says") {
				entry.Kind, entry.Text = domain.ChatMessage, s.speak(domain.CommentID{})
				body = s.texts[entry.Text.Content.ID.String()]
			}
			t.said, cmd.Entries = append(t.said, body), append(cmd.Entries, entry)
		}
		s.do(cmd)
	}
}

// redactChat hides all of one message, which leaves the mask.
func (s *saga) redactChat(t *talk) {
	i := rapid.IntRange(0, len(t.said)-1).Draw(s.t, "entry")
	text := t.said[i]
	if text == nil || *text == "nothing" {
		return
	}
	s.do(domain.RedactChatMessage{
		Account: s.account, Ticket: s.ticket, Chat: t.id, By: logtest.Agent, Audit: s.numbers().Audit, Index: i, Marked: "<redact>" + *text + "</redact>",
	})
	s.lose(*text)
	*text = domain.MaskedText
}

// chatLine is a chat as a line.
func chatLine(kind string, number int64, visitor domain.UserID, said []*string) string {
	line := fmt.Sprint(kind, " ", number, " ", visitor)
	for _, text := range said {
		if text == nil {
			line += ", (join)"
		} else {
			line += ", " + *text
		}
	}
	return line + "\n"
}

// shownChat is what a reader says of a chat, as what was said by index.
func shownChat(c *threads.Chat) (said []*string) {
	nothing := "nothing"
	for i := range c.Entries {
		switch e := &c.Entries[i]; {
		case e.Erased:
			said = append(said, &nothing)
		case e.Document != nil:
			said = append(said, &e.Document.Text)
		default:
			said = append(said, nil)
		}
	}
	return said
}

// wantedChat is the line of a chat, from the event that began it.
func (s *saga) wantedChat(kind, id, data string, audit int64) string {
	var open struct{ Number int64 }
	if err := json.Unmarshal([]byte(data), &open); err != nil {
		s.t.Fatal(err)
	}
	for _, t := range s.talks {
		if t.id.String() != id {
			continue
		}
		if kind == "ended" {
			return chatLine(kind, audit+1, s.customer.ID, nil)
		}
		return chatLine(kind, open.Number, s.customer.ID, t.said)
	}
	s.t.Fatalf("nobody has begun the chat %s", id)
	return ""
}

// A chat is for those who see all of the ticket and for its visitor, and for nobody else;
// it is no comment to anybody.
func TestChatIsForItsVisitor(t *testing.T) {
	w := newWorld(t, logtest.New(t))
	stranger := domain.Actor{Kind: domain.ActorCustomer, ID: domain.UserID(uuid.New())}
	own, others := domain.ChatID(uuid.New()), domain.ChatID(uuid.New())
	for id, visitor := range map[domain.ChatID]domain.UserID{own: w.customer.ID, others: stranger.ID} {
		w.log.Do(domain.StartChat{Account: 1, Ticket: w.ticket, Chat: id, By: logtest.Agent, Visitor: visitor, Numbers: w.log.Numbers(1)})
		w.log.Do(domain.AddChatEntries{Account: 1, Ticket: w.ticket, Chat: id, By: logtest.Agent, Audit: w.log.Numbers(1).Audit, Entries: []domain.NewChatEntry{
			{Kind: domain.ChatMessage, Author: domain.Author{Type: domain.AuthorCustomer, ID: visitor}, Text: logtest.NewText("hello")},
		}})
	}
	comment := w.create(logtest.Agent.Actor.Own(), true, "public")
	elsewhere := w.log.Open(1, nil)
	for _, tt := range []struct {
		name    string
		account domain.AccountID
		ticket  domain.TicketID
		chat    domain.ChatID
		viewer  domain.Actor
		want    error
	}{
		{"an agent", 1, w.ticket, own, logtest.Agent.Actor, nil},
		{"an agent, of another's", 1, w.ticket, others, logtest.Agent.Actor, nil},
		{"the visitor", 1, w.ticket, own, w.customer, nil},
		{"the requester, of another's", 1, w.ticket, others, w.customer, domain.ErrChatNotFound},
		{"a visitor who is not the requester", 1, w.ticket, others, stranger, domain.ErrTicketNotFound},
		{"nobody", 1, w.ticket, own, domain.Actor{}, domain.ErrTicketNotFound},
		{"an agent of another account", 2, w.ticket, own, logtest.Agent.Actor, domain.ErrTicketNotFound},
		{"an agent, under another ticket", 1, elsewhere, own, logtest.Agent.Actor, domain.ErrChatNotFound},
		{"an agent, by the id of a comment", 1, w.ticket, domain.ChatID(comment), logtest.Agent.Actor, domain.ErrChatNotFound},
	} {
		c, err := w.reader.Chat(t.Context(), tt.account, tt.ticket, tt.chat, tt.viewer)
		if !errors.Is(err, tt.want) || err == nil && (c.ID != tt.chat || len(c.Entries) != 1 || c.Entries[0].Document.Text != "hello") {
			t.Errorf("Chat for %s = %+v, %v; want %v", tt.name, c, err, tt.want)
		}
	}
	if _, err := w.reader.Get(t.Context(), 1, w.ticket, domain.CommentID(own), logtest.Agent.Actor); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("Get of a chat = %v; want %v", err, domain.ErrNotFound)
	}
	err := w.reader.Versions(t.Context(), 1, w.ticket, domain.CommentID(own), logtest.Agent.Actor, func([]threads.Version) error { return nil })
	if !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("Versions of a chat = %v; want %v", err, domain.ErrNotFound)
	}
}
