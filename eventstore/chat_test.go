package eventstore_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
)

var (
	relayer = domain.By{Actor: domain.Actor{Kind: domain.ActorIntegration, ID: domain.UserID(uuid.UUID{15: 7})}, ActAs: true}
	visitor = domain.Author{Type: domain.AuthorCustomer, ID: domain.UserID(uuid.UUID{15: 8})}
)

// startChat begins a chat on a new ticket.
func (i *instance) startChat(t testing.TB) (domain.TicketID, domain.ChatID) {
	t.Helper()
	cmd := domain.StartChat{Account: account, Ticket: i.open(t), Chat: domain.ChatID(uuid.New()), By: relayer, Visitor: visitor.ID, Numbers: i.numbers(t)}
	if r, err := i.Execute(t.Context(), cmd, nil); err != nil || !r.Changed || r.Comment != domain.CommentID(cmd.Chat) {
		t.Fatalf("StartChat = %+v, %v; want chat %s", r, err, cmd.Chat)
	}
	return cmd.Ticket, cmd.Chat
}

// say is a command to add messages of the visitor to a chat; an empty one is that an
// agent joins.
func (i *instance) say(t testing.TB, ticket domain.TicketID, chat domain.ChatID, messages ...string) domain.AddChatEntries {
	cmd := domain.AddChatEntries{Account: account, Ticket: ticket, Chat: chat, By: relayer, Audit: i.numbers(t).Audit}
	for _, m := range messages {
		entry := domain.NewChatEntry{Kind: domain.ChatMessage, Author: visitor}
		if m == "" {
			entry = domain.NewChatEntry{Kind: domain.ChatJoin, Author: agent.Own()}
		} else {
			entry.Text = text(m)
		}
		cmd.Entries = append(cmd.Entries, entry)
	}
	return cmd
}

func (i *instance) must(t testing.TB, cmd domain.Command) eventstore.Result {
	t.Helper()
	r, err := i.Execute(t.Context(), cmd, nil)
	if err != nil {
		t.Fatalf("%T: %v", cmd, err)
	}
	return r
}

// What is said at once is one write, each message is a text of its own, and none of it
// is a comment.
func TestChat(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	ticket, chat := i.startChat(t)
	said := i.say(t, ticket, chat, "one", "", "two")
	i.must(t, said)
	i.must(t, i.say(t, ticket, chat, "three"))
	end := domain.EndChat{Account: account, Ticket: ticket, Chat: chat, By: relayer, Audit: i.numbers(t).Audit}
	if r := i.must(t, end); !r.Changed {
		t.Error("EndChat changed nothing")
	}
	if r := i.must(t, end); r.Changed {
		t.Error("EndChat ended the chat twice")
	}
	if _, err := i.Execute(t.Context(), i.say(t, ticket, chat, "late"), nil); !errors.Is(err, domain.ErrChatEnded) {
		t.Errorf("AddChatEntries after the end = %v; want ErrChatEnded", err)
	}
	log := i.all(t)[1:]
	kinds := []string{"chat.started", "chat.entry_added", "chat.entry_added", "chat.entry_added", "chat.entry_added", "chat.ended"}
	for n, e := range log {
		fact, _ := e.Decode()
		if e.Type != kinds[n] || e.Comment != domain.CommentID(chat) || !e.Internal || e.CommentPrevious != e.Version-1 && n > 0 {
			t.Errorf("event %d is %+v; want an internal %s of the chat, after the one before it", n, e, kinds[n])
		}
		if added, ok := fact.(domain.ChatEntryAdded); ok && added.Index != n-1 {
			t.Errorf("event %d has index %d; want %d", n, added.Index, n-1)
		}
		if one := n >= 1 && n <= 3; one != (fact.Metadata().Audit == said.Audit) {
			t.Errorf("event %d is of audit %d; the write of three entries was %d", n, fact.Metadata().Audit, said.Audit)
		}
	}
	if got := i.stored(t); got != "7 events, 3 contents, 0 receipts" {
		t.Errorf("%s; want 7 events, 3 contents", got)
	}
	if n := i.comments(t, ticket); n != 0 {
		t.Errorf("the ticket has %d comments; want none", n)
	}
	body := "nonsense"
	for _, cmd := range []domain.Command{
		domain.UpdateComment{Account: account, Ticket: ticket, Comment: domain.CommentID(chat), By: domain.By{Actor: agent, Admin: true}, Text: text(body), Audit: 1},
		domain.DeleteComment{Account: account, Ticket: ticket, Comment: domain.CommentID(chat), By: domain.By{Actor: agent, Admin: true}, Audit: 1},
		domain.RedactComment{Account: account, Ticket: ticket, Comment: domain.CommentID(chat), By: domain.By{Actor: agent}, Hide: domain.Redaction{All: true}, Audit: 1},
		domain.EraseComment{Account: account, Ticket: ticket, Comment: domain.CommentID(chat), By: domain.By{Actor: agent, Admin: true}, Audit: 1},
	} {
		if _, err := i.Execute(t.Context(), cmd, nil); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("%T of a chat = %v; want ErrNotFound", cmd, err)
		}
	}
	i.must(t, i.create(t, ticket, "a comment")) // the counter goes on from what it was
	if n := i.comments(t, ticket); n != 1 {
		t.Errorf("the ticket has %d comments; want 1", n)
	}
}

