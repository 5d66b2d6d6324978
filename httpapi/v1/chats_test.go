package v1_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/httpapi/directory"
)

// chat is a chat as a client sees it.
type chat struct {
	ID        string  `json:"id"`
	TicketID  string  `json:"ticket_id"`
	Number    int64   `json:"number"`
	VisitorID string  `json:"visitor_id"`
	Entries   int     `json:"entries"`
	IsEnded   bool    `json:"is_ended"`
	StartedAt string  `json:"started_at"`
	EndedAt   *string `json:"ended_at"`
	History   []struct {
		Index            int     `json:"index"`
		MessageID        string  `json:"message_id"`
		Kind             string  `json:"kind"`
		AuthorType       string  `json:"author_type"`
		AuthorUserID     *string `json:"author_user_id"`
		AuthorCustomerID *string `json:"author_customer_id"`
		Content          *string `json:"content"`
		FileName         *string `json:"file_name"`
		ContentType      *string `json:"content_type"`
		Size             *int64  `json:"size"`
		ContentURL       *string `json:"content_url"`
		CreatedAt        string  `json:"created_at"`
	} `json:"history"`
}

// said is what is said in the chat, entry by entry.
func (c chat) said() string {
	var parts []string
	for _, e := range c.History {
		text := "(" + e.Kind + ")"
		switch {
		case e.Content != nil:
			text = *e.Content
		case e.Size != nil:
			text = fmt.Sprint(*e.FileName, " ", *e.ContentType, " ", *e.Size)
		case e.FileName != nil:
			text = "(" + e.Kind + ") " + *e.FileName
		}
		parts = append(parts, fmt.Sprint(e.Index, " ", e.AuthorType, " ", text))
	}
	return strings.Join(parts, "; ")
}

func (a *account) readChat(as, path string) (c chat) {
	a.t.Helper()
	a.must(200, as, "GET", path, "").decode(a.t, &c)
	return c
}

// byVisitor and byAgent are messages.
func (a *account) byVisitor(content string) string {
	return fmt.Sprintf(`{"author_type":"CUSTOMER","author_customer_id":%q,"content":%q}`, a.users["customer"], content)
}

func (a *account) byAgent(content string) string {
	return fmt.Sprintf(`{"author_type":"AGENT","author_user_id":%q,"content":%q}`, a.users["agent"], content)
}

// TestChatTranscript: a chat is begun, filled and ended; whoever sees it sees all of it at
// once, and nothing of it is a comment.
func TestChatTranscript(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	id := uuid.NewString()
	made := a.must(201, "relay", "POST", ticket+"/chats", fmt.Sprintf(`{"id":%q,"visitor_id":%q,"unknown":1}`, id, a.users["customer"]))
	path := ticket + "/chats/" + id
	if got := made.header.Get("Location"); got != path {
		t.Errorf("Location = %q; want %q", got, path)
	}
	a.must(409, "relay", "POST", ticket+"/chats", fmt.Sprintf(`{"id":%q,"visitor_id":%q}`, id, a.users["customer"]))
	var before struct {
		UpdatedAt string `json:"updated_at"`
	}
	_ = decodeAnyCase(a.must(200, "agent", "GET", ticket, "").body, &before)
	a.must(201, "relay", "POST", path+"/messages", a.byVisitor(" <b>hello</b> & co "))
	join := fmt.Sprintf(`{"kind":"join","author_type":"AGENT","author_user_id":%q}`, a.users["agent"])
	newcomer := uuid.NewString()
	bot := fmt.Sprintf(`{"author_type":"SYSTEM","author_user_id":%q,"content":"wait"}`, newcomer)
	var state chat
	a.must(201, "relay", "POST", path+"/messages", `{"messages":[`+bot+`,`+join+`,`+a.byAgent("how can I help?")+`]}`).decode(t, &state)
	if state.Entries != 4 || state.IsEnded || state.History != nil {
		t.Errorf("the chat has become %+v; want 4 entries", state)
	}
	want := "0 CUSTOMER  <b>hello</b> & co ; 1 SYSTEM wait; 2 AGENT (join); 3 AGENT how can I help?"
	for _, as := range []string{"agent", "customer"} {
		if c := a.readChat(as, path); c.said() != want || c.ID != id || c.VisitorID != a.users["customer"].String() || c.EndedAt != nil || c.Entries != 4 {
			t.Errorf("the chat as %s is %+v, saying %s; want %s", as, c, c.said(), want)
		}
	}
	a.must(200, "relay", "POST", path+"/end", "")
	a.must(200, "relay", "POST", path+"/end", "")
	if c := a.readChat("agent", path); c.EndedAt == nil || !c.IsEnded {
		t.Errorf("the chat is %+v after its end", c)
	}
	if r := a.do("relay", "POST", path+"/messages", a.byAgent("late")); r.status != 409 || r.code() != "chat_ended" {
		t.Errorf("a message after the end = %d %s", r.status, r.body)
	}
	for _, as := range []string{"agent", "customer"} {
		if r := a.must(200, as, "GET", ticket+"/comments", ""); string(r.body) != "[]" || r.header.Get("X-Total-Count") != "0" {
			t.Errorf("the comments as %s are %s, %s in all; want none", as, r.body, r.header.Get("X-Total-Count"))
		}
	}
	after := before
	_ = decodeAnyCase(a.must(200, "agent", "GET", ticket, "").body, &after)
	if after.UpdatedAt <= before.UpdatedAt {
		t.Errorf("the ticket was updated at %s before what was said in the chat, and at %s after it", before.UpdatedAt, after.UpdatedAt)
	}
	var events []struct {
		Type      string  `json:"type"`
		CommentID *string `json:"comment_id"`
		ChatID    *string `json:"chat_id"`
		Changes   []struct {
			Field string `json:"field"`
			After any    `json:"after"`
		} `json:"changes"`
	}
	_ = decodeAnyCase(a.must(200, "auditor", "GET", ticket+"/events", "").body, &events)
	if len(events) != 7 || events[2].ChatID == nil || *events[2].ChatID != id || events[2].CommentID != nil || events[2].Changes[2].After != " <b>hello</b> & co " {
		t.Errorf("the events are %+v; want the chat's, and what was said", events)
	}
}

