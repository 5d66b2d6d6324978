package zendesk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/httpapi/directory"
)

func (s *stack) storedBlobs() (n int) {
	s.t.Helper()
	if err := s.blobs.Each(s.t.Context(), func(blob.ID, time.Time) error { n++; return nil }); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// lastComment returns the number of the last comment of a ticket.
func (a *account) lastComment(ticket thread) int64 {
	a.t.Helper()
	all := a.comments("agent", ticket.path+"/comments")
	return all[len(all)-1].ID
}

// mustBeRedacted checks that of a file nothing is to be had, and that a placeholder is in
// its place.
func (a *account) mustBeRedacted(ticket thread, file attachment) {
	a.t.Helper()
	for _, f := range append([]attachment{file}, file.Thumbnails...) {
		if r := a.fetch(f.ContentURL); r.status != 404 {
			a.t.Errorf("%s: %d; want 404", f.ContentURL, r.status)
		}
		a.must(404, "agent", "GET", f.URL[strings.Index(f.URL, "/api"):], "")
	}
	for _, now := range a.attached(ticket, "?include_inline_images=true") {
		if now.ID == file.ID {
			a.t.Errorf("the file is listed: %+v", now)
		}
		if now.FileName != "redacted.txt" {
			continue
		}
		if r := a.fetch(now.ContentURL); r.status != 200 || string(r.body) != " " || now.Size != 1 || now.ContentType != "text/plain" {
			a.t.Errorf("the placeholder: %+v, %d %q", now, r.status, r.body)
		}
		a.must(200, "agent", "GET", fmt.Sprintf("/api/v2/attachments/%d.json", now.ID), "")
		return
	}
	a.t.Error("there is no redacted.txt")
}

// Clients ask for the redaction of a file in many ways.
func TestRedactAttachment(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	for _, tt := range []struct{ method, prefix, suffix, body string }{
		{"PUT", "/api/v2", ".json", `{}`}, {"PUT", "/api/v2", "", ``}, {"PUT", "/api/v2/api/v2", ".json", `null`}, {"PUT", "/api/v2", ".json", `{"":""}`},
		{"DELETE", "/api/v2", ".json", ``},
	} {
		u := a.upload("agent", "filename=secret.png", photo(t))
		a.upload("agent", "filename=b.txt&token="+u.Token, "stays")
		a.say(ticket, `{"body":"the text","uploads":[%q]}`, u.Token)
		comment := a.lastComment(ticket)
		path := fmt.Sprintf("%s%s/comments/%d/attachments/%d/redact%s", tt.prefix, strings.TrimPrefix(ticket.path, "/api/v2"), comment, u.Attachment.ID, tt.suffix)
		var shown struct {
			Attachment attachment `json:"attachment"`
		}
		a.must(200, "agent", tt.method, path, tt.body).decode(t, &shown)
		if shown.Attachment.ID != u.Attachment.ID || shown.Attachment.FileName != "secret.png" {
			t.Errorf("%s %s shows %+v; want the file as it was", tt.method, path, shown.Attachment)
		}
		a.mustBeRedacted(ticket, u.Attachment)
		now := a.attached(ticket, "")
		if len(now) != 2 || now[1].FileName != "b.txt" || string(a.fetch(now[1].ContentURL).body) != "stays" {
			t.Errorf("the files are now %+v", now)
		}
		var audits struct {
			Audits []struct {
				Events []struct {
					ID           int64        `json:"id"`
					Type         string       `json:"type"`
					AttachmentID int64        `json:"attachment_id"`
					CommentID    int64        `json:"comment_id"`
					Attachments  []attachment `json:"attachments"`
				} `json:"events"`
			} `json:"audits"`
		}
		a.must(200, "agent", "GET", ticket.path+"/audits.json", "").decode(t, &audits)
		last := audits.Audits[len(audits.Audits)-1].Events
		if len(last) != 1 || last[0].Type != "AttachmentRedactionEvent" || last[0].AttachmentID != now[0].ID || last[0].CommentID != comment || last[0].ID == now[0].ID {
			t.Errorf("the audit: %+v; want one AttachmentRedactionEvent of the new file", last)
		}
		if said := audits.Audits[len(audits.Audits)-2].Events[0]; len(said.Attachments) != 2 || said.Attachments[0].FileName != "redacted.txt" {
			t.Errorf("the audit of the comment shows %+v", said.Attachments)
		}
		a.must(404, "agent", tt.method, path, tt.body)
	}
}

func TestRedactAttachmentRefused(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket, elsewhere := a.ticket(), a.ticket()
	u := a.upload("agent", "filename=a.txt", "A")
	a.say(ticket, `{"body":"x","uploads":[%q]}`, u.Token)
	a.say(elsewhere, `{"body":"y"}`)
	comment, other := a.lastComment(ticket), a.lastComment(elsewhere)
	path := func(ticket thread, comment, file int64) string {
		return fmt.Sprintf("%s/comments/%d/attachments/%d/redact", ticket.path, comment, file)
	}
	for name, tt := range map[string]struct {
		as, path string
		status   int
	}{
		"another comment": {"agent", path(elsewhere, other, u.Attachment.ID), 404},
		"another ticket":  {"agent", path(elsewhere, comment, u.Attachment.ID), 404},
		"another file":    {"agent", path(ticket, comment, 1), 404},
		"a customer":      {"customer", path(ticket, comment, u.Attachment.ID), 403},
		"who may not":     {"writer", path(ticket, comment, u.Attachment.ID), 403},
		"not an integer":  {"agent", ticket.path + "/comments/1/attachments/x/redact", 400},
		"nobody":          {"nobody", path(ticket, comment, u.Attachment.ID), 401},
	} {
		if r := a.do(tt.as, "PUT", tt.path, `{}`); r.status != tt.status {
			t.Errorf("%s: %d %s; want %d", name, r.status, r.body, tt.status)
		}
	}
	a.must(200, "agent", "PUT", ticket.path, `{"ticket":{"status":"closed"}}`)
	a.must(422, "agent", "PUT", path(ticket, comment, u.Attachment.ID), `{}`)
	if r := a.fetch(u.Attachment.ContentURL); r.status != 200 {
		t.Errorf("after all that was refused: %d", r.status)
	}
	// comment_redactions works on closed tickets.
	redactions := fmt.Sprintf("/api/v2/comment_redactions/%d.json", comment)
	number := ticket.path[strings.LastIndex(ticket.path, "/")+1:]
	for _, urls := range []string{`["https://x.org/a"]`, `["` + u.Attachment.ContentURL + `","x"]`, `["` + a.url + `/attachments/token/x/"]`} {
		a.must(422, "agent", "PUT", redactions, `{"ticket_id":`+number+`,"external_attachment_urls":`+urls+`}`)
	}
	a.must(400, "agent", "PUT", redactions, `{"ticket_id":`+number+`,"external_attachment_urls":7}`)
	a.must(200, "agent", "PUT", redactions, `{"ticket_id":`+number+`,"external_attachment_urls":["`+u.Attachment.ContentURL+`"]}`)
	a.mustBeRedacted(ticket, u.Attachment)
}

// A marked image goes from the text, and its file with it.
func TestRedactInlineImage(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	u := a.upload("agent", "filename=inside.png", photo(t))
	a.say(ticket, `{"html_body":"<p>see <img src=\"%s\"> there 12345</p>","uploads":[%q]}`, u.Attachment.ContentURL, u.Token)
	comment := a.lastComment(ticket)
	all := a.comments("agent", ticket.path+"/comments")
	html := all[len(all)-1].HTMLBody
	marked := strings.Replace(strings.Replace(html, "<img ", "<img redact ", 1), "12345", "<redact>12345</redact>", 1)
	number := ticket.path[strings.LastIndex(ticket.path, "/")+1:]
	r := a.must(200, "agent", "PUT", fmt.Sprintf("/api/v2/comment_redactions/%d.json", comment), fmt.Sprintf(`{"ticket_id":%s,"html_body":%q}`, number, marked))
	if body := string(r.body); strings.Contains(body, "img") || strings.Contains(body, "12345") {
		t.Errorf("it shows %s", body)
	}
	a.mustBeRedacted(ticket, u.Attachment)
	audits := string(a.must(200, "agent", "GET", ticket.path+"/audits.json", "").body)
	for _, event := range []string{"CommentRedactionEvent", "AttachmentRedactionEvent"} {
		if strings.Count(audits, event) != 1 {
			t.Errorf("%d events %s; want one", strings.Count(audits, event), event)
		}
	}
}

// A comment that is deleted takes its files from those who have their addresses.
func TestDeletedCommentHidesFiles(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	u := a.upload("agent", "filename=a.txt", "A")
	a.say(ticket, `{"body":"x","uploads":[%q]}`, u.Token)
	if r := a.fetch(u.Attachment.ContentURL); r.status != 200 {
		t.Fatalf("before: %d", r.status)
	}
	var list []struct {
		ID string `json:"id"`
	}
	a.must(200, "agent", "GET", ticket.native+"/comments", "").decode(t, &list)
	a.must(204, "agent", "DELETE", ticket.native+"/comments/"+list[len(list)-1].ID, "")
	if r := a.fetch(u.Attachment.ContentURL); r.status != 404 {
		t.Errorf("after: %d; want 404", r.status)
	}
	a.must(404, "agent", "GET", fmt.Sprintf("/api/v2/attachments/%d", u.Attachment.ID), "")
}

// A blob that is lost is a file that is not there, and no failure of the service.
func TestLostBlob(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	u := a.upload("agent", "filename=a.txt", "A")
	a.say(ticket, `{"body":"x","uploads":[%q]}`, u.Token)
	if err := a.blobs.Each(t.Context(), func(id blob.ID, _ time.Time) error { return a.blobs.Delete(t.Context(), id) }); err != nil {
		t.Fatal(err)
	}
	if r := a.fetch(u.Attachment.ContentURL); r.status != 404 {
		t.Errorf("a lost file: %d %s; want 404", r.status, r.body)
	}
	if got := a.attached(ticket, ""); len(got) != 1 {
		t.Errorf("it is listed as %+v", got)
	}
}
