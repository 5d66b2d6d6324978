package zendesk_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/commentd/commentd/httpapi"
	"github.com/commentd/commentd/httpapi/directory"
)

type attachment struct {
	URL         string       `json:"url"`
	ID          int64        `json:"id"`
	FileName    string       `json:"file_name"`
	ContentURL  string       `json:"content_url"`
	ContentType string       `json:"content_type"`
	Size        int64        `json:"size"`
	Width       *int         `json:"width"`
	Inline      bool         `json:"inline"`
	Thumbnails  []attachment `json:"thumbnails"`
}

type upload struct {
	Token       string       `json:"token"`
	ExpiresAt   string       `json:"expires_at"`
	Attachments []attachment `json:"attachments"`
	Attachment  attachment   `json:"attachment"`
}

// upload sends a file as a client does, and returns what is said of it.
func (a *account) upload(as, query, content string) upload {
	a.t.Helper()
	r := a.must(201, as, "POST", "/api/v2/uploads.json?"+query, content, header{"Content-Type", "application/binary"})
	return uploadOf(a.t, r)
}

func uploadOf(t testing.TB, r response) upload {
	t.Helper()
	var body struct {
		Upload upload `json:"upload"`
	}
	r.decode(t, &body)
	if got := r.header.Get("Location"); got != body.Upload.Attachment.URL {
		t.Errorf("Location: %q; want %q", got, body.Upload.Attachment.URL)
	}
	return body.Upload
}

// attached returns the files of the last comment of a ticket.
func (a *account) attached(ticket thread, query string) []attachment {
	a.t.Helper()
	var body struct {
		Comments []struct {
			ID          int64        `json:"id"`
			Attachments []attachment `json:"attachments"`
		} `json:"comments"`
	}
	a.must(200, "agent", "GET", ticket.path+"/comments.json"+query, "").decode(a.t, &body)
	return body.Comments[len(body.Comments)-1].Attachments
}

