package v1_test

import (
	"flag"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/httpapi/directory"
)

var update = flag.Bool("update", false, "write golden files")

// TestConversation: every operation once or twice, as a client sees it.
func TestConversation(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	tr := a.transcript()
	ticket := "/v1/tickets/" + uuid.NewString()
	customer := a.users["customer"].String()

	tr.do("agent", "PUT", ticket, fmt.Sprintf(`{"requester_id":%q,"subject":"Printer on fire"}`, customer))
	tr.do("customer", "GET", ticket, "")
	first := tr.do("customer", "POST", ticket+"/comments", `{"content":"My printer is on fire."}`)
	note := tr.do("agent", "POST", ticket+"/comments", `{"content":"Again?","is_internal":true}`)
	answer := tr.do("agent", "POST", ticket+"/comments", `{"content":"Please unplug it."}`, header{"Idempotency-Key", "k-1"})
	tr.do("agent", "POST", ticket+"/comments", `{"content":"Please unplug it."}`, header{"Idempotency-Key", "k-1"})
	tr.do("system", "POST", ticket+"/comments", `{"content":"The ticket was escalated."}`)
	tr.do("relay", "POST", ticket+"/comments", `{"content":"Called back.","author_type":"AGENT","author_user_id":"`+a.users["colleague"].String()+`"}`)
	tr.do("agent", "GET", ticket+"/comments", "")
	list := tr.do("customer", "GET", ticket+"/comments?limit=2", "")
	tr.do("customer", "GET", ticket+"/comments?limit=2", "", header{"If-None-Match", list.header.Get("ETag")})
	tr.do("customer", "GET", next(t, list), "")
	tr.do("customer", "HEAD", ticket+"/comments", "")
	tr.do("customer", "GET", first.header.Get("Location"), "")
	tr.do("customer", "GET", note.header.Get("Location"), "")
	tr.do("customer", "POST", ticket+"/comments", `{"content":" ","is_internal":null}`)
	tr.do("agent", "PATCH", answer.header.Get("Location"), `{"content":"Please unplug it, now."}`, header{"If-Match", answer.header.Get("ETag")})
	tr.do("agent", "PATCH", answer.header.Get("Location"), `{"content":"Too late."}`, header{"If-Match", answer.header.Get("ETag")})
	tr.do("agent", "PATCH", note.header.Get("Location"), `{"is_internal":false}`)
	tr.do("customer", "DELETE", first.header.Get("Location"), "")
	tr.do("customer", "DELETE", first.header.Get("Location"), "")
	tr.do("agent", "PUT", ticket, `{"status":"closed"}`)
	tr.do("customer", "POST", ticket+"/comments", `{"content":"Thanks!"}`)
	tr.do("reader", "POST", ticket+"/comments", `{"content":"Thanks!"}`)
	tr.do("nobody", "GET", ticket, "")
	golden(t, "conversation.txt", tr.out.Bytes())
}

var nextLink = regexp.MustCompile(`<([^>]*)>; rel="next"`)
var prevLink = regexp.MustCompile(`<([^>]*)>; rel="prev"`)

func next(t *testing.T, r response) string {
	t.Helper()
	if m := nextLink.FindStringSubmatch(r.header.Get("Link")); m != nil {
		return m[1]
	}
	t.Fatalf("Link = %q has no next", r.header.Get("Link"))
	return ""
}

