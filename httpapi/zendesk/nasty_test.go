package zendesk_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/commentd/commentd/httpapi"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/zendesk"
)

// garbage are values that somebody's parser has tripped over.
var garbage = []string{
	"", "null", "true", "0", "-1", "1e400", "99999999999999999999999", "[]", "{}", `""`, `"x"`, `[1,"a",{}]`, `{"a":{"b":[null]}}`, `"\u0000"`, `"\ud800"`, "\"\xff\"",
	"{", "[", `"`, `{"a":1,"a":2}`, "nul", "\x00", "\ufeff{}", strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70), `{"":""}`,
	`"<redact>x"`, `"` + strings.Repeat("a", 100_000) + `"`,
}

// members are those that bodies can have.
var members = []string{
	"ticket", "request", "comment", "body", "value", "html_body", "author_id", "public", "uploads", "text", "ticket_id", "external_attachment_urls",
	"status", "subject", "requester_id", "requester", "safe_update", "updated_stamp", "metadata", "voice_comment", "description", "solved", "name", "email", "role", "suspended",
}

// TestNothingBreaks: whatever is sent to whichever operation, the answer is an answer
// or a refusal, and never a failure.
func TestNothingBreaks(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	number, _ := a.comment("agent", ticket, "text", false)
	audit := a.auditOf(ticket, number)
	fill := strings.NewReplacer("{ticket_id}", fmt.Sprint(ticket.number), "{request_id}", fmt.Sprint(ticket.number),
		"{comment_id}", fmt.Sprint(number), "{audit_id}", fmt.Sprint(audit), "{id}", fmt.Sprint(a.numbers["stranger"]))
	ask := func(method, path, body string, headers ...header) {
		t.Helper()
		if r := a.do("admin", method, path, body, headers...); r.status >= 500 || r.status == 401 {
			t.Errorf("%s %.100s %.100q %v = %d %.200s", method, path, body, headers, r.status, r.body)
		}
	}
	for _, served := range zendesk.Served() {
		method, pattern, _ := strings.Cut(served, " ")
		path := fill.Replace(pattern)
		for _, value := range garbage {
			ask(method, path, value)
			if method == "GET" {
				for _, name := range []string{"page", "per_page", "page[size]", "page[after]", "sort", "sort_by", "include", "ids", "query", "status", "role", "external_id"} {
					ask(method, path+"?"+url.QueryEscape(name)+"="+url.QueryEscape(value[:min(len(value), 2000)]), "")
				}
				continue
			}
			if len(value) > 40 { // long ones at the top are enough
				continue
			}
			for _, name := range members {
				inner := fmt.Sprintf(`{%q:%s}`, name, value)
				ask(method, path, fmt.Sprintf(`{"ticket":%s,"request":%s,"user":%s,%s`, inner, inner, inner, inner[1:]))
				ask(method, path, fmt.Sprintf(`{"ticket":{"comment":%s},"request":{"comment":%s}}`, inner, inner))
			}
		}
		for _, piece := range []string{"abc", "-1", "1.5", "0x10", "%00", "..", "%2e%2e", "%2F", "１２", "9999999999999999999999", ".json", "1.json.json"} {
			ask(method, strings.ReplaceAll(strings.NewReplacer("{ticket_id}", piece, "{request_id}", piece, "{comment_id}", piece, "{audit_id}", piece, "{id}", piece).Replace(pattern), " ", ""), "{}")
		}
	}
	for _, name := range []string{"Idempotency-Key", "Content-Type", "X-Request-Id", "Accept", "Content-Encoding", "User-Agent", "If-None-Match", "Host"} {
		for _, value := range []string{"é", "\"", "a;b=c", strings.Repeat("a", 300), "application/json; charset=latin1", "gzip"} {
			ask("POST", "/api/v2/tickets", `{"ticket":{"comment":{"body":"x"}}}`, header{name, value})
		}
	}
	if got := len(a.comments("agent", ticket.path+"/comments")); got == 0 {
		t.Error("the ticket has lost its comments")
	}
}

