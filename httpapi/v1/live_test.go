package v1_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/httpapi/directory"
)

// sent is an event as it came.
type sent struct {
	id, name string
	data     liveEvent
	raw      string // data
}

type liveEvent struct {
	ID         string   `json:"event_id"`
	Type       string   `json:"type"`
	RecordedAt string   `json:"recorded_at"`
	TicketID   string   `json:"ticket_id"`
	CommentID  *string  `json:"comment_id"`
	IsInternal bool     `json:"is_internal"`
	Comment    *comment `json:"comment"`
}

// events is a stream of server-sent events.
type events struct {
	t      *testing.T
	answer *http.Response
	lines  *bufio.Scanner
	stop   context.CancelFunc
}

// follow begins to follow events, without the client that reads answers to their end.
func (a *account) follow(t *testing.T, as, query, last string) *events {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	r, err := http.NewRequestWithContext(ctx, "GET", a.url+"/v1/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	key, ok := a.keys[as]
	if !ok {
		key = as
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" || answer.Header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("GET /v1/events = %d %v", answer.StatusCode, answer.Header)
	}
	e := &events{t: t, answer: answer, lines: bufio.NewScanner(answer.Body), stop: stop}
	e.lines.Buffer(nil, 1<<20)
	t.Cleanup(e.close)
	return e
}

func (e *events) close() {
	e.stop()
	_ = e.answer.Body.Close()
}

// next returns the next event, and false at the end of the stream.
func (e *events) next() (s sent, ok bool) {
	e.t.Helper()
	for e.lines.Scan() {
		name, value, _ := strings.Cut(e.lines.Text(), ": ")
		switch {
		case name == "id":
			s.id = value
		case name == "event":
			s.name = value
		case name == "data":
			s.raw = value
		case e.lines.Text() == "" && s.raw != "":
			e.valid(&s)
			return s, true
		}
	}
	return s, false
}

// valid checks an event against the OpenAPI document.
func (e *events) valid(s *sent) {
	e.t.Helper()
	doc, err := document()
	if err != nil {
		e.t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal([]byte(s.raw), &value); err != nil {
		e.t.Fatalf("data %s: %v", s.raw, err)
	}
	if err := doc.Components.Schemas["LiveEvent"].Value.VisitJSON(value); err != nil {
		e.t.Errorf("data %s: %v", s.raw, err)
	}
	if err := json.Unmarshal([]byte(s.raw), &s.data); err != nil || s.data.Type != s.name || s.id == "" {
		e.t.Errorf("id %q, event %q, data %s: %v", s.id, s.name, s.raw, err)
	}
}

// take returns the next n events.
func (e *events) take(n int) (all []sent) {
	e.t.Helper()
	for len(all) < n {
		s, ok := e.next()
		if !ok {
			e.t.Fatalf("the stream has ended after %d of %d events: %v", len(all), n, e.lines.Err())
		}
		all = append(all, s)
	}
	return all
}

// summary is what events say, without ids and times.
func summary(all []sent) (lines []string) {
	for _, s := range all {
		line := s.name
		if s.data.IsInternal {
			line += " (internal)"
		}
		if s.data.Comment != nil {
			line += ": " + s.data.Comment.Content
		}
		lines = append(lines, line)
	}
	return lines
}

func wantSummary(t *testing.T, who string, got []sent, want ...string) {
	t.Helper()
	if lines := summary(got); !slices.Equal(lines, want) {
		t.Errorf("%s was told\n\t%s\nwant\n\t%s", who, strings.Join(lines, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// TestFollowEvents: everybody is told, once, in order and as it happens, what they may
// know of; and whoever comes later is told no more than they may know today.
func TestFollowEvents(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	other := a.stack.account("other", directory.Settings{})
	agent, customer, stranger := a.follow(t, "agent", "", ""), a.follow(t, "customer", "", ""), a.follow(t, "stranger", "", "")
	foreign := other.follow(t, "agent", "", "")

	// What they may know is judged when they are told: nothing happens before they were.
	var live, told []sent
	happened := func(customers int) {
		live, told = append(live, agent.take(1)...), append(told, customer.take(customers)...)
	}
	ticket := a.ticket()
	happened(1)
	said := a.comment("agent", ticket, "one", false)
	happened(1)
	a.comment("agent", ticket, "a note", true)
	happened(0)
	a.must(200, "agent", "PATCH", said, `{"content":"two"}`)
	happened(1)
	shown := a.comment("agent", ticket, "my secret", false)
	happened(1)
	a.must(201, "redactor", "POST", shown+"/redactions", `{"text":"secret"}`)
	happened(1)
	a.must(200, "redactor", "POST", said+"/make_private", "")
	happened(1)
	a.must(200, "agent", "PATCH", said, `{"content":"three"}`)
	happened(0)
	a.must(204, "agent", "DELETE", shown, "")
	happened(1)

	if got := live[0].data; "/v1/tickets/"+got.TicketID != ticket || got.CommentID != nil {
		t.Errorf("the first event is %+v", got)
	}
	var types []string
	for _, s := range live {
		types = append(types, s.name)
	}
	if want := strings.Fields(`ticket.opened comment.created comment.created comment.edited comment.created comment.redacted
		comment.made_private comment.edited comment.deleted`); !slices.Equal(types, want) {
		t.Errorf("the agent was told %v; want %v", types, want)
	}
	wantSummary(t, "an agent who begins at the beginning", a.follow(t, "agent", "?from=beginning", "").take(9),
		"ticket.opened", "comment.created: three", "comment.created (internal): a note", "comment.edited: three", "comment.created",
		"comment.redacted", "comment.made_private: three", "comment.edited (internal): three", "comment.deleted")
	// Of what is hidden by now a customer who comes later hears only that it is.
	wantSummary(t, "a customer who begins at the beginning", a.follow(t, "customer", "?from=beginning", "").take(3),
		"ticket.opened", "comment.made_private", "comment.deleted")
	if told[6].name != "comment.deleted" || told[5].name != "comment.made_private" || told[5].data.Comment != nil {
		t.Errorf("the customer was told %q at last", summary(told))
	}
	for _, s := range told {
		if s.data.IsInternal || strings.Contains(s.raw, "note") || strings.Contains(s.raw, "secret") && s.name == "comment.redacted" {
			t.Errorf("the customer was told %s", s.raw)
		}
	}

	// Nobody else has heard of any of it.
	elsewhere := other.ticket()
	if s := foreign.take(1)[0]; "/v1/tickets/"+s.data.TicketID != elsewhere {
		t.Errorf("the agent of another account was told %s", s.raw)
	}
	a.must(201, "agent", "PUT", "/v1/tickets/"+uuid.NewString(), fmt.Sprintf(`{"requester_id":%q}`, a.users["stranger"]))
	if s := stranger.take(1)[0]; s.name != "ticket.opened" {
		t.Errorf("the stranger was told %s", s.raw)
	}
	a.must(200, "agent", "PUT", ticket, fmt.Sprintf(`{"requester_id":%q}`, a.users["stranger"]))
	if s := stranger.take(1)[0]; s.name != "ticket.changed" {
		t.Errorf("the stranger was told %s", s.raw)
	}
}

// TestFollowFilters: of what may be known, only what was asked for is told.
func TestFollowFilters(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket, another := a.ticket(), a.ticket()
	a.comment("agent", ticket, "public", false)
	a.comment("agent", ticket, "note", true)
	path := a.comment("customer", another, "other", false)
	a.must(200, "customer", "PATCH", path, `{"content":"changed"}`)
	id := strings.TrimPrefix(ticket, "/v1/tickets/")
	for query, want := range map[string][]string{
		"ticket_id=" + id:                        {"ticket.opened", "comment.created: public", "comment.created (internal): note"},
		"type=comment.edited,ticket.opened":      {"ticket.opened", "ticket.opened", "comment.edited: changed"},
		"type=comment.edited&type=ticket.opened": {"ticket.opened", "ticket.opened", "comment.edited: changed"},
		"visibility=internal":                    {"comment.created (internal): note"},
		"visibility=public&type=comment.created": {"comment.created: public", "comment.created: changed"},
	} {
		wantSummary(t, query, a.follow(t, "agent", "?from=beginning&"+query, "").take(len(want)), want...)
	}
}

// TestFollowResumes: whoever comes again with the last id has missed nothing and hears
// nothing twice, wherever the connection broke.
func TestFollowResumes(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	const writers, comments = 3, 25
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range comments {
				a.comment("agent", ticket, fmt.Sprintf("%d.%d", w, i), (w+i)%3 == 0)
			}
		})
	}
	var heard []sent
	last, query := "", "?from=beginning&type=comment.created"
	for n := 1; len(heard) < writers*comments; n++ {
		e := a.follow(t, "agent", query, last)
		heard = append(heard, e.take(min(n, writers*comments-len(heard)))...)
		last = heard[len(heard)-1].id
		e.close()
	}
	writing.Wait()
	var listed []string
	for _, c := range a.list("agent", ticket) {
		listed = append(listed, c.Content)
	}
	var told []string
	for _, s := range heard {
		told = append(told, s.data.Comment.Content)
	}
	if !slices.Equal(told, listed) {
		t.Errorf("told of %v\nwant    %v", told, listed)
	}
	// from takes the id, too.
	e := a.follow(t, "agent", "?type=comment.created&from="+heard[10].id, "")
	if s := e.take(1)[0]; s.raw != heard[11].raw {
		t.Errorf("after the 11th came %s", s.raw)
	}
}

// TestFollowRefuses: what cannot be followed is refused before anything is sent.
func TestFollowRefuses(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	other := a.stack.account("other", directory.Settings{})
	a.comment("agent", a.ticket(), "text", false)
	id := a.follow(t, "agent", "?from=beginning", "").take(1)[0].id
	for _, query := range []string{
		"ticket_id=x", "ticket_id=", "type=", "type=comment.sung", "type=comment.created,", "visibility=", "visibility=all",
		"from=yesterday", "from=", "from=1", "from=" + id[1:], "from=now&from=now", "%", "visibility=%zz",
	} {
		if r := a.do("agent", "GET", "/v1/events?"+query, ""); r.status != 400 || strings.Contains(string(r.body), "sung") {
			t.Errorf("GET /v1/events?%s = %d %s; want 400", query, r.status, r.body)
		}
	}
	for name, who := range map[string]struct {
		*account
		as string
	}{"another user": {a, "reader"}, "another account": {other, "agent"}, "a customer": {a, "customer"}} {
		if r := who.do(who.as, "GET", "/v1/events", "", header{"Last-Event-ID", id}); r.status != 400 {
			t.Errorf("%s came with the agent's id: %d %s; want 400", name, r.status, r.body)
		}
	}
}

// TestFollowEnds: a stream ends when its key is revoked, before anything else is sent.
func TestFollowEnds(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	key := a.key(a.users["agent"], "agent", 1)
	e := a.follow(t, key, "?from=beginning", "")
	ticket := a.ticket()
	e.take(1)
	keys, err := a.stack.keys.List(t.Context(), a.id)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if strings.HasSuffix(key, k.Hint) {
			if err := a.stack.keys.Revoke(t.Context(), a.id, k.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	time.Sleep(time.Second) // which is how long a key may live on
	a.comment("agent", ticket, "not for you", false)
	if s, ok := e.next(); ok {
		t.Errorf("a revoked key was told %s", s.raw)
	}
}

// TestFollowMany: a caller who does not read keeps nobody waiting.
func TestFollowMany(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	var all []*events
	for range 50 {
		all = append(all, a.follow(t, "agent", "?type=comment.created", ""))
	}
	for i := range 20 {
		a.comment("agent", ticket, fmt.Sprint(i), false)
	}
	for i, e := range all {
		if i%2 == 0 {
			e.take(20)
		}
	}
}
