package zendesk_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// send has the customer send files of these names: an entry each.
func (t *talk) send(names ...string) []attachment {
	t.a.t.Helper()
	var u upload
	for _, name := range names {
		query := "filename=" + name
		if u.Token != "" {
			query += "&token=" + u.Token
		}
		u = t.a.upload("relay", query, "content of "+name)
	}
	t.a.must(201, "relay", "POST", t.native+"/files", fmt.Sprintf(`{"upload":%q,"author_type":"CUSTOMER","author_customer_id":%q}`, u.Token, t.a.users["customer"]))
	return u.Attachments
}

// redactFiles asks for the redaction of files, in one of two places.
func (t *talk) redactFiles(as, path string, ask map[string]any) response {
	t.a.t.Helper()
	whole := map[string]any{"chat_id": t.id}
	for name, value := range ask {
		if whole[name] = value; value == nil {
			delete(whole, name)
		}
	}
	body, err := json.Marshal(whole)
	if err != nil {
		t.a.t.Fatal(err)
	}
	return t.a.do(as, "PUT", fmt.Sprint("/api/v2/", path, "/", t.ticket.number), string(body))
}

const (
	fileRedactions = "chat_file_redactions"
	chatRedactions = "chat_redactions"
)

// TestChatFileShapes: files in the history of a chat, and in the answer to their redaction,
// byte for byte (contract §8.4, §9); by either path, by index and by id, and again.
func TestChatFileShapes(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	chat := a.talk(a.ticket(), "see there")
	chat.send("a.txt", "b.txt", "c.txt")
	chat.end()
	started := func(names ...string) string {
		const by = `"message_id":"MESSAGE","actor_id":THE_customer,"actor_name":"The customer","actor_type":"end-user","timestamp":MILLISECONDS}`
		history := `{"chat_index":0,"type":"ChatMessage","message":"see there",` + by
		for i, name := range names {
			history += fmt.Sprintf(`,{"chat_index":%d,"type":"ChatFileAttachment","filename":%q,`, i+1, name) + by
		}
		return `{"id":NUMBER,"type":"ChatStartedEvent","value":{"chat_id":"CHAT","history":[` + history + `],"visitor_id":"THE_customer"}}`
	}
	audits := func(names ...string) {
		t.Helper()
		r := a.must(200, "agent", "GET", chat.ticket.path+"/audits", "")
		if page := chat.plain(r.body); !strings.Contains(page, started(names...)) {
			t.Errorf("the audits have no %s:\n%s", started(names...), page)
		}
	}
	audits("a.txt", "b.txt", "c.txt")
	var shown struct {
		History []struct {
			ID string `json:"message_id"`
		} `json:"history"`
	}
	a.must(200, "agent", "GET", chat.native, "").decode(t, &shown)
	const gone = "redacted.txt"
	for _, tt := range []struct {
		path  string
		ask   map[string]any
		names []string
		keeps bool // nothing changes
	}{
		{fileRedactions, map[string]any{"chat_indexes": []int{1, 1}}, []string{gone, "b.txt", "c.txt"}, false},
		{fileRedactions, map[string]any{"chat_indexes": []int{1}}, []string{gone, "b.txt", "c.txt"}, true},
		{chatRedactions, map[string]any{"chat_indexes": []int{2, 1}}, []string{gone, gone, "c.txt"}, false},
		{fileRedactions, map[string]any{"message_ids": []string{shown.History[3].ID}, "chat_indexes": []int{1}}, []string{gone, gone, gone}, false},
		{fileRedactions, map[string]any{"message_ids": []string{shown.History[3].ID, shown.History[3].ID}}, []string{gone, gone, gone}, true},
	} {
		before := a.events(t)
		r := chat.redactFiles("agent", tt.path, tt.ask)
		if diff := cmp.Diff(`{"chat_event":`+started(tt.names...)+`}`, chat.plain(r.body)); r.status != 200 || diff != "" {
			t.Errorf("%s %v = %d (-want +got):\n%s", tt.path, tt.ask, r.status, diff)
		}
		if n := a.events(t) - before; tt.keeps && n != 0 || !tt.keeps && n != 1 {
			t.Errorf("%s %v has made %d events", tt.path, tt.ask, n)
		}
		audits(tt.names...)
	}
	var former int
	if err := a.pool.QueryRow(t.Context(), "SELECT count(*) FROM log.contents c WHERE content_id::text IN (SELECT convert_from(data, 'UTF8')::jsonb->'content'->>'id' FROM log.events WHERE type = 'chat.entry_added')").Scan(&former); err != nil || former != 1 {
		t.Errorf("%d of the texts are as they were, %v; want the message's alone", former, err)
	}
}