// TestChatMessagesAtOnce: whoever writes at once gets indexes of their own, and what is
// said in one request stands together.
func TestChatMessagesAtOnce(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	path := a.chat(a.ticket(), "customer")
	const writers, each = 4, 6
	var working sync.WaitGroup
	for w := range writers {
		working.Go(func() {
			for n := range each {
				body := fmt.Sprintf(`{"messages":[%s,%s]}`, a.byVisitor(fmt.Sprint(w, ".", n, ".ask")), a.byAgent(fmt.Sprint(w, ".", n, ".answer")))
				if r := a.do("relay", "POST", path+"/messages", body); r.status != 201 {
					t.Errorf("message = %d %s", r.status, r.body)
				}
			}
		})
	}
	working.Wait()
	c := a.readChat("agent", path)
	if len(c.History) != 2*writers*each {
		t.Fatalf("%d entries; want %d", len(c.History), 2*writers*each)
	}
	seen := map[string]bool{}
	for i := 0; i < len(c.History); i += 2 {
		ask, answer := c.History[i], c.History[i+1]
		said, _ := strings.CutSuffix(*ask.Content, ".ask")
		if ask.Index != i || answer.Index != i+1 || *answer.Content != said+".answer" || seen[said] {
			t.Errorf("entries %d and %d are %q and %q", ask.Index, answer.Index, *ask.Content, *answer.Content)
		}
		seen[said] = true
	}
}

// TestChatRepeated: a repeated request has one effect, and the answer is what the chat is.
func TestChatRepeated(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	key := header{"Idempotency-Key", "begin"}
	begin := fmt.Sprintf(`{"visitor_id":%q}`, a.users["customer"])
	first := a.must(201, "relay", "POST", ticket+"/chats", begin, key)
	again := a.must(201, "relay", "POST", ticket+"/chats", begin, key)
	path := first.header.Get("Location")
	if again.header.Get("Location") != path || again.header.Get("Idempotent-Replayed") != "true" || string(again.body) != string(first.body) {
		t.Errorf("again: %v %s; want %s", again.header, again.body, first.body)
	}
	say := header{"Idempotency-Key", "say"}
	a.must(201, "relay", "POST", path+"/messages", a.byVisitor("hello"), say)
	a.must(200, "relay", "POST", path+"/end", "")
	if r := a.must(201, "relay", "POST", path+"/messages", a.byVisitor("hello"), say); r.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %v", r.header)
	}
	if r := a.do("relay", "POST", path+"/messages", a.byVisitor("bye"), say); r.status != 400 || r.code() != "idempotency_key_reused" {
		t.Errorf("another request with the key = %d %s", r.status, r.body)
	}
	if c := a.readChat("agent", path); c.said() != "0 CUSTOMER hello" {
		t.Errorf("the chat says %s; want hello, once", c.said())
	}
}