func TestCreateValidates(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	path := a.ticket() + "/comments"
	for _, tt := range []struct {
		name, body string
		status     int
		fields     string // of errors
	}{
		{"no content", `{}`, 422, "content"},
		{"null", `{"content":null}`, 422, "content"},
		{"empty", `{"content":""}`, 422, "content"},
		{"blank", `{"content":" \t\r\n\u00a0\u2003\u3000"}`, 422, "content"},
		{"NUL", `{"content":"a\u0000b"}`, 422, "content"},
		{"NUL alone", `{"content":"\u0000"}`, 422, "content"},
		{"at the limit", newComment(strings.Repeat("a", 65_536), false), 201, ""},
		{"above the limit", newComment(strings.Repeat("a", 65_537), false), 422, "content"},
		{"above the limit in bytes alone", newComment(strings.Repeat("é", 32_769), false), 422, "content"},
		{"at the limit in bytes", newComment(strings.Repeat("é", 32_768), false), 201, ""},
		{"null visibility", `{"content":"a","is_internal":null}`, 422, "is_internal"},
		{"two mistakes", `{"is_internal":null}`, 422, "content is_internal"},
		{"content is number", `{"content":1}`, 400, ""},
		{"visibility is string", `{"content":"a","is_internal":"true"}`, 400, ""},
		{"array", `[]`, 400, ""},
		{"unknown members", `{"content":"a","x":{"y":[1]},"is_Internal":true,"Content":null}`, 201, ""},
		{"members of the server", `{"content":"a","id":"x","created_at":5,"author_type":7,"author_user_id":[],"ticket_id":null,"number":-1}`, 201, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := a.do("customer", "POST", path, tt.body)
			if r.status != tt.status {
				t.Fatalf("status = %d %s, want %d", r.status, r.body, tt.status)
			}
			if got := fieldsOf(t, r); got != tt.fields {
				t.Errorf("fields = %q, want %q", got, tt.fields)
			}
		})
	}
	for _, c := range a.list("customer", strings.TrimSuffix(path, "/comments")) {
		if c.IsInternal || c.AuthorType != "CUSTOMER" {
			t.Errorf("comment = %+v", c)
		}
	}
}

func fieldsOf(t *testing.T, r response) string {
	t.Helper()
	if r.status != 422 {
		return ""
	}
	var p struct {
		Type, Title, Detail, Code string
		Status                    int
		RequestID                 string `json:"request_id"`
		Errors                    []struct{ Field, Message string }
	}
	if err := decodeAnyCase(r.body, &p); err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, e := range p.Errors {
		fields = append(fields, e.Field)
	}
	return strings.Join(fields, " ")
}

// TestUpdate: what a PATCH changes, and what it does not.
func TestUpdate(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	path := a.comment("agent", ticket, "one", false)
	get := func() string { return string(a.must(200, "agent", "GET", path, "").body) }
	before := get()
	for _, body := range []string{`{}`, `{"content":"one"}`, `{"is_internal":false}`, `{"content":"one","is_internal":false}`, `{"author_type":"SYSTEM","id":1}`} {
		if r := a.must(200, "agent", "PATCH", path, body); string(r.body) != before || get() != before {
			t.Errorf("PATCH %s changed %s to %s", body, before, r.body)
		}
	}
	for _, body := range []string{`{"content":null}`, `{"content":""}`, `{"content":"  "}`, `{"content":"\u0000"}`, `{"is_internal":null}`, newComment(strings.Repeat("a", 65_537), true)} {
		a.must(422, "agent", "PATCH", path, body)
	}
	for _, body := range []string{`[]`, `null`, `{"content":1}`, `{"is_internal":0}`, ` `} {
		a.must(400, "agent", "PATCH", path, body)
	}
	var c comment
	a.must(200, "agent", "GET", path, "").decode(t, &c)
	created, last := c.CreatedAt, c.UpdatedAt
	for _, tt := range []struct {
		body, content string
		internal      bool
	}{
		{`{"content":"two"}`, "two", false},
		{`{"is_internal":true}`, "two", true},
		{`{"content":"three","is_internal":false}`, "three", false},
		{`{"content":"four","is_internal":true}`, "four", true},
	} {
		r := a.must(200, "agent", "PATCH", path, tt.body)
		r.decode(t, &c)
		if c.Content != tt.content || c.IsInternal != tt.internal || c.CreatedAt != created || c.UpdatedAt <= last {
			t.Errorf("PATCH %s = %+v; want %q, internal %t, updated after %s", tt.body, c, tt.content, tt.internal, last)
		}
		if got := get(); got != string(r.body) {
			t.Errorf("GET = %s\nPATCH = %s", got, r.body)
		}
		last = c.UpdatedAt
	}
	a.must(403, "customer", "PATCH", a.comment("customer", ticket, "mine", false), `{"is_internal":true}`)
}