// The ids of chats and comments are of one kind, and none is given twice.
func TestChatIDIsTaken(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	ticket, chat := i.startChat(t)
	again := domain.StartChat{Account: account, Ticket: ticket, Chat: chat, By: relayer, Visitor: visitor.ID, Numbers: i.numbers(t)}
	if _, err := i.Execute(t.Context(), again, nil); !errors.Is(err, domain.ErrChatExists) {
		t.Errorf("StartChat twice = %v; want ErrChatExists", err)
	}
	again.Ticket = i.open(t)
	if _, err := i.Execute(t.Context(), again, nil); !errors.Is(err, eventstore.ErrExists) {
		t.Errorf("StartChat on another ticket = %v; want ErrExists", err)
	}
	if _, err := i.Execute(t.Context(), i.say(t, again.Ticket, chat, "hello"), nil); !errors.Is(err, domain.ErrChatNotFound) {
		t.Errorf("AddChatEntries on another ticket = %v; want ErrChatNotFound", err)
	}
	comment := i.create(t, ticket, "a comment")
	i.must(t, comment)
	again.Ticket, again.Chat = ticket, domain.ChatID(comment.Comment)
	if _, err := i.Execute(t.Context(), again, nil); !errors.Is(err, eventstore.ErrExists) {
		t.Errorf("StartChat with the id of a comment = %v; want ErrExists", err)
	}
}

// Writers in two processes get indexes of their own, and nothing that was said is lost.
func TestChatWritersAtOnce(t *testing.T) {
	url := devstacktest.Postgres(t)
	processes := []*instance{start(t, url), start(t, url)}
	ticket, chat := processes[0].startChat(t)
	const writers, each = 8, 5
	var working sync.WaitGroup
	for w := range writers {
		i := processes[w%len(processes)]
		working.Go(func() {
			for n := range each {
				cmd := i.say(t, ticket, chat, fmt.Sprintf("%d.%d a", w, n), fmt.Sprintf("%d.%d b", w, n))
				for {
					_, err := i.Execute(t.Context(), cmd, nil)
					if err == nil {
						break
					}
					if !errors.Is(err, eventstore.ErrBusy) {
						t.Errorf("AddChatEntries: %v", err)
						return
					}
				}
			}
		})
	}
	working.Wait()
	next := 0
	var audits []int64
	for _, e := range processes[0].all(t) {
		fact, _ := e.Decode()
		added, ok := fact.(domain.ChatEntryAdded)
		if !ok {
			continue
		}
		if added.Index != next {
			t.Fatalf("position %d has index %d; want %d", e.Position, added.Index, next)
		}
		next++
		audits = append(audits, added.Audit)
	}
	if next != 2*writers*each {
		t.Errorf("%d entries; want %d", next, 2*writers*each)
	}
	if writes := slices.Compact(audits); len(writes) != writers*each {
		t.Errorf("%d writes stand together; want %d", len(writes), writers*each)
	}
}

// A request that is repeated adds once, also after the chat has ended.
func TestChatReceipt(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	ticket, chat := i.startChat(t)
	receipt := i.receipt(t, "key", "say hello")
	if r, err := i.Execute(t.Context(), i.say(t, ticket, chat, "hello"), receipt); err != nil || !r.Changed {
		t.Fatalf("Execute = %+v, %v", r, err)
	}
	i.must(t, domain.EndChat{Account: account, Ticket: ticket, Chat: chat, By: relayer, Audit: i.numbers(t).Audit})
	r, err := i.Execute(t.Context(), i.say(t, ticket, chat, "hello"), i.receipt(t, "key", "say hello"))
	if err != nil || !r.Replayed || r.Comment != domain.CommentID(chat) || r.Ticket != ticket {
		t.Errorf("Execute again = %+v, %v; want a replay", r, err)
	}
	if _, err := i.Execute(t.Context(), i.say(t, ticket, chat, "bye"), i.receipt(t, "key", "say bye")); !errors.Is(err, eventstore.ErrReceiptReused) {
		t.Errorf("Execute with the key of another request = %v; want ErrReceiptReused", err)
	}
	if got := i.stored(t); got != "4 events, 1 contents, 1 receipts" {
		t.Errorf("%s; want 4 events, 1 contents, 1 receipts", got)
	}
}