// TestChatRefusals: what is wrong is named and never repeated, and nothing is kept of it.
func TestChatRefusals(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	path := a.chat(ticket, "customer")
	long := strings.Repeat("x", 16_385)
	hundred := strings.TrimSuffix(strings.Repeat(a.byAgent("x")+",", 101), ",")
	for _, tt := range []struct {
		path, body string
		status     int
		names      string // what the answer has to name
	}{
		{ticket + "/chats", `{}`, 422, "visitor_id"},
		{ticket + "/chats", `{"visitor_id":null}`, 422, "visitor_id"},
		{ticket + "/chats", `{"visitor_id":"c5secret"}`, 422, "visitor_id"},
		{ticket + "/chats", fmt.Sprintf(`{"visitor_id":%q,"id":"2109.c5secret"}`, a.users["customer"]), 422, `"id"`},
		{ticket + "/chats", fmt.Sprintf(`{"visitor_id":%q,"id":null}`, a.users["customer"]), 422, `"id"`},
		{ticket + "/chats", fmt.Sprintf(`{"visitor_id":%q,"id":"00000000-0000-0000-0000-000000000000"}`, a.users["customer"]), 422, `"id"`},
		{ticket + "/chats", fmt.Sprintf(`{"visitor_id":%q}`, a.users["agent"]), 422, "visitor_id"},
		{ticket + "/chats", `[]`, 400, ""},
		{path + "/messages", `{}`, 422, "content"},
		{path + "/messages", `{"content":"c5secret"}`, 422, "author_type"},
		{path + "/messages", `{"messages":[]}`, 422, "messages"},
		{path + "/messages", `{"messages":null}`, 422, "messages"},
		{path + "/messages", `{"messages":{}}`, 400, "messages"},
		{path + "/messages", `{"messages":["c5secret"]}`, 400, ""},
		{path + "/messages", `{"messages":[null]}`, 422, "messages[0].content"},
		{path + "/messages", `{"messages":[` + hundred + `]}`, 422, "messages"},
		{path + "/messages", `{"messages":[` + a.byAgent("fine") + `,` + a.byAgent(" ") + `]}`, 422, "messages[1].content"},
		{path + "/messages", `{"content":"c5secret","messages":[` + a.byAgent("fine") + `]}`, 422, "messages"},
		{path + "/messages", a.byAgent(long), 422, "content"},
		{path + "/messages", a.byAgent("nul\x00"), 400, ""},
		{path + "/messages", `{"kind":"file","content":"c5secret"}`, 422, "kind"},
		{path + "/messages", fmt.Sprintf(`{"kind":"join","content":"c5secret","author_type":"AGENT","author_user_id":%q}`, a.users["agent"]), 422, "content"},
		{path + "/messages", fmt.Sprintf(`{"content":"c5secret","author_type":"AGENT","author_user_id":%q}`, a.users["customer"]), 422, "author_type"},
		{path + "/messages", fmt.Sprintf(`{"content":"c5secret","author_type":"CUSTOMER","author_customer_id":%q}`, a.users["stranger"]), 422, "author_customer_id"},
	} {
		r := a.do("relay", "POST", tt.path, tt.body)
		if r.status != tt.status || !strings.Contains(string(r.body), tt.names) || strings.Contains(string(r.body), "c5secret") {
			t.Errorf("POST %s %.80s = %d %s; want %d naming %q", tt.path, tt.body, r.status, r.body, tt.status, tt.names)
		}
	}
	if c := a.readChat("agent", path); len(c.History) != 0 {
		t.Errorf("the chat says %s; want nothing", c.said())
	}
	var contents int
	if err := a.pool.QueryRow(t.Context(), "SELECT count(*) FROM log.contents").Scan(&contents); err != nil || contents != 0 {
		t.Errorf("%d contents, %v; want none", contents, err)
	}
}