// TestAuthors: whose words they are.
func TestAuthors(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	path := a.ticket() + "/comments"
	agent, customer, system := a.users["agent"].String(), a.users["customer"].String(), a.users["system"].String()
	stranger := uuid.NewString()
	for _, tt := range []struct {
		name, as, author string // the members of the body about the author
		status           int
		kind, id         string
		fields           string
	}{
		{"agent", "agent", ``, 201, "AGENT", agent, ""},
		{"admin", "admin", ``, 201, "AGENT", a.users["admin"].String(), ""},
		{"customer", "customer", ``, 201, "CUSTOMER", customer, ""},
		{"system", "system", ``, 201, "SYSTEM", system, ""},
		{"program in its own name", "program", ``, 201, "SYSTEM", a.users["program"].String(), ""},
		{"relay in its own name", "relay", ``, 201, "SYSTEM", a.users["relay"].String(), ""},
		{"relay with nulls", "relay", `,"author_type":null,"author_user_id":null,"author_customer_id":null`, 201, "SYSTEM", a.users["relay"].String(), ""},
		{"without the scope", "program", `,"author_type":"AGENT","author_user_id":"` + agent + `"`, 201, "SYSTEM", a.users["program"].String(), ""},
		{"customer as another", "customer", `,"author_type":"AGENT","author_user_id":"` + agent + `"`, 201, "CUSTOMER", customer, ""},
		{"as agent", "relay", `,"author_type":"AGENT","author_user_id":"` + agent + `"`, 201, "AGENT", agent, ""},
		{"as admin", "relay", `,"author_type":"AGENT","author_user_id":"` + a.users["admin"].String() + `"`, 201, "AGENT", a.users["admin"].String(), ""},
		{"as customer", "relay", `,"author_type":"CUSTOMER","author_customer_id":"` + customer + `"`, 201, "CUSTOMER", customer, ""},
		{"as system", "relay", `,"author_type":"SYSTEM","author_user_id":"` + system + `","author_customer_id":null`, 201, "SYSTEM", system, ""},
		{"as somebody new", "relay", `,"author_type":"CUSTOMER","author_customer_id":"` + stranger + `"`, 201, "CUSTOMER", stranger, ""},
		{"as somebody new in another role", "relay", `,"author_type":"AGENT","author_user_id":"` + stranger + `"`, 422, "", "", "author_user_id"},
		{"customer as agent", "relay", `,"author_type":"AGENT","author_user_id":"` + customer + `"`, 422, "", "", "author_user_id"},
		{"agent as customer", "relay", `,"author_type":"CUSTOMER","author_customer_id":"` + agent + `"`, 422, "", "", "author_customer_id"},
		{"type alone", "relay", `,"author_type":"AGENT"`, 422, "", "", "author_user_id"},
		{"id alone", "relay", `,"author_user_id":"` + agent + `"`, 422, "", "", "author_type"},
		{"wrong id", "relay", `,"author_type":"CUSTOMER","author_user_id":"` + agent + `"`, 422, "", "", "author_user_id author_customer_id"},
		{"both ids", "relay", `,"author_type":"AGENT","author_user_id":"` + agent + `","author_customer_id":"` + customer + `"`, 422, "", "", "author_customer_id"},
		{"unknown type", "relay", `,"author_type":"agent","author_user_id":"` + agent + `"`, 422, "", "", "author_type"},
		{"no UUID", "relay", `,"author_type":"AGENT","author_user_id":"me"`, 422, "", "", "author_user_id"},
		{"id is number", "relay", `,"author_type":"AGENT","author_user_id":7`, 400, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := a.do(tt.as, "POST", path, `{"content":"text"`+tt.author+`}`)
			if r.status != tt.status {
				t.Fatalf("status = %d %s, want %d", r.status, r.body, tt.status)
			}
			if got := fieldsOf(t, r); got != tt.fields {
				t.Errorf("fields = %q, want %q", got, tt.fields)
			}
			if r.status != 201 {
				return
			}
			var c comment
			r.decode(t, &c)
			id, other := c.AuthorUserID, c.AuthorCustomerID
			if tt.kind == "CUSTOMER" {
				id, other = other, id
			}
			if c.AuthorType != tt.kind || id == nil || *id != tt.id || other != nil {
				t.Errorf("author = %s", r.body)
			}
		})
	}
	var u struct {
		Role string  `json:"role"`
		Name *string `json:"name"`
	}
	if err := decodeAnyCase(a.must(200, "agent", "GET", "/v1/users/"+stranger, "").body, &u); err != nil || u.Role != "customer" || u.Name != nil {
		t.Errorf("introduced = %+v, %v", u, err)
	}
}