// TestChatFileContent: a file of a chat is to be had by its address and its number, by those
// who see the chat, until it is redacted; then what is in its place is.
func TestChatFileContent(t *testing.T) {
	s := newStack(t)
	a := s.account("acme", directory.Settings{})
	chat := a.talk(a.ticket(), "see there")
	sent := chat.send("a.txt", "b.txt")
	urls := func() (all []string) {
		var shown struct {
			History []struct {
				URL *string `json:"content_url"`
			} `json:"history"`
		}
		a.must(200, "customer", "GET", chat.native, "").decode(t, &shown)
		for _, e := range shown.History {
			if e.URL != nil {
				all = append(all, *e.URL)
			}
		}
		return all
	}
	before := urls()
	if want := []string{sent[0].ContentURL, sent[1].ContentURL}; !slices.Equal(before, want) {
		t.Fatalf("the addresses are %q; want %q, as before the files were sent", before, want)
	}
	content := func(address, want string, status int) {
		t.Helper()
		if r := a.fetch(address); r.status != status || status == 200 && string(r.body) != want {
			t.Errorf("the content at %s = %d %q; want %d %q", address, r.status, r.body, status, want)
		}
	}
	number := func(n int64) string { return fmt.Sprint("/api/v2/attachments/", n) }
	content(before[0], "content of a.txt", 200)
	a.must(200, "agent", "GET", number(sent[1].ID), "")
	foreign := s.account("other", directory.Settings{})
	foreign.must(404, "agent", "GET", number(sent[1].ID), "")
	a.must(403, "customer", "GET", number(sent[1].ID), "")
	chat.end()
	if r := chat.redactFiles("agent", fileRedactions, map[string]any{"chat_indexes": []int{1}}); r.status != 200 {
		t.Fatalf("chat_file_redactions = %d %s", r.status, r.body)
	}
	after := urls()
	content(before[0], "", 404)
	a.must(404, "agent", "GET", number(sent[0].ID), "")
	content(after[0], " ", 200)
	content(after[1], "content of b.txt", 200)
	a.must(404, "agent", "PUT", fmt.Sprint(chat.ticket.path, "/comments/1/attachments/", sent[1].ID, "/redact"), "{}") // it is of no comment
	erase := domain.EraseChat{Account: a.id, Ticket: a.ticketID(chat), Chat: domain.ChatID(uuid.MustParse(chat.id)),
		By: domain.By{Actor: domain.Actor{Kind: domain.ActorAgent, ID: a.users["admin"]}, Admin: true}, Cause: domain.CauseErasure}
	if _, err := a.store.Execute(t.Context(), erase, nil); err != nil {
		t.Fatal(err)
	}
	content(after[1], "", 404)
	a.must(404, "agent", "GET", number(sent[1].ID), "")
	page := chat.plain(a.must(200, "agent", "GET", chat.ticket.path+"/audits", "").body)
	if strings.Contains(page, "b.txt") || !strings.Contains(page, `"type":"ChatFileAttachment","filename":"▇▇▇▇"`) {
		t.Errorf("the audits after an erasure: %s", page)
	}
}

// ticketID returns the id of the ticket of a chat.
func (a *account) ticketID(chat *talk) domain.TicketID {
	a.t.Helper()
	id, err := domain.ParseTicketID(chat.ticket.native[strings.LastIndex(chat.ticket.native, "/")+1:])
	if err != nil {
		a.t.Fatal(err)
	}
	return id
}

