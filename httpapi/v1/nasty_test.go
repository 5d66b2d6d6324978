package v1_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/httpapi"
	"github.com/commentd/commentd/httpapi/directory"
	v1 "github.com/commentd/commentd/httpapi/v1"
)

// writes are the requests that have a body.
func (a *account) writes() []struct{ method, path string } {
	ticket := a.ticket()
	return []struct{ method, path string }{
		{"POST", ticket + "/comments"},
		{"PATCH", a.comment("agent", ticket, "text", false)},
		{"PUT", ticket},
		{"PUT", "/v1/users/" + a.users["customer"].String()},
	}
}

// TestBodyCorpus: every write takes and refuses the same forms of JSON.
func TestBodyCorpus(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	for _, write := range a.writes() {
		for _, tt := range v1.Nasty {
			if strings.Contains(tt.Name, " is ") || tt.Body == "" { // about members that others have; no body at all
				continue
			}
			r := a.do("admin", write.method, write.path, tt.Body)
			refused := r.status == 400 && r.code() == "bad_request"
			taken := r.status == 200 || r.status == 201 || r.status == 422
			if tt.Name[0] == 'n' && !refused || tt.Name[0] == 'y' && !taken {
				t.Errorf("%s %s, %s: %d %s", write.method, write.path, tt.Name, r.status, r.body)
			}
		}
		for _, tt := range []struct {
			headers []header
			status  int
		}{
			{[]header{{"Content-Type", ""}}, 415},
			{[]header{{"Content-Type", "text/plain"}}, 415},
			{[]header{{"Content-Type", "application/json; charset=latin1"}}, 415},
			{[]header{{"Content-Encoding", "gzip"}}, 415},
		} {
			if r := a.do("admin", write.method, write.path, `{}`, tt.headers...); r.status != tt.status {
				t.Errorf("%s %s with %v = %d %s", write.method, write.path, tt.headers, r.status, r.body)
			}
		}
		if r := a.do("admin", write.method, write.path, `{"x":"`+strings.Repeat("a", 1<<20)+`"}`); r.status != 413 {
			t.Errorf("%s %s with 1 MiB = %d", write.method, write.path, r.status)
		}
		if r := a.do("admin", write.method, write.path, ""); r.status != 415 {
			t.Errorf("%s %s without a body = %d", write.method, write.path, r.status)
		}
		if r := a.do("admin", write.method, write.path, "", header{"Content-Type", "application/json"}); r.status != 400 {
			t.Errorf("%s %s with an empty body = %d", write.method, write.path, r.status)
		}
	}
}

// naughty are texts that somebody's parser has tripped over.
var naughty = []string{
	"undefined", "null", "NaN", "true", "0", "-0", "1e400", "0x7f", "1/0", "\\", "\\u0000", `"`, "'", "`", "%00", "%s%n", "{{7*7}}", "${7*7}",
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "]]>", "&lt;&#60;&amp;", "<redact>x</redact>", "--", "'; DROP TABLE comments; --",
	"\t tab at both ends \t", "line\nbreaks\r\nof\rall\vkinds\f\u0085\u2028\u2029", " leading and trailing ", "\u00a0nbsp\u00a0",
	"\ufeffBOM", "zero\u200bwidth\u200d\u2060", "\u202ertl override\u202c", "\u2066isolate\u2069", "soft\u00adhyphen", "\U000e0041tag",
	"Zalgo: Ḩ̷̛̤̼͎̝́e̵̡̛̱ ̶c̴o̶m̷e̴s̵", "e\u0301 and é", "ﬁ ﬃ ǅ İ ı ß ẞ ς", "ÅΩ𝒜𝟘", "田中さんにあげて下さい", "العربية", "עברית", "ไทย", "한국어",
	"👩‍👩‍👧‍👦🏳️‍🌈👍🏿🇺🇳", "\U0010ffff\ufffe\uffff\ufdd0", "\ufffd", "\u0001\u0002\u001b[31m\u007f\u009b", "\ud7ff\ue000\U000f0000",
	"http://a/%%30%30", "file:///etc/passwd", "../../../../etc/passwd\u202f", "() { 0; }; touch /tmp/x", "System32\\", "CON", "=cmd|' /C calc'!A0",
	"Scunthorpe", "{\"content\":\"x\"}", "[]", "<!--#exec cmd=\"ls\"-->", "\\r\\nSet-Cookie: a=b", "\r\nSet-Cookie: a=b", "٠١٢٣", "Ⅷ", "½",
}

