package zendesk_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/commentd/commentd/httpapi/directory"
)

// talk is a chat on a ticket, as both APIs know it.
type talk struct {
	a      *account
	ticket thread
	id     string
	native string // "/v1/tickets/…/chats/…"
}

// talk begins a chat in which the customer says things; an empty one is that the agent
// joins.
func (a *account) talk(ticket thread, messages ...string) *talk {
	a.t.Helper()
	t := &talk{a: a, ticket: ticket, id: uuid.NewString()}
	t.native = ticket.native + "/chats/" + t.id
	a.must(201, "relay", "POST", ticket.native+"/chats", fmt.Sprintf(`{"id":%q,"visitor_id":%q}`, t.id, a.users["customer"]))
	for _, m := range messages {
		body := map[string]any{"kind": "join", "author_type": "AGENT", "author_user_id": a.users["agent"]}
		if m != "" {
			body = map[string]any{"content": m, "author_type": "CUSTOMER", "author_customer_id": a.users["customer"]}
		}
		text, err := json.Marshal(body)
		if err != nil {
			a.t.Fatal(err)
		}
		a.must(201, "relay", "POST", t.native+"/messages", string(text))
	}
	return t
}

func (t *talk) end() { t.a.must(200, "relay", "POST", t.native+"/end", "") }

// redact asks for the redaction of a message; more replaces members of the request, and
// nil removes them.
func (t *talk) redact(as string, index int, text string, more map[string]any) response {
	t.a.t.Helper()
	ask := map[string]any{"chat_id": t.id, "chat_index": index, "text": text}
	for name, value := range more {
		if ask[name] = value; value == nil {
			delete(ask, name)
		}
	}
	body, err := json.Marshal(ask)
	if err != nil {
		t.a.t.Fatal(err)
	}
	return t.a.do(as, "PUT", fmt.Sprint("/api/v2/chat_redactions/", t.ticket.number), string(body))
}

var (
	uuids      = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	timestamps = regexp.MustCompile(`"timestamp":\d{13}`)
)

// plain is a body with names in the place of what differs from run to run.
func (t *talk) plain(body []byte) string {
	text := strings.ReplaceAll(string(body), t.id, "CHAT")
	text = timestamps.ReplaceAllString(uuids.ReplaceAllString(text, "MESSAGE"), `"timestamp":MILLISECONDS`)
	return regexp.MustCompile(`"(id|ticket_id)":\d+`).ReplaceAllString(plain(t.a, t.ticket, []byte(text), nil), `"$1":NUMBER`)
}

// TestChatShapes: a chat in audits, and in the answer to a redaction, byte for byte
// (contract §8.4, §9).
func TestChatShapes(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	chat := a.talk(a.ticket(), "My Social Security number is 987-65-4320", "", "1 < 2 & more")
	chat.end()
	const (
		visitor = `"message_id":"MESSAGE","actor_id":THE_customer,"actor_name":"The customer","actor_type":"end-user","timestamp":MILLISECONDS}`
		rest    = `,{"chat_index":1,"type":"ChatJoin","message_id":"MESSAGE","actor_id":THE_agent,"actor_name":"The agent","actor_type":"agent","timestamp":MILLISECONDS}` +
			`,{"chat_index":2,"type":"ChatMessage","message":"1 < 2 & more",` + visitor + `]`
		ended = `{"id":NUMBER,"type":"ChatEndedEvent","value":{"chat_id":"CHAT","visitor_id":"THE_customer"}}`
		head  = `{"id":NUMBER,"ticket_id":TICKET,"created_at":"TIME","author_id":THE_relay,"metadata":{"system":{"client":null,"ip_address":null,"location":null,` +
			`"latitude":null,"longitude":null},"custom":{}},"via":{"channel":"chat","source":{"from":{},"to":{},"rel":null}},"events":[`
	)
	started := func(message string) string {
		return `{"id":NUMBER,"type":"ChatStartedEvent","value":{"chat_id":"CHAT","history":[{"chat_index":0,"type":"ChatMessage","message":"` + message + `",` +
			visitor + rest + `,"visitor_id":"THE_customer"}}`
	}
	audits := func(message string) {
		t.Helper()
		r := a.must(200, "agent", "GET", chat.ticket.path+"/audits?per_page=2&page=2", "")
		if page := chat.plain(r.body); !strings.Contains(page, head+ended+`]}`) {
			t.Errorf("the audits have no %s:\n%s", ended, page)
		}
		r = a.must(200, "agent", "GET", chat.ticket.path+"/audits", "")
		if page := chat.plain(r.body); !strings.Contains(page, head+started(message)+`]}`) || !strings.HasSuffix(page, `"count":3}`) {
			t.Errorf("the audits have no %s:\n%s", started(message), page)
		}
	}
	audits("My Social Security number is 987-65-4320")
	r := chat.redact("agent", 0, "My Social Security number is <redact>987-65-4320</redact>", nil)
	if diff := cmp.Diff(`{"chat_event":`+started("My Social Security number is ▇▇▇▇")+`}`, chat.plain(r.body)); r.status != 200 || diff != "" {
		t.Errorf("chat_redactions = %d (-want +got):\n%s", r.status, diff)
	}
	audits("My Social Security number is ▇▇▇▇")
}

