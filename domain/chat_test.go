package domain

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMarkMessage(t *testing.T) {
	for _, tt := range []struct {
		name, text, marked string
		want               string // what is left of the text
		err                error
	}{
		{"a word", "my pin is 4711", "my pin is <redact>4711</redact>", "my pin is ▇▇▇▇", nil},
		{"all", "4711", "<redact>4711</redact>", "▇▇▇▇", nil},
		{"nothing", "my pin is 4711", "my pin is 4711", "my pin is 4711", nil},
		{"an empty mark", "my pin is 4711", "my <redact></redact>pin is 4711", "my pin is 4711", nil},
		{"white space", "a  b", "a<redact>  </redact>b", "a  b", nil},
		{"marks within marks", "a 4711 b", "a <redact>4<redact>71</redact>1</redact> b", "a ▇▇▇▇ b", nil},
		{"in capitals", "a 4711 b", "a <REDACT>4711</Redact> b", "a ▇▇▇▇ b", nil},
		{"what looks like HTML", "<b>4711</b> &amp; a < b", "<b><redact>4711</redact></b> &amp; a < b", "<b>▇▇▇▇</b> &amp; a < b", nil},
		{"a tag as text", "<b>4711</b>", "<redact><b></redact>4711</b>", "▇▇▇▇4711</b>", nil},
		{"twice", "4711 and 4711", "<redact>4711</redact> and 4711", "▇▇▇▇ and ▇▇▇▇", nil},
		{"blank lines", "a\n\n4711\n\nb", "a\n<redact>\n4711\n</redact>\nb", "a\n\n▇▇▇▇\n\nb", nil},
		{"other line ends", "a\r\nb 4711", "a\nb <redact>4711</redact>", "a\r\nb ▇▇▇▇", nil},
		{"private characters", "\uE000 4711 \uE001", "\uE000 <redact>4711</redact> \uE001", "\uE000 ▇▇▇▇ \uE001", nil},
		{"half a character", "cafe\u0301 4711", "caf<redact>e</redact>\u0301 4711", "caf▇▇▇▇ 4711", nil},
		{"another text", "my pin is 4711", "my pin was <redact>4711</redact>", "", ErrMarks},
		{"less", "my pin is 4711", "<redact>4711</redact>", "", ErrMarks},
		{"not closed", "4711", "<redact>4711", "", ErrMarks},
		{"not open", "4711", "4711</redact>", "", ErrMarks},
		{"closed first", "4711", "</redact>4711<redact>", "", ErrMarks},
		{"escaped", "a & b", "a &amp; <redact>b</redact>", "", ErrMarks},
	} {
		t.Run(tt.name, func(t *testing.T) {
			html, err := MarkMessage(tt.text, tt.marked)
			if !errors.Is(err, tt.err) {
				t.Fatalf("MarkMessage = %q, %v; want error %v", html, err, tt.err)
			}
			if err != nil {
				return
			}
			masked, _, err := Redact([]Body{TextBody(tt.text)}, Redaction{MarkedHTML: html}, MaskFixed)
			if err != nil || masked[0].Text != tt.want || masked[0].HTML != "" {
				t.Errorf("Redact(%q) = %+v, %v; want %q", html, masked, err, tt.want)
			}
		})
	}
}

// Whatever is marked in a message cannot be read in it afterwards, and the message is
// otherwise as it was; without its marks the text has to be the message.
func TestMarkedMessagesAreRedacted(t *testing.T) {
	pieces := rapid.SampledFrom([]string{"a", "kappa", "lambda mu", " ", "  ", "\n", "\n\n", "\r\n", "<b>", "</b>", "&amp;", "<", "&", "\u00e9", "e\u0301", "\u200b", "\U0001F600", "4711", "\ue000", "<!--", "\t"})
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(pieces, 1, 12).Draw(t, "parts")
		var text, marked strings.Builder
		secret := "zq" + rapid.StringMatching(`[a-z0-9]{4,8}`).Draw(t, "secret")
		at := rapid.IntRange(0, len(parts)).Draw(t, "at")
		from := rapid.IntRange(0, at).Draw(t, "from")
		to := rapid.IntRange(at, len(parts)).Draw(t, "to")
		for i := 0; i <= len(parts); i++ {
			if i == from {
				marked.WriteString("<redact>")
			}
			if i == at {
				text.WriteString(secret)
				marked.WriteString(secret)
			}
			if i == to {
				marked.WriteString("</redact>")
			}
			if i < len(parts) {
				text.WriteString(parts[i])
				marked.WriteString(parts[i])
			}
		}
		html, err := MarkMessage(text.String(), marked.String())
		if err != nil {
			t.Fatalf("MarkMessage(%q, %q) = %v", text.String(), marked.String(), err)
		}
		masked, changed, err := Redact([]Body{TextBody(text.String())}, Redaction{MarkedHTML: html}, MaskFixed)
		if err != nil || !changed || strings.Contains(masked[0].Text, secret) || strings.Contains(masked[0].HTMLBody(), secret) {
			t.Fatalf("Redact(%q, %q) = %+v, %t, %v; want %q to be gone", text.String(), html, masked, changed, err, secret)
		}
		again, changed, err := Redact(masked, Redaction{MarkedHTML: masked[0].HTMLBody()}, MaskFixed)
		if err != nil || changed || !reflect.DeepEqual(again, masked) {
			t.Fatalf("Redact of what is masked = %+v, %t, %v; want nothing to change", again, changed, err)
		}
		if _, err := MarkMessage(text.String()+"x", marked.String()); !errors.Is(err, ErrMarks) {
			t.Fatalf("MarkMessage of another text = %v; want ErrMarks", err)
		}
	})
}