// TestTextsComeBack: what was typed is what is read, byte for byte, wherever it is
// read.
func TestTextsComeBack(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	for _, text := range naughty {
		var c comment
		created := a.must(201, "customer", "POST", ticket+"/comments", newComment(text, false))
		created.decode(t, &c)
		if c.Content != text {
			t.Errorf("created %q as %q", text, c.Content)
		}
		if got := a.must(200, "agent", "GET", created.header.Get("Location"), ""); !bytes.Equal(got.body, created.body) {
			t.Errorf("GET = %s\nPOST = %s", got.body, created.body)
		}
	}
	for i, c := range a.list("customer", ticket) {
		if c.Content != naughty[i] {
			t.Errorf("listed %q as %q", naughty[i], c.Content)
		}
	}
	for _, text := range naughty {
		var got struct {
			Subject string `json:"subject"`
		}
		if err := decodeAnyCase(a.must(200, "agent", "PUT", ticket, `{"subject":`+quote(text)+`}`).body, &got); err != nil || got.Subject != text {
			t.Errorf("subject %q came back as %q, %v", text, got.Subject, err)
		}
	}
}

func quote(s string) string {
	body := newComment(s, false) // {"content":…,"is_internal":false} in some order
	start := strings.Index(body, `"content":`) + len(`"content":`)
	end := strings.LastIndex(body, `,"is_internal"`)
	if end < start {
		end = len(body) - 1
	}
	return body[start:end]
}