// TestUnknownTickets: the first comment of an agent or a program opens a ticket
// where the account wants that; a customer's never does.
func TestUnknownTickets(t *testing.T) {
	s := newStack(t)
	for _, tt := range []struct {
		setting directory.UnknownTickets
		as      string
		status  int
	}{
		{directory.RejectUnknownTickets, "agent", 404},
		{directory.RejectUnknownTickets, "program", 404},
		{directory.OpenUnknownTickets, "agent", 201},
		{directory.OpenUnknownTickets, "program", 201},
		{directory.OpenUnknownTickets, "relay", 201},
		{directory.OpenUnknownTickets, "customer", 404},
		{directory.OpenUnknownTickets, "reader", 403},
	} {
		t.Run(string(tt.setting)+" "+tt.as, func(t *testing.T) {
			a := s.account("t-"+uuid.NewString()[:8], directory.Settings{UnknownTickets: tt.setting})
			ticket := "/v1/tickets/" + uuid.NewString()
			a.must(tt.status, tt.as, "POST", ticket+"/comments", `{"content":"text"}`)
			want := 404
			if tt.status == 201 {
				want = 200
			}
			a.must(want, "agent", "GET", ticket, "")
			a.must(want, "agent", "GET", ticket+"/comments", "")
			a.must(404, "customer", "GET", ticket, "")
		})
	}
}

func TestIdempotency(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket, other := a.ticket(), a.ticket()
	key := header{"Idempotency-Key", "key 1"}
	first := a.must(201, "agent", "POST", ticket+"/comments", `{"content":"once"}`, key)
	if first.header.Get("Idempotent-Replayed") != "" {
		t.Error("the first request says that it was replayed")
	}
	for _, body := range []string{`{"content":"once"}`, ` { "is_internal" : false , "content" : "\u006fnce" } `, `{"content":"once","author_type":"AGENT","x":1}`} {
		again := a.must(201, "agent", "POST", ticket+"/comments", body, key)
		if string(again.body) != string(first.body) || again.header.Get("Idempotent-Replayed") != "true" ||
			again.header.Get("Location") != first.header.Get("Location") || again.header.Get("ETag") != first.header.Get("ETag") {
			t.Errorf("repeated %s = %s %s\nfirst %s %s", body, again.header, again.body, first.header, first.body)
		}
	}
	for _, tt := range []struct{ path, body string }{
		{ticket, `{"content":"twice"}`}, {ticket, `{"content":"once","is_internal":true}`}, {other, `{"content":"once"}`},
	} {
		if r := a.must(400, "agent", "POST", tt.path+"/comments", tt.body, key); r.code() != "idempotency_key_reused" {
			t.Errorf("code = %s", r.code())
		}
	}
	// Another principal's key is another key.
	a.must(201, "customer", "POST", ticket+"/comments", `{"content":"once"}`, key)
	// A refusal is not remembered.
	refused := header{"Idempotency-Key", "key 2"}
	a.must(422, "agent", "POST", ticket+"/comments", `{"content":""}`, refused)
	a.must(404, "agent", "POST", "/v1/tickets/"+uuid.NewString()+"/comments", `{"content":"x"}`, refused)
	a.must(201, "agent", "POST", ticket+"/comments", `{"content":"fine"}`, refused)
	// The reply of a repeated request shows what is now.
	a.must(200, "agent", "PATCH", first.header.Get("Location"), `{"content":"changed"}`)
	var c comment
	a.must(201, "agent", "POST", ticket+"/comments", `{"content":"once"}`, key).decode(t, &c)
	if c.Content != "changed" {
		t.Errorf("replayed content = %q", c.Content)
	}
	// And it is honest on a ticket that was closed meanwhile, or a comment that is gone.
	a.closeTicket(ticket)
	if r := a.must(201, "agent", "POST", ticket+"/comments", `{"content":"once"}`, key); r.header.Get("Idempotent-Replayed") != "true" {
		t.Error("not replayed on a closed ticket")
	}
	gone := header{"Idempotency-Key", "key 3"}
	deleted := a.must(201, "agent", "POST", other+"/comments", `{"content":"gone"}`, gone)
	a.must(204, "agent", "DELETE", deleted.header.Get("Location"), "")
	a.must(404, "agent", "POST", other+"/comments", `{"content":"gone"}`, gone)
	for _, bad := range []string{"é", strings.Repeat("k", 256), "a\tb"} {
		a.must(400, "agent", "POST", other+"/comments", `{"content":"x"}`, header{"Idempotency-Key", bad})
	}
	if list := a.list("agent", ticket); len(list) != 3 {
		t.Errorf("%d comments, want 3: %+v", len(list), list)
	}
}