// TestRedactChat: what was hidden is gone from whatever shows the chat, at once; nothing
// else of the chat has changed, and neither the log nor any other row holds it.
func TestRedactChat(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	chat := a.talk(a.ticket(), "the code is 84-kappa & co", "again: 84-kappa", "x\n\n  y <b>84-kappa</b>")
	chat.end()
	a.must(200, "agent", "PUT", chat.ticket.native, `{"status":"closed"}`)
	if r := chat.redact("agent", 0, "the <redact>code</redact> is <redact>84-kappa</redact> & co", nil); r.status != 200 {
		t.Fatalf("chat_redactions = %d %s", r.status, r.body)
	}
	var shown struct {
		History []struct {
			Message string `json:"content"`
			ID      string `json:"message_id"`
		} `json:"history"`
	}
	read := func() string {
		t.Helper()
		a.must(200, "customer", "GET", chat.native, "").decode(t, &shown)
		said := ""
		for _, e := range shown.History {
			said += e.Message + "|"
		}
		return said
	}
	if got := read(); got != "the ▇▇▇▇ is ▇▇▇▇ & co|again: 84-kappa|x\n\n  y <b>84-kappa</b>|" {
		t.Errorf("the chat says %q", got)
	}
	// By the id of the message, across lines and what looks like HTML; marks at the ends of
	// lines make no lines of their own.
	if r := chat.redact("agent", 0, "x<redact>\n\n  y <b>84-kappa</b></redact>", map[string]any{"chat_index": nil, "message_id": shown.History[2].ID}); r.status != 200 {
		t.Fatalf("chat_redactions by message_id = %d %s", r.status, r.body)
	}
	if r := chat.redact("agent", 1, "<redact>again: 84-kappa</redact>", nil); r.status != 200 {
		t.Fatalf("chat_redactions = %d %s", r.status, r.body)
	}
	if got := read(); got != "the ▇▇▇▇ is ▇▇▇▇ & co|▇▇▇▇|x\n\n  ▇▇▇▇|" {
		t.Errorf("the chat says %q", got)
	}
	for _, where := range []string{chat.ticket.path + "/audits", chat.native, chat.ticket.native + "/events"} {
		as := "agent"
		if strings.HasSuffix(where, "/events") {
			as = "admin"
		}
		if r := a.must(200, as, "GET", where, ""); bytes.Contains(r.body, []byte("kappa")) || !bytes.Contains(r.body, []byte("▇▇▇▇")) {
			t.Errorf("GET %s = %s", where, r.body)
		}
	}
	before := a.events(t)
	// What is masked already, and what marks nothing, changes nothing.
	for _, text := range []string{"<redact>▇▇▇▇</redact>", "▇▇▇▇", "<redact></redact>▇▇▇▇"} {
		if r := chat.redact("agent", 1, text, nil); r.status != 200 {
			t.Errorf("chat_redactions of %q = %d %s", text, r.status, r.body)
		}
	}
	if after := a.events(t); after != before {
		t.Errorf("%d events after redactions of nothing, %d before", after, before)
	}
	var contents int
	if err := a.pool.QueryRow(t.Context(), "SELECT count(*) FROM log.contents c WHERE content_id::text IN (SELECT convert_from(data, 'UTF8')::jsonb->'content'->>'id' FROM log.events WHERE type = 'chat.entry_added')").Scan(&contents); err != nil || contents != 0 {
		t.Errorf("%d of the former texts are left, %v", contents, err)
	}
}