// TestNothingBreaks: whatever is put into paths, queries and headers, the answer
// is a refusal or an answer, and never a failure.
func TestNothingBreaks(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	id := uuid.NewString()
	pieces := append([]string{"\x00", "a\x00", id + "\x00", "", ".", "..", strings.ToUpper(id), "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""), strings.Repeat("a", 8000)}, naughty...)
	for _, piece := range pieces {
		escaped := url.PathEscape(piece)
		for _, path := range []string{
			"/v1/tickets/" + escaped, "/v1/tickets/" + escaped + "/comments", ticket + "/comments/" + escaped, "/v1/users/" + escaped, "/" + escaped,
		} {
			if r := a.do("agent", "GET", path, ""); r.status >= 500 || r.status < 400 && piece != "" {
				t.Errorf("GET %.80s = %d %s", path, r.status, r.body)
			}
		}
		value := url.QueryEscape(piece)
		for _, name := range []string{"limit", "after", "before", "order", "is_internal", "author_type"} {
			if r := a.do("agent", "GET", ticket+"/comments?"+name+"="+value, ""); r.status != 400 && piece != "true" {
				t.Errorf("?%s=%.80s = %d %s", name, value, r.status, r.body)
			}
		}
		a.must(200, "agent", "GET", ticket+"/comments?"+value+"="+value, "")
	}
	for _, name := range []string{"Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id", "Content-Type", "Authorization", "Accept", "Range", "User-Agent", "Cookie"} {
		for _, value := range []string{"é", "\"", "W/", "*, *", strings.Repeat("a", 300), "bytes=0-", "a,b;c=d", "\t", "{}"} {
			r := a.do("agent", "POST", ticket+"/comments", `{"content":"text"}`, header{name, value})
			if r.status >= 500 {
				t.Errorf("%s: %s = %d %s", name, value, r.status, r.body)
			}
		}
	}
	// net/http's client would not send these.
	for _, raw := range []string{
		"GET /v1/tickets/%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nX: a\x00b\r\n\r\n",
		"GET /v1/tickets/%s\x00 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
		"GET /v1/tickets/%s?a=\x00 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
		"GET http://[::1/%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
		"G\x00T /v1/tickets/%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
		"POST /v1/tickets/%s/comments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"POST /v1/tickets/%s/comments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nIdempotency-Key: \x00\r\nContent-Length: 2\r\n\r\n{}",
		"POST /v1/tickets/%s/comments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":\x001",
	} {
		status := a.raw(t, fmt.Sprintf(raw, ticket[len("/v1/tickets/"):], a.keys["agent"]))
		if status < 400 || status >= 500 {
			t.Errorf("%q = %d", raw, status)
		}
	}
}

// raw sends bytes and returns the status of the answer.
func (s *stack) raw(t *testing.T, request string) int {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	resp.Body.Close()
	return resp.StatusCode
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

// TestNothingIsRepeated: neither a refusal nor the log holds anything of what was
// sent, and the log nothing of what was read.
func TestNothingIsRepeated(t *testing.T) {
	log := new(lines)
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	previous := slog.Default()
	slog.SetDefault(logger)
	defer slog.SetDefault(previous)
	a := newStack(t, func(c *httpapi.Config) { c.Log = logger }).account("acme", directory.Settings{})
	const canary = "c4n4ry"
	ticket := a.ticket()
	good := a.comment("agent", ticket, canary, true)
	a.must(200, "agent", "GET", good, "")
	a.must(200, "agent", "PUT", ticket, `{"subject":"`+canary+`"}`)
	a.must(200, "agent", "PUT", "/v1/users/"+a.users["customer"].String(), `{"name":"`+canary+`","email":"`+canary+`@example.com"}`)
	refused := []response{
		a.do("agent", "POST", ticket+"/comments", `{"`+canary+`":"`+canary+`","content":{"`+canary+`":1}}`),
		a.do("agent", "POST", ticket+"/comments", `{"`+canary+`":1,"`+canary+`":2}`),
		a.do("agent", "POST", ticket+"/comments", newComment(canary+"\x00", false)),
		a.do("agent", "POST", ticket+"/comments", canary),
		a.do("agent", "POST", ticket+"/comments", `{"content":"x"}`, header{"Content-Type", canary}),
		a.do("agent", "POST", ticket+"/comments", `{"content":"x"}`, header{"Idempotency-Key", canary + "é"}),
		a.do("relay", "POST", ticket+"/comments", `{"content":"x","author_type":"`+canary+`","author_user_id":"`+canary+`"}`),
		a.do("agent", "GET", ticket+"/comments?limit="+canary+"&after="+canary, ""),
		a.do("agent", "GET", ticket+"/comments?"+canary+"="+canary+"&order="+canary, ""),
		a.do("agent", "GET", "/v1/tickets/"+canary, ""),
		a.do("agent", "GET", "/"+canary, ""),
		a.do("agent", canary, ticket, ""),
		a.do(canary, "GET", ticket, "", header{"Authorization", "Bearer " + canary}),
		a.do("agent", "PUT", ticket, `{"status":"`+canary+`"}`),
		a.do("agent", "PUT", ticket, `{"requester_id":"`+canary+`"}`),
		a.do("agent", "PUT", "/v1/users/"+uuid.NewString(), `{"role":"`+canary+`"}`),
		a.do("agent", "PUT", "/v1/users/"+uuid.NewString(), `{"role":"customer","email":"`+canary+`"}`),
		a.do("agent", "PUT", "/v1/users/"+uuid.NewString(), `{"role":"customer","email":"`+canary+`@example.com"}`),
		a.do("agent", "GET", ticket, "", header{"X-Request-Id", canary + " " + canary}, header{"Authorization", canary}),
	}
	for i, r := range refused {
		if r.status < 400 || r.status >= 500 || bytes.Contains(bytes.ToLower(r.body), []byte(canary)) || strings.Contains(fmt.Sprint(r.header), canary) {
			t.Errorf("refusal %d = %d %s %s", i, r.status, r.header, r.body)
		}
	}
	if text := log.String(); strings.Contains(strings.ToLower(text), canary) || strings.Contains(text, ticket) || !strings.Contains(text, "/v1/tickets/{ticket_id}/comments") {
		t.Errorf("log = %s", text)
	}
	// An id of the caller's own making is kept, if it is fit for a log.
	if r := a.do("agent", "GET", ticket, "", header{"X-Request-Id", "mine-1"}); r.header.Get("X-Request-Id") != "mine-1" {
		t.Errorf("X-Request-Id = %s", r.header.Get("X-Request-Id"))
	}
}