// TestDecideChat: who may do what in a chat, and when.
func TestDecideChat(t *testing.T) {
	visitor, stranger := UserID{1}, UserID{2}
	relay := By{Actor: Actor{Kind: ActorIntegration, ID: UserID{9}}, ActAs: true}
	agent := By{Actor: Actor{Kind: ActorAgent, ID: UserID{8}}}
	open := Ticket{Exists: true, Status: StatusOpen, Requester: &visitor}
	closed, held := open, open
	closed.Status, held.LegalHold = StatusClosed, true
	chat := Chat{Exists: true, Visitor: visitor, Entries: 3, Content: ContentID{1}}
	ended, full := chat, chat
	ended.Ended, full.Entries = true, MaxChatEntries-1
	meta := func(by By) Meta { return Meta{Actor: by.Actor, Audit: 7} }
	say := func(authors ...Author) (entries []NewChatEntry) {
		for _, a := range authors {
			entries = append(entries, NewChatEntry{Kind: ChatMessage, Author: a, Text: &Text{Content: ContentRef{ID: ContentID{5}}}})
		}
		return entries
	}
	customer, other := Author{AuthorCustomer, visitor}, Author{AuthorCustomer, stranger}
	added := func(index int, a Author) Event {
		return ChatEntryAdded{Meta: meta(relay), Index: index, Kind: ChatMessage, Author: a, Content: ContentRef{ID: ContentID{5}}}
	}
	replaced := []Replacement{{Old: ContentID{1}, New: ContentRef{ID: ContentID{2}}}}
	gone := []FileRedacted{{Old: 3, New: 4}}
	files := func(by By, indexes ...int) RedactChatFiles {
		return RedactChatFiles{By: by, Audit: 7, Indexes: indexes, Contents: replaced, Files: gone}
	}
	start := StartChat{By: relay, Visitor: visitor, Numbers: Numbers{Audit: 7, Subject: 8}}
	for _, tt := range []struct {
		name   string
		ticket Ticket
		given  Chat
		when   ChatCommand
		then   []Event
		err    error
	}{
		{"start", open, Chat{}, start, []Event{ChatStarted{Meta: meta(relay), Number: 8, Visitor: visitor}}, nil},
		{"start without acting for others", open, Chat{}, StartChat{By: agent}, nil, ErrForbidden},
		{"start as a customer", open, Chat{}, StartChat{By: By{Actor: Actor{Kind: ActorCustomer, ID: visitor}, ActAs: true}}, nil, ErrForbidden},
		{"start on no ticket", Ticket{}, Chat{}, start, nil, ErrTicketNotFound},
		{"start on a closed ticket", closed, Chat{}, start, nil, ErrTicketClosed},
		{"start twice", open, chat, start, nil, ErrChatExists},
		{"say", open, chat, AddChatEntries{By: relay, Audit: 7, Entries: say(customer, customer)}, []Event{added(3, customer), added(4, customer)}, nil},
		{"say under legal hold", held, chat, AddChatEntries{By: relay, Audit: 7, Entries: say(customer)}, []Event{added(3, customer)}, nil},
		{"say in no chat", open, Chat{}, AddChatEntries{By: relay, Entries: say(customer)}, nil, ErrChatNotFound},
		{"say after the end", open, ended, AddChatEntries{By: relay, Entries: say(customer)}, nil, ErrChatEnded},
		{"say on a closed ticket", closed, chat, AddChatEntries{By: relay, Entries: say(customer)}, nil, ErrTicketClosed},
		{"say as another customer", open, chat, AddChatEntries{By: relay, Entries: say(customer, other)}, nil, ErrNotVisitor},
		{"say without acting for others", open, chat, AddChatEntries{By: agent, Entries: say(customer)}, nil, ErrForbidden},
		{"say the last thing", open, full, AddChatEntries{By: relay, Audit: 7, Entries: say(customer)}, []Event{added(MaxChatEntries-1, customer)}, nil},
		{"say too much", open, full, AddChatEntries{By: relay, Entries: say(customer, customer)}, nil, ErrChatFull},
		{"end", open, chat, EndChat{By: relay, Audit: 7}, []Event{ChatEnded{meta(relay)}}, nil},
		{"end on a closed ticket", closed, chat, EndChat{By: relay, Audit: 7}, []Event{ChatEnded{meta(relay)}}, nil},
		{"end twice", open, ended, EndChat{By: relay, Audit: 7}, nil, nil},
		{"end no chat", open, Chat{}, EndChat{By: relay}, nil, ErrChatNotFound},
		{"redact", closed, ended, RedactChatMessage{By: agent, Audit: 7, Index: 2, Contents: replaced}, []Event{ChatRedacted{Meta: meta(agent), Contents: replaced}}, nil},
		{"redact nothing", open, ended, RedactChatMessage{By: agent, Index: 2}, nil, nil},
		{"redact an active chat", open, chat, RedactChatMessage{By: agent, Index: 2, Contents: replaced}, nil, ErrChatActive},
		{"redact no chat", open, Chat{}, RedactChatMessage{By: agent}, nil, ErrChatNotFound},
		{"redact under legal hold", held, ended, RedactChatMessage{By: agent, Index: 2, Contents: replaced}, nil, ErrLegalHold},
		{"redact too far", open, ended, RedactChatMessage{By: agent, Index: 3}, nil, ErrNoChatEntry},
		{"redact before the beginning", open, ended, RedactChatMessage{By: agent, Index: -1}, nil, ErrNoChatEntry},
		{"redact as the visitor", open, ended, RedactChatMessage{By: By{Actor: Actor{Kind: ActorCustomer, ID: visitor}}, Index: 2}, nil, ErrForbidden},
		{"redact files", closed, ended, files(agent, 2, 0, 2), []Event{ChatRedacted{meta(agent), replaced, gone}}, nil},
		{"redact files that are gone", open, ended, RedactChatFiles{By: agent, Indexes: []int{2}}, nil, nil},
		{"redact files of an active chat", open, chat, files(agent, 2), nil, ErrChatActive},
		{"redact files of no chat", open, Chat{}, files(agent, 0), nil, ErrChatNotFound},
		{"redact files under legal hold", held, ended, files(agent, 2), nil, ErrLegalHold},
		{"redact files, one of them too far", open, ended, files(agent, 2, 3), nil, ErrNoChatEntry},
		{"redact files as the visitor", open, ended, files(By{Actor: Actor{Kind: ActorCustomer, ID: visitor}}, 2), nil, ErrForbidden},
		{"erase without being an administrator", open, ended, EraseChat{By: agent}, nil, ErrForbidden},
		{"erase under legal hold", held, ended, EraseChat{By: By{Actor: agent.Actor, Admin: true}}, nil, ErrLegalHold},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecideChat(tt.ticket, tt.given, tt.when)
			if !errors.Is(err, tt.err) || !reflect.DeepEqual(got, tt.then) {
				t.Errorf("DecideChat = %+v, %v; want %+v, %v", got, err, tt.then, tt.err)
			}
		})
	}
}