// lines is a log that tests can read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// TestNothingIsRepeated: neither a refusal nor the log holds anything of what was sent,
// and the log nothing of what was read, and no numbers.
func TestNothingIsRepeated(t *testing.T) {
	log := new(lines)
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	previous := slog.Default()
	slog.SetDefault(logger)
	defer slog.SetDefault(previous)
	a := newStack(t, func(c *httpapi.Config) { c.Log = logger }).account("acme", directory.Settings{})
	const canary = "c4n4ry"
	ticket := a.ticket()
	number, _ := a.comment("agent", ticket, canary, false)
	comment := fmt.Sprint(ticket.path, "/comments/", number)
	a.must(200, "agent", "GET", ticket.path+"/comments?"+canary+"="+canary, "")
	a.must(200, "agent", "PUT", comment+"/redact", `{"text":"`+canary+`"}`)
	refused := []response{
		a.do("agent", "PUT", comment+"/redact", `{"text":"`+canary+`"}`),
		a.do("agent", "PUT", comment+"/redact", `{"text":{"`+canary+`":1}}`),
		a.do("agent", "PUT", comment+"/redact", canary),
		a.do("agent", "PUT", fmt.Sprint("/api/v2/comment_redactions/", number), fmt.Sprintf(`{"ticket_id":%d,"html_body":"<redact>%s</redact>"}`, ticket.number, canary)),
		a.do("agent", "PUT", fmt.Sprint("/api/v2/comment_redactions/", number), `{"ticket_id":"`+canary+`"}`),
		a.do("agent", "PUT", fmt.Sprint("/api/v2/comment_redactions/", number), fmt.Sprintf(`{"ticket_id":%d,"external_attachment_urls":["%s"]}`, ticket.number, canary)),
		a.do("agent", "PUT", ticket.path, `{"ticket":{"status":"`+canary+`","comment":"`+canary+`"}}`),
		a.do("agent", "PUT", ticket.path, `{"ticket":{"comment":{"body":"x","uploads":["`+canary+`"]}}}`),
		a.do("agent", "PUT", ticket.path, `{"ticket":{"comment":{"body":"x","author_id":"`+canary+`"}}}`),
		a.do("agent", "POST", "/api/v2/tickets", `{"ticket":{"`+canary+`":"`+canary+`"}}`),
		a.do("agent", "POST", "/api/v2/tickets", `{"ticket":{"comment":"x"}}`, header{"Idempotency-Key", canary + "é"}),
		a.do("customer", "PUT", ticket.public, `{"request":{"comment":{"body":{"`+canary+`":1}}}}`),
		a.do("agent", "GET", ticket.path+"/comments?page[size]="+canary, ""),
		a.do("agent", "GET", ticket.path+"/comments?page[after]="+canary, ""),
		a.do("agent", "GET", ticket.path+"/comments?sort="+canary, ""),
		a.do("agent", "GET", "/api/v2/tickets/"+canary, ""),
		a.do("agent", "GET", "/api/v2/"+canary, ""),
		a.do("agent", canary, ticket.path, ""),
		a.do("agent", "GET", "/api/v2/users/search?query="+canary, ""),
		a.do("agent", "GET", "/api/v2/users?role="+canary, ""),
		a.do("agent", "GET", "/api/v2/requests?status="+canary, ""),
		a.do("agent", "POST", "/api/v2/users", `{"user":{"name":"x","email":"`+canary+`"}}`),
		a.do("agent", "POST", "/api/v2/users", `{"user":{"name":"`+canary+`","role":"`+canary+`"}}`),
		a.do("agent", "GET", "/api/v2/users/show_many?ids="+canary, ""),
		a.do("nobody", "GET", ticket.path, "", header{"Authorization", basic(canary + "@x.example/token:" + canary)}),
		a.do("admin", "GET", ticket.path, "", header{"X-On-Behalf-Of", canary + "@x.example"}),
	}
	for i, r := range refused {
		if r.status < 400 || r.status >= 500 || bytes.Contains(r.body, []byte(canary)) || strings.Contains(fmt.Sprint(r.header), canary) {
			t.Errorf("refusal %d = %d %s %s", i, r.status, r.header, r.body)
		}
	}
	if text := log.String(); strings.Contains(text, canary) || strings.Contains(text, fmt.Sprint(ticket.number)) || !strings.Contains(text, "/api/v2/tickets/{ticket_id}/comments") {
		t.Errorf("log = %s", text)
	}
}