// TestIdempotencyUnderRace: of many at once, one has the effect and all have the
// same answer.
func TestIdempotencyUnderRace(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	const callers = 20
	answers := make(chan response, callers)
	for range callers {
		go func() {
			answers <- a.do("agent", "POST", ticket+"/comments", `{"content":"once"}`, header{"Idempotency-Key", "race"})
		}()
	}
	bodies, replayed := map[string]int{}, 0
	for range callers {
		r := <-answers
		bodies[fmt.Sprint(r.status, " ", string(r.body))]++
		if r.header.Get("Idempotent-Replayed") == "true" {
			replayed++
		}
	}
	if len(bodies) != 1 || replayed != callers-1 || len(a.list("agent", ticket)) != 1 {
		t.Errorf("answers %v, %d of %d replayed, %d comments", bodies, replayed, callers, len(a.list("agent", ticket)))
	}
}

func TestConditions(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	created := a.must(201, "agent", "POST", ticket+"/comments", `{"content":"one"}`)
	path, etag := created.header.Get("Location"), created.header.Get("ETag")
	if !regexp.MustCompile(`^"[^"]+"$`).MatchString(etag) {
		t.Errorf("ETag = %s, want a strong one", etag)
	}
	for _, value := range []string{etag, "W/" + etag, `"x", ` + etag, "*"} {
		r := a.must(304, "agent", "GET", path, "", header{"If-None-Match", value})
		if len(r.body) != 0 || r.header.Get("ETag") != etag || r.header.Get("Content-Type") != "" {
			t.Errorf("304 = %s %q", r.header, r.body)
		}
	}
	a.must(200, "agent", "GET", path, "", header{"If-None-Match", `"x"`})
	a.must(200, "customer", "GET", path, "", header{"If-None-Match", etag}) // another audience
	a.must(304, "agent", "HEAD", path, "", header{"If-None-Match", etag})

	for _, value := range []string{`"x"`, "W/" + etag, "x", `"x", "y"`} {
		if r := a.must(409, "agent", "PATCH", path, `{"content":"two"}`, header{"If-Match", value}); r.code() != "version_conflict" {
			t.Errorf("code = %s", r.code())
		}
		a.must(409, "agent", "DELETE", path, "", header{"If-Match", value})
	}
	changed := a.must(200, "agent", "PATCH", path, `{"content":"two"}`, header{"If-Match", etag})
	if got := a.must(200, "agent", "GET", path, ""); got.header.Get("ETag") != changed.header.Get("ETag") || got.header.Get("ETag") == etag {
		t.Errorf("ETag before %s, of the change %s, after %s", etag, changed.header.Get("ETag"), got.header.Get("ETag"))
	}
	a.must(409, "agent", "PATCH", path, `{"content":"three"}`, header{"If-Match", etag})
	a.must(200, "agent", "PATCH", path, `{"content":"three"}`, header{"If-Match", "*"})
	a.must(409, "agent", "DELETE", path, "", header{"If-Match", changed.header.Get("ETag")})
	a.must(204, "agent", "DELETE", path, "", header{"If-Match", `"x", ` + a.must(200, "agent", "GET", path, "").header.Get("ETag")})
	a.must(404, "agent", "PATCH", path, `{"content":"four"}`, header{"If-Match", etag})
	a.must(404, "agent", "PATCH", path, `{"content":"four"}`, header{"If-Match", "*"})
}

// TestOneOfManyWins: of many who change the revision that all of them have seen,
// one does.
func TestOneOfManyWins(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	created := a.must(201, "agent", "POST", a.ticket()+"/comments", `{"content":"one"}`)
	path, etag := created.header.Get("Location"), created.header.Get("ETag")
	const callers = 16
	statuses := make(chan int, callers)
	for i := range callers {
		go func() {
			statuses <- a.do("agent", "PATCH", path, fmt.Sprintf(`{"content":"by %d"}`, i), header{"If-Match", etag}).status
		}()
	}
	count := map[int]int{}
	for range callers {
		count[<-statuses]++
	}
	if count[200] != 1 || count[409] != callers-1 {
		t.Errorf("statuses = %v; want one 200 and the rest 409", count)
	}
}

// TestTimesAreThose: RFC 3339 in UTC and whole seconds, and close to now.
func TestTimesAreThose(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	var c comment
	a.must(201, "agent", "POST", a.ticket()+"/comments", `{"content":"one"}`).decode(t, &c)
	at, err := time.Parse("2006-01-02T15:04:05Z", c.CreatedAt)
	if err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("created_at = %s, %v", c.CreatedAt, err)
	}
}