func (a *account) events(t *testing.T) (n int) {
	t.Helper()
	if err := a.pool.QueryRow(t.Context(), "SELECT count(*) FROM log.events").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRedactChatRefusals: what is refused changes nothing, and never repeats what was sent.
func TestRedactChatRefusals(t *testing.T) {
	s := newStack(t)
	a := s.account("acme", directory.Settings{})
	chat := a.talk(a.ticket(), "my pin is 4711", "")
	other := a.talk(a.ticket(), "elsewhere")
	other.end()
	const marked = "my pin is <redact>4711</redact>"
	if r := chat.redact("agent", 0, marked, nil); r.status != 422 || !bytes.Contains(r.body, []byte("active")) {
		t.Errorf("of an active chat: %d %s", r.status, r.body)
	}
	chat.end()
	number := fmt.Sprint("/api/v2/chat_redactions/", chat.ticket.number)
	before := a.events(t)
	for _, tt := range []struct {
		name, as string
		more     map[string]any
		status   int
	}{
		{"nobody", "nobody", nil, 401},
		{"a customer", "customer", nil, 403},
		{"without the scope", "reader", nil, 403},
		{"without chat_id", "agent", map[string]any{"chat_id": nil}, 422},
		{"without index", "agent", map[string]any{"chat_index": nil}, 422},
		{"without text", "agent", map[string]any{"text": nil}, 422},
		{"text of another type", "agent", map[string]any{"text": 7}, 400},
		{"an index of another type", "agent", map[string]any{"chat_index": "c5secret"}, 400},
		{"an id that is none", "agent", map[string]any{"chat_id": "c5secret"}, 404},
		{"an unknown id", "agent", map[string]any{"chat_id": uuid.NewString()}, 404},
		{"the chat of another ticket", "agent", map[string]any{"chat_id": other.id}, 404},
		{"an index too high", "agent", map[string]any{"chat_index": 2}, 422},
		{"an index too low", "agent", map[string]any{"chat_index": -1}, 422},
		{"a huge index", "agent", map[string]any{"chat_index": 1 << 52}, 422},
		{"one who joined", "agent", map[string]any{"chat_index": 1}, 422},
		{"an unknown message", "agent", map[string]any{"chat_index": nil, "message_id": "c5secret"}, 422},
		{"index and message that differ", "agent", map[string]any{"message_id": uuid.NewString()}, 422},
		{"another text", "agent", map[string]any{"text": "my pin was <redact>4711</redact>"}, 422},
		{"text added", "agent", map[string]any{"text": marked + "c5secret"}, 422},
		{"white space added", "agent", map[string]any{"text": " " + marked}, 422},
		{"a mark that is not closed", "agent", map[string]any{"text": "my pin is <redact>4711"}, 422},
		{"a mark that is not open", "agent", map[string]any{"text": "my pin is 4711</redact>"}, 422},
	} {
		r := chat.redact(tt.as, 0, marked, tt.more)
		if r.status != tt.status || bytes.Contains(r.body, []byte("c5secret")) || bytes.Contains(r.body, []byte("4711")) {
			t.Errorf("%s = %d %s; want %d", tt.name, r.status, r.body, tt.status)
		}
	}
	a.must(404, "agent", "PUT", "/api/v2/chat_redactions/999999", `{"chat_id":"x","chat_index":0,"text":"x"}`)
	a.must(422, "agent", "PUT", number, `{`)
	foreign := s.account("other", directory.Settings{})
	foreign.must(404, "agent", "PUT", number, fmt.Sprintf(`{"chat_id":%q,"chat_index":0,"text":%q}`, chat.id, marked))
	a.must(200, "admin", "PUT", chat.ticket.native, `{"legal_hold":true}`)
	if r := chat.redact("agent", 0, marked, nil); r.status != 422 {
		t.Errorf("under legal hold: %d %s", r.status, r.body)
	}
	a.must(200, "admin", "PUT", chat.ticket.native, `{"legal_hold":false}`)
	if after := a.events(t); after != before+2 {
		t.Errorf("%d events after refusals, %d before", after, before)
	}
	off := false
	for name, settings := range map[string]directory.Settings{"workspace": {AgentWorkspace: &off}, "deletion": {AgentsCanDeleteTickets: &off}} {
		shut := s.account("shut-"+name, settings)
		chat := shut.talk(shut.ticket(), "my pin is 4711")
		chat.end()
		if r := chat.redact("agent", 0, marked, nil); r.status != 403 {
			t.Errorf("without %s: %d %s", name, r.status, r.body)
		}
	}
	if got := chat.plain(a.must(200, "agent", "GET", chat.ticket.path+"/audits", "").body); !strings.Contains(got, `"my pin is 4711"`) {
		t.Errorf("the chat has changed: %s", got)
	}
}