// TestChatFiles: which of the named entries are files that are there still.
func TestChatFiles(t *testing.T) {
	sent := ChatEntry{Kind: ChatFile, Content: ContentID{1}}
	other := ChatEntry{Kind: ChatFile, Content: ContentID{2}}
	all := ChatEntries{{Kind: ChatMessage, Content: ContentID{3}}, sent, {Kind: ChatJoin}, other, {Kind: ChatFile, Erased: true}}
	for _, tt := range []struct {
		name    string
		indexes []int
		want    ChatEntries
		err     error
	}{
		{"one", []int{1}, ChatEntries{sent}, nil},
		{"several, some twice", []int{3, 1, 3, 1}, ChatEntries{other, sent}, nil},
		{"none", nil, nil, nil},
		{"erased", []int{4}, nil, nil},
		{"a message among them", []int{1, 0}, nil, ErrNoChatEntry},
		{"who joined among them", []int{1, 2}, nil, ErrNoChatEntry},
		{"beyond the end", []int{1, 5}, nil, ErrNoChatEntry},
		{"before the beginning", []int{-1}, nil, ErrNoChatEntry},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := all.Files(tt.indexes)
			if !errors.Is(err, tt.err) || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Files(%v) = %+v, %v; want %+v, %v", tt.indexes, got, err, tt.want, tt.err)
			}
		})
	}
}