// TestRedactChatFileRefusals: what is refused changes nothing, be it one file of several
// that is in the way, and never repeats what was sent.
func TestRedactChatFileRefusals(t *testing.T) {
	s := newStack(t)
	a := s.account("acme", directory.Settings{})
	chat := a.talk(a.ticket(), "see there", "")
	chat.send("a.txt", "b.txt")
	other := a.talk(a.ticket(), "elsewhere")
	other.end()
	files := map[string]any{"chat_indexes": []int{2, 3}}
	if r := chat.redactFiles("agent", fileRedactions, files); r.status != 422 || !bytes.Contains(r.body, []byte("active")) {
		t.Errorf("of an active chat: %d %s", r.status, r.body)
	}
	chat.end()
	before := a.events(t)
	for _, tt := range []struct {
		name, as string
		path     string
		ask      map[string]any
		status   int
	}{
		{"nobody", "nobody", fileRedactions, files, 401},
		{"a customer", "customer", fileRedactions, files, 403},
		{"without the scope", "reader", fileRedactions, files, 403},
		{"without chat_id", "agent", fileRedactions, map[string]any{"chat_id": nil, "chat_indexes": []int{2}}, 422},
		{"without indexes", "agent", fileRedactions, nil, 422},
		{"no indexes", "agent", fileRedactions, map[string]any{"chat_indexes": []int{}}, 422},
		{"an index alone", "agent", fileRedactions, map[string]any{"chat_indexes": 2}, 400},
		{"indexes of another type", "agent", fileRedactions, map[string]any{"chat_indexes": []string{"c5secret"}}, 400},
		{"ids of another type", "agent", fileRedactions, map[string]any{"message_ids": "c5secret"}, 400},
		{"a chat that is none", "agent", fileRedactions, map[string]any{"chat_id": "c5secret", "chat_indexes": []int{2}}, 404},
		{"an unknown chat", "agent", fileRedactions, map[string]any{"chat_id": uuid.NewString(), "chat_indexes": []int{2}}, 404},
		{"the chat of another ticket", "agent", fileRedactions, map[string]any{"chat_id": other.id, "chat_indexes": []int{0}}, 404},
		{"no index, which is none of the first", "agent", fileRedactions, map[string]any{"chat_indexes": []any{nil, 2}}, 400},
		{"a message among files", "agent", fileRedactions, map[string]any{"chat_indexes": []int{2, 0}}, 422},
		{"one who joined among files", "agent", fileRedactions, map[string]any{"chat_indexes": []int{1, 2}}, 422},
		{"an index too high", "agent", fileRedactions, map[string]any{"chat_indexes": []int{2, 4}}, 422},
		{"an index too low", "agent", fileRedactions, map[string]any{"chat_indexes": []int{-1, 2}}, 422},
		{"a huge index", "agent", fileRedactions, map[string]any{"chat_indexes": []int64{1 << 52}}, 422},
		{"an unknown id among files", "agent", fileRedactions, map[string]any{"chat_indexes": []int{2}, "message_ids": []string{"c5secret"}}, 422},
		{"a message where there are files", "agent", fileRedactions, map[string]any{"chat_index": 0, "text": "<redact>see there</redact>"}, 422},
		{"files where there are messages, with a message", "agent", chatRedactions, map[string]any{"chat_indexes": []int{2}, "chat_index": 0}, 422},
		{"files where there are messages, with a text", "agent", chatRedactions, map[string]any{"chat_indexes": []int{2}, "text": "<redact>c5secret</redact>"}, 422},
		{"a file as a message", "agent", chatRedactions, map[string]any{"chat_index": 2, "text": "<redact>c5secret</redact>"}, 422},
		{"a message among files where there are messages", "agent", chatRedactions, map[string]any{"chat_indexes": []int{2, 0}}, 422},
	} {
		r := chat.redactFiles(tt.as, tt.path, tt.ask)
		if r.status != tt.status || bytes.Contains(r.body, []byte("c5secret")) {
			t.Errorf("%s = %d %s; want %d", tt.name, r.status, r.body, tt.status)
		}
	}
	foreign := s.account("other", directory.Settings{})
	foreign.must(404, "agent", "PUT", fmt.Sprint("/api/v2/chat_file_redactions/", chat.ticket.number), fmt.Sprintf(`{"chat_id":%q,"chat_indexes":[2]}`, chat.id))
	a.must(200, "admin", "PUT", chat.ticket.native, `{"legal_hold":true}`)
	if r := chat.redactFiles("agent", fileRedactions, files); r.status != 422 {
		t.Errorf("under legal hold: %d %s", r.status, r.body)
	}
	if after := a.events(t); after != before+1 {
		t.Errorf("%d events after refusals, %d before", after, before)
	}
	off := false
	for name, settings := range map[string]directory.Settings{"workspace": {AgentWorkspace: &off}, "deletion": {AgentsCanDeleteTickets: &off}} {
		shut := s.account("shut-"+name, settings)
		chat := shut.talk(shut.ticket())
		chat.send("a.txt")
		chat.end()
		if r := chat.redactFiles("agent", fileRedactions, map[string]any{"chat_indexes": []int{0}}); r.status != 403 {
			t.Errorf("without %s: %d %s", name, r.status, r.body)
		}
	}
	page := chat.plain(a.must(200, "agent", "GET", chat.ticket.path+"/audits", "").body)
	if !strings.Contains(page, `"filename":"a.txt"`) || !strings.Contains(page, `"filename":"b.txt"`) || !strings.Contains(page, `"message":"see there"`) {
		t.Errorf("the chat has changed: %s", page)
	}
	// Of a closed ticket, all of them at once.
	a.must(200, "admin", "PUT", chat.ticket.native, `{"legal_hold":false}`)
	a.must(200, "agent", "PUT", chat.ticket.native, `{"status":"closed"}`)
	if r := chat.redactFiles("agent", fileRedactions, files); r.status != 200 || bytes.Count(r.body, []byte(`"redacted.txt"`)) != 2 {
		t.Errorf("of a closed ticket: %d %s", r.status, r.body)
	}
}