func (a *account) say(ticket thread, format string, args ...any) {
	a.t.Helper()
	a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"comment":`+fmt.Sprintf(format, args...)+`}}`)
}

// TestFilesOfTheAccount: audits of the account and their export show files as those of the
// ticket do, and what has become of them.
func TestFilesOfTheAccount(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	up := a.upload("agent", "filename=flame.txt", "green")
	a.say(ticket, `{"body":"see","uploads":[%q]}`, up.Token)
	c := a.comments("agent", ticket.path+"/comments")[0]
	shows := func(want string) {
		t.Helper()
		for _, path := range []string{"/api/v2/ticket_audits", export + "0&include=comment_events", ticket.path + "/audits"} {
			if r := a.must(200, "admin", "GET", path, ""); !strings.Contains(string(r.body), `"file_name":"`+want+`"`) {
				t.Errorf("%s does not show %s: %s", path, want, r.body)
			}
		}
	}
	a.age("0")
	shows("flame.txt")
	a.must(200, "admin", "PUT", fmt.Sprint(ticket.path, "/comments/", c.ID, "/attachments/", up.Attachment.ID, "/redact"), "{}")
	a.age("0")
	shows("redacted.txt")
}

// fetch gets the content of a file as anybody can who has its address.
func (s *stack) fetch(address string, headers ...header) response {
	s.t.Helper()
	r, err := http.NewRequest("GET", address, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range headers {
		r.Header.Set(h.name, h.value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response{resp.StatusCode, resp.Header, body}
}

func photo(t testing.TB) string {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 200, 100))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestUploadAndAttach(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	image := photo(t)
	first := a.upload("agent", "filename="+url.QueryEscape("été.png")+"&binary=true", image)
	both := a.upload("agent", "filename=b.txt&token="+first.Token, "Hello")
	if first.Token != both.Token || len(both.Attachments) != 2 || both.Attachments[0].ID != first.Attachment.ID || both.Attachment.FileName != "b.txt" || first.ExpiresAt != both.ExpiresAt {
		t.Errorf("uploads %+v, then %+v", first, both)
	}
	if f := first.Attachment; f.FileName != "été.png" || f.ContentType != "image/png" || f.Size != int64(len(image)) || f.Width == nil || *f.Width != 200 || len(f.Thumbnails) != 1 {
		t.Errorf("the first file: %+v", f)
	}
	if got := a.fetch(both.Attachment.ContentURL); got.status != 404 {
		t.Errorf("the content of an upload: %d; want 404 until a comment has it", got.status)
	}
	a.say(ticket, `{"body":"see","uploads":[%q]}`, both.Token)
	got := a.attached(ticket, "")
	if diff := cmp.Diff(both.Attachments, got); diff != "" {
		t.Errorf("the files of the comment, -uploaded +attached:\n%s", diff)
	}
	var shown struct {
		Attachment attachment `json:"attachment"`
	}
	a.must(200, "reader", "GET", "/api/v2/attachments/"+fmt.Sprint(got[0].ID)+".json", "").decode(t, &shown)
	if diff := cmp.Diff(got[0], shown.Attachment); diff != "" {
		t.Errorf("GET /attachments: %s", diff)
	}
	for address, want := range map[string]string{got[0].ContentURL: image, got[1].ContentURL: "Hello"} {
		if r := a.fetch(address); r.status != 200 || string(r.body) != want {
			t.Errorf("%s: %d, %d bytes; want %d", address, r.status, len(r.body), len(want))
		}
	}
	if r := a.fetch(got[0].Thumbnails[0].ContentURL); r.status != 200 || r.header.Get("Content-Type") != "image/png" {
		t.Errorf("the thumbnail: %d %s", r.status, r.header.Get("Content-Type"))
	}
	// A token is spent by the comment that uses it.
	a.must(422, "agent", "PUT", ticket.path, `{"ticket":{"comment":{"body":"again","uploads":["`+both.Token+`"]}}}`)
	a.must(422, "agent", "POST", "/api/v2/uploads?filename=c.txt&token="+both.Token, "late", header{"Content-Type", "text/plain"})
	a.must(404, "agent", "DELETE", "/api/v2/uploads/"+both.Token, "")
	if got := a.attached(ticket, ""); len(got) != 2 {
		t.Errorf("the refused write has left %d files; want the comment before it, with 2", len(got))
	}
}

// The forms in which clients say which files a comment has.
func TestFormsOfUploads(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	for _, tt := range []struct{ name, comment string }{
		{"a list", `{"body":"x","uploads":[%q]}`}, {"a string", `{"body":"x","uploads":%q}`}, {"no text", `{"body":"","uploads":[%q]}`}, {"twice", `{"body":"x","uploads":[%[1]q,%[1]q]}`},
	} {
		a.say(ticket, tt.comment, a.upload("agent", "filename=a.txt", "A").Token)
		if got := a.attached(ticket, ""); len(got) != 1 {
			t.Errorf("%s: %d files; want 1", tt.name, len(got))
		}
	}
	// Of a customer, on the request.
	u := a.upload("customer", "filename=a.txt", "of a customer")
	a.must(422, "agent", "PUT", ticket.path, `{"ticket":{"comment":{"body":"stolen","uploads":["`+u.Token+`"]}}}`)
	a.must(200, "customer", "PUT", ticket.public, `{"request":{"comment":{"body":"mine","uploads":["`+u.Token+`"]}}}`)
	var body struct {
		Comments []struct {
			Attachments []attachment `json:"attachments"`
		} `json:"comments"`
	}
	a.must(200, "customer", "GET", ticket.public+"/comments.json", "").decode(t, &body)
	if last := body.Comments[len(body.Comments)-1]; len(last.Attachments) != 1 || last.Attachments[0].ID != u.Attachment.ID {
		t.Errorf("the customer sees %+v", last)
	}
	// A new ticket, once, however often the request comes.
	u = a.upload("agent", "filename=a.txt", "new")
	key := header{"Idempotency-Key", "one"}
	created := `{"ticket":{"subject":"s","comment":{"body":"x","uploads":["` + u.Token + `"]}}}`
	a.must(201, "agent", "POST", "/api/v2/tickets.json", created, key)
	if r := a.must(201, "agent", "POST", "/api/v2/tickets.json", created, key); r.header.Get("X-Idempotency-Lookup") != "hit" {
		t.Errorf("the request again: %s", r.body)
	}
	a.must(422, "agent", "POST", "/api/v2/tickets.json", created)
}

func TestUploadRefused(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{MaxAttachmentMB: 1})
	large := strings.Repeat("x", 1<<20+1)
	for _, tt := range []struct {
		name, as, path, content string
		status                  int
		says                    string
	}{
		{"no name", "agent", "/api/v2/uploads", "x", 400, "filename must be"},
		{"a name that is none", "agent", "/api/v2/uploads?filename=..%E2%80%8B%2E", "x", 400, "filename must be"},
		{"nothing in it", "agent", "/api/v2/uploads?filename=a.txt", "", 422, "Size Size is not included in the list (1..1048576)"},
		{"too large", "agent", "/api/v2/uploads?filename=a.txt", large, 413, "(1..1048576)"},
		{"unknown token", "agent", "/api/v2/uploads?filename=a.txt&token=" + strings.Repeat("A", 43), "x", 422, "uploads"},
		{"no token", "agent", "/api/v2/uploads?filename=a.txt&token=x", "x", 422, "uploads"},
		{"nobody", "nobody", "/api/v2/uploads?filename=a.txt", "x", 401, "authenticate"},
		{"a reader", "reader", "/api/v2/uploads?filename=a.txt", "x", 403, "Forbidden"},
	} {
		if r := a.must(tt.status, tt.as, "POST", tt.path, tt.content, header{"Content-Type", "application/binary"}); !bytes.Contains(r.body, []byte(tt.says)) {
			t.Errorf("%s: %s; want it to say %q", tt.name, r.body, tt.says)
		}
	}
	// Of unknown length, as one chunk after the other.
	r, err := http.NewRequest("POST", a.url+"/api/v2/uploads?filename=a.txt", io.MultiReader(strings.NewReader(large)))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(a.email("agent")+"/token", a.keys["agent"])
	resp, err := a.client.Do(r)
	if err != nil || resp.StatusCode != 413 {
		t.Fatalf("too large, of unknown length: %v, %v", resp, err)
	}
	resp.Body.Close()
	if n := a.storedBlobs(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
	a.upload("agent", "filename=a.txt", large[1:])
}

func TestUploadForms(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	form := func(fields map[string]string, fileName, content string) upload {
		t.Helper()
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		part, err := w.CreateFormFile("uploaded_data", fileName)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(part, content)
		for name, value := range fields { // after the file, which is harder
			_ = w.WriteField(name, value)
		}
		w.Close()
		return uploadOf(t, a.must(201, "agent", "POST", "/api/v2/uploads", b.String(), header{"Content-Type", w.FormDataContentType()}))
	}
	first := form(map[string]string{"filename": "named.txt"}, "other.txt", "one")
	second := form(map[string]string{"token": first.Token}, "own.txt", "two")
	if first.Attachment.FileName != "named.txt" || second.Attachment.FileName != "own.txt" || second.Token != first.Token || len(second.Attachments) != 2 {
		t.Errorf("uploads %+v, then %+v", first, second)
	}
	for _, body := range []string{"--x\r\nContent-Disposition: form-data; name=\"uploaded_data\"\r\n\r\ncut", "no form", "--x--\r\n"} {
		r := a.do("agent", "POST", "/api/v2/uploads?filename=a.txt", body, header{"Content-Type", "multipart/form-data; boundary=x"})
		if r.status != 400 && r.status != 422 {
			t.Errorf("a broken form: %d %s", r.status, r.body)
		}
	}
	// node sends JSON as such, which is then a file, and two clients send bodies to be ignored.
	u := uploadOf(t, a.must(201, "agent", "POST", "/api/v2/uploads.json?filename=a.json", `{"a":1}`))
	if u.Attachment.Size != 7 {
		t.Errorf("a file of JSON: %+v", u)
	}
	a.must(404, "writer", "DELETE", "/api/v2/uploads/"+u.Token+".json", "")
	if r := a.must(204, "agent", "DELETE", "/api/v2/uploads/"+u.Token+".json", `{"token":"x"}`); len(r.body) != 0 {
		t.Errorf("DELETE: %s", r.body)
	}
	a.must(404, "agent", "DELETE", "/api/v2/uploads/"+u.Token, "")
	a.must(404, "agent", "DELETE", "/api/v2/uploads/x", "")
}

// Contents are served so that nothing in them runs, in parts if asked, to whoever has the
// address and to nobody else.
func TestContent(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	content := strings.Repeat("0123456789", 20_000) // several pieces
	u := a.upload("agent", "filename=big.txt", content)
	page := a.upload("agent", "filename="+url.QueryEscape(`"évil".html`)+"&token="+u.Token, "<html><script>alert(1)</script>")
	a.say(ticket, `{"body":"x","public":false,"uploads":[%q]}`, u.Token)
	address := u.Attachment.ContentURL
	r := a.fetch(page.Attachment.ContentURL)
	for name, want := range map[string]string{
		"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store",
		"Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
		"Content-Disposition":     `attachment; filename="___vil_.html"; filename*=UTF-8''%5F%C3%A9vil%5F.html`,
	} {
		if got := r.header.Get(name); got != want && name != "Content-Disposition" {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
	}
	if got := r.header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=\"_") || !strings.Contains(got, "UTF-8''_%C3%A9vil_.html") {
		t.Errorf("Content-Disposition: %s", got)
	}
	whole := a.fetch(address)
	tag := whole.header.Get("Etag")
	for _, tt := range []struct {
		name   string
		given  []header
		status int
		body   string
	}{
		{"a range", []header{{"Range", "bytes=100003-100009"}}, 206, "3456789"},
		{"across pieces", []header{{"Range", "bytes=65530-65549"}}, 206, content[65530:65550]},
		{"the end", []header{{"Range", "bytes=-5"}}, 206, "56789"},
		{"beyond the end", []header{{"Range", "bytes=200000-"}}, 416, ""},
		{"not a range", []header{{"Range", "lines=1-2"}}, 416, ""},
		{"of the same", []header{{"Range", "bytes=0-0"}, {"If-Range", tag}}, 206, "0"},
		{"of another", []header{{"Range", "bytes=0-0"}, {"If-Range", `"x"`}}, 200, content},
		{"known", []header{{"If-None-Match", tag}}, 304, ""},
	} {
		if r := a.fetch(address, tt.given...); r.status != tt.status || tt.status < 400 && string(r.body) != tt.body {
			t.Errorf("%s: %d, %.60q; want %d", tt.name, r.status, r.body, tt.status)
		}
	}
	token := strings.TrimPrefix(address, a.url+"/attachments/token/")
	for _, other := range []string{"", "x/", token[1:], "A" + token[1:], strings.ToLower(token), "../../v1/tickets"} {
		if r := a.fetch(a.url + "/attachments/token/" + other); r.status != 404 {
			t.Errorf("another token %q: %d; want 404", other, r.status)
		}
	}
	if r := a.fetch(a.url + "/attachments/token/" + strings.Split(token, "/")[0]); string(r.body) != content {
		t.Errorf("without the last slash and a name: %d", r.status)
	}
	// Another account has no such file, and a customer is told of none.
	b := a.stack.account("other", directory.Settings{})
	b.must(404, "agent", "GET", fmt.Sprintf("/api/v2/attachments/%d.json", u.Attachment.ID), "")
	a.must(403, "customer", "GET", fmt.Sprintf("/api/v2/attachments/%d.json", u.Attachment.ID), "")
	a.must(404, "agent", "GET", "/api/v2/attachments/1.json", "")
	a.must(400, "agent", "GET", "/api/v2/attachments/x.json", "")
}

func TestInlineImages(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	u := a.upload("agent", "filename=inside.png", photo(t))
	a.upload("agent", "filename=beside.txt&token="+u.Token, "x")
	a.say(ticket, `{"html_body":"<p>see <img src=\"%s\"> there</p>","uploads":[%q]}`, u.Attachment.ContentURL, u.Token)
	for query, want := range map[string]int{"": 1, "?include_inline_images=false": 1, "?include_inline_images=yes": 1, "?include_inline_images=true": 2, "?include_inline_images=1": 2} {
		if got := a.attached(ticket, query); len(got) != want {
			t.Errorf("%q: %d files; want %d", query, len(got), want)
		}
	}
	if got := a.attached(ticket, "?include_inline_images=true")[0]; !got.Inline || got.ID != u.Attachment.ID {
		t.Errorf("the image: %+v", got)
	}
}

func TestOneTokenForMany(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	u := a.upload("agent", "filename=a.txt", "contested")
	statuses := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			r := a.do("agent", "PUT", ticket.path, `{"ticket":{"comment":{"body":"x","uploads":["`+u.Token+`"]}}}`)
			mu.Lock()
			statuses[r.status]++
			mu.Unlock()
		})
	}
	all.Wait()
	if statuses[200] != 1 || statuses[422] != 19 {
		t.Errorf("answers %v; want 200 once and 422 otherwise", statuses)
	}
}

// What a token is good for, whoever reads a log must not have.
func TestTokensAreNotLogged(t *testing.T) {
	var log lockedBuffer
	a := newStack(t, func(c *httpapi.Config) {
		c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}).account("acme", directory.Settings{})
	ticket := a.ticket()
	u, dropped := a.upload("agent", "filename=name-of-a-file.txt", "A"), a.upload("agent", "filename=b.txt", "B")
	a.must(204, "agent", "DELETE", "/api/v2/uploads/"+dropped.Token+".json", "")
	a.say(ticket, `{"body":"x","uploads":[%q]}`, u.Token)
	a.fetch(u.Attachment.ContentURL)
	a.fetch(a.url + "/attachments/token/somebody-tries/")
	said := log.String()
	token := strings.Split(strings.TrimPrefix(u.Attachment.ContentURL, a.url+"/attachments/token/"), "/")[0]
	for _, secret := range []string{u.Token, dropped.Token, token, "name-of-a-file", "somebody-tries"} {
		if strings.Contains(said, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	for _, route := range []string{"route=/api/v2/uploads ", "route=/api/v2/uploads/{token} ", "route=/attachments/token/{token}/ "} {
		if !strings.Contains(said, route) {
			t.Errorf("the log has no %q", route)
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestUploadQuota: when as much of a user waits to be attached as may, more is refused, and
// what is attached makes room. Others are not concerned.
func TestUploadQuota(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	u := a.upload("agent", "filename=a.txt", "a")
	if _, err := a.pool.Exec(t.Context(), `INSERT INTO log.files (shard, account_id, uploader_id, upload, number, size, blob_id, sealed, expires_at)
		SELECT 0, $1, $2, '\x00', 900000000 + n, 1, gen_random_uuid(), '\x', now() + interval '1 hour' FROM generate_series(1, 999) n`, a.id, uuid.UUID(a.users["agent"])); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"filename=b.txt", "filename=b.txt&token=" + u.Token} {
		r := a.must(422, "agent", "POST", "/api/v2/uploads?"+query, "b", header{"Content-Type", "application/binary"})
		if want := `"details":{"uploads":[{"description":"Uploads: are too many that wait`; !strings.Contains(string(r.body), want) {
			t.Errorf("refused with %s; want %s", r.body, want)
		}
	}
	a.upload("admin", "filename=c.txt", "c")
	a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"comment":{"body":"x","uploads":["`+u.Token+`"]}}}`)
	a.upload("agent", "filename=b.txt", "b")
}