// An erasure takes all that was said, and no more than what is left the next time.
func TestEraseChat(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	ticket, chat := i.startChat(t)
	erase := domain.EraseChat{Account: account, Ticket: ticket, Chat: chat, By: domain.By{Actor: agent, Admin: true}, Cause: domain.CauseErasure}
	removed := func() int {
		t.Helper()
		erase.Audit = i.numbers(t).Audit
		return i.must(t, erase).Removed
	}
	if n := removed(); n != 0 {
		t.Errorf("erasing a silent chat removed %d texts", n)
	}
	i.must(t, i.say(t, ticket, chat, "one", "", "two", ""))
	if n := removed(); n != 2 {
		t.Errorf("erasing the chat removed %d texts; want 2", n)
	}
	if n := removed(); n != 0 {
		t.Errorf("erasing the chat again removed %d texts", n)
	}
	i.must(t, i.say(t, ticket, chat, "three"))
	if n := removed(); n != 1 {
		t.Errorf("erasing what was said since removed %d texts; want 1", n)
	}
	if got := i.stored(t); got != "9 events, 0 contents, 0 receipts" {
		t.Errorf("%s; want no contents", got)
	}
	var owed int
	if err := i.pool.QueryRow(t.Context(), "SELECT count(*) FROM log.obligations WHERE cardinality(bucket_ids) = 1").Scan(&owed); err != nil || owed != 2 {
		t.Errorf("%d obligations with a key, %v; want 2", owed, err)
	}
}

// A redaction seals one message anew and owes the key to what it said; an erasure
// afterwards takes what is left.
func TestRedactChat(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	ticket, chat := i.startChat(t)
	i.must(t, i.say(t, ticket, chat, "my pin is 4711", "", "4711 it is"))
	redact := domain.RedactChatMessage{
		Account: account, Ticket: ticket, Chat: chat, By: domain.By{Actor: agent}, Index: 0, Marked: "my pin is <redact>4711</redact>",
	}
	if _, err := i.Execute(t.Context(), redact, nil); !errors.Is(err, domain.ErrChatActive) {
		t.Errorf("redacting an active chat = %v; want ErrChatActive", err)
	}
	i.must(t, domain.EndChat{Account: account, Ticket: ticket, Chat: chat, By: relayer, Audit: i.numbers(t).Audit})
	if r := i.must(t, redact); !r.Changed || r.Removed != 1 {
		t.Errorf("RedactChatMessage = %+v; want one text removed", r)
	}
	if _, err := i.Execute(t.Context(), redact, nil); !errors.Is(err, domain.ErrMarks) { // the message says something else now
		t.Errorf("redacting again = %v; want ErrMarks", err)
	}
	redact.Index = 1
	if _, err := i.Execute(t.Context(), redact, nil); !errors.Is(err, domain.ErrNoChatEntry) {
		t.Errorf("redacting who joined = %v; want ErrNoChatEntry", err)
	}
	if c, err := i.Chat(t.Context(), account, ticket, chat); err != nil || c.Entries != 3 || !c.Ended {
		t.Errorf("Chat = %+v, %v; want three entries, ended", c, err)
	}
	log := i.all(t)
	fact, _ := log[len(log)-1].Decode()
	if e, ok := fact.(domain.ChatRedacted); !ok || len(e.Contents) != 1 || !log[len(log)-1].OfChat() {
		t.Errorf("the last event is %+v; want the redaction of one text", fact)
	}
	erase := domain.EraseChat{Account: account, Ticket: ticket, Chat: chat, By: domain.By{Actor: agent, Admin: true}, Audit: i.numbers(t).Audit, Cause: domain.CauseErasure}
	if r := i.must(t, erase); r.Removed != 2 {
		t.Errorf("EraseChat removed %d texts; want 2", r.Removed)
	}
	redact.Index, redact.Marked = 0, "<redact>"+domain.MaskedText+"</redact>"
	if r := i.must(t, redact); r.Changed {
		t.Error("redacting what is erased changed something")
	}
	if got := i.stored(t); got != "8 events, 0 contents, 0 receipts" {
		t.Errorf("%s; want no contents", got)
	}
}
