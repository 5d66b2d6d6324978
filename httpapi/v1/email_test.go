package v1_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/domain/mail"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/projections/threads"
)

// mailOf makes an e-mail of lines.
func mailOf(lines ...string) string { return strings.Join(lines, "\r\n") }

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

var burning = mailOf("From: Ann <ann@example.org>", "Reply-To: other@example.org", "To: help@example.com", "Cc: boss@example.org", "Subject: It burns", "Message-ID: <1@example.org>",
	"Auto-Submitted: auto-generated", "Content-Type: multipart/mixed; boundary=1", "",
	"--1", "Content-Type: text/html", "", `<p>See <img src="cid:flame%2B1" alt="flame"> <script>x</script><b>now</b></p><blockquote>Which color?</blockquote>`,
	"--1", "Content-Type: image/png", "Content-Id: <flame+1>", "Content-Transfer-Encoding: base64", "", png,
	"--1", "Content-Disposition: attachment; filename=log.txt", "", "the log", "--1--", "")

// asMail is the header of a request whose body is an e-mail.
var asMail = header{"Content-Type", "message/rfc822"}

// receive posts an e-mail as the program that receives them.
func (a *account) receive(ticket, mail string) (c comment, replayed bool) {
	a.t.Helper()
	r := a.must(201, "relay", "POST", ticket+"/emails", mail, asMail)
	r.decode(a.t, &c)
	return c, r.header.Get("Idempotent-Replayed") == "true"
}

// whole returns all that is sealed of a comment.
func (a *account) whole(ticket, comment string) threads.Comment {
	a.t.Helper()
	id, err := domain.ParseTicketID(strings.TrimPrefix(ticket, "/v1/tickets/"))
	if err != nil {
		a.t.Fatal(err)
	}
	c, err := threads.NewReader(a.pool, a.vault, 0).GetWhole(a.t.Context(), a.id, id, domain.CommentID(uuid.MustParse(comment)), domain.Actor{Kind: domain.ActorAgent})
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// TestEmail: an e-mail becomes a comment of its sender, with its files, and is kept.
func TestEmail(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	c, _ := a.receive(ticket, burning)
	if c.AuthorType != "CUSTOMER" || c.IsInternal || !strings.Contains(c.Content, "now") || !strings.Contains(c.Content, "Which color?") || strings.Contains(c.Content, "x<") {
		t.Errorf("the comment is %+v", c)
	}
	ann, err := a.directory.UserByEmail(t.Context(), a.id, "ANN@example.org")
	if err != nil || ann.Name != "Ann" || ann.Role != directory.RoleCustomer || c.AuthorCustomerID == nil || *c.AuthorCustomerID != ann.ID.String() {
		t.Errorf("the sender is %+v, %v", ann, err)
	}
	whole := a.whole(ticket, c.ID)
	if flags := whole.Flags.List(); whole.Channel != domain.ChannelEmail || fmt.Sprint(flags) != "[2 4 11 21 22]" {
		t.Errorf("by %v, with the flags %v", whole.Channel, flags)
	}
	var names []string
	for _, f := range whole.Document.Attachments {
		names = append(names, fmt.Sprintf("%s %s %d %t %t", f.Name, f.Type, f.Size, f.Inline, f.Original))
	}
	want := fmt.Sprintf("unnamed image/png 70 true false, log.txt text/plain 7 false false, original.eml message/rfc822 %d false true", len(burning))
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("files: %s\nwant   %s", got, want)
	}
	if !strings.Contains(whole.Document.HTML, `<img src="`+a.url+`/attachments/token/`) || strings.Contains(whole.Document.HTML, "script") {
		t.Errorf("html: %s", whole.Document.HTML)
	}
	if whole.Document.Source != `{"from":{"address":"ann@example.org","name":"Ann","original_recipients":["help@example.com","boss@example.org"]},"to":{"address":"help@example.com","email_ccs":["boss@example.org"]}}` {
		t.Errorf("source: %s", whole.Document.Source)
	}
	original := ticket + "/comments/" + c.ID + "/original"
	if r := a.must(200, "auditor", "GET", original, ""); string(r.body) != burning || r.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the original is %d bytes", len(r.body))
	}
	a.must(403, "agent", "GET", original, "")
	a.must(404, "auditor", "GET", a.comment("agent", ticket, "no e-mail", false)+"/original", "")
}

// TestLargeFileOfEmail: a file that is larger than the account's files may be is not kept, and
// the comment says so.
func TestLargeFileOfEmail(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{MaxAttachmentMB: 1})
	ticket := a.ticket()
	large := strings.Repeat("0123456789abcde\r\n", 1<<16)
	c, _ := a.receive(ticket, mailOf("From: ann@example.org", "Content-Type: multipart/mixed; boundary=1", "", "--1", "Content-Type: text/plain", "", "see below",
		"--1", "Content-Disposition: attachment; filename=large.log", "", large, "--1", "Content-Disposition: attachment; filename=small.log", "", "the log", "--1--", ""))
	whole := a.whole(ticket, c.ID)
	if len(whole.Document.Attachments) != 2 || whole.Document.Attachments[0].Name != "small.log" || !whole.Document.Attachments[1].Original {
		t.Errorf("files: %+v; want the small one and the e-mail", whole.Document.Attachments)
	}
	if !whole.Flags.Has(domain.FlagFileTooLarge) || whole.Document.Flagged != `{"5":{"trusted":true,"message":{"file":"large.log","account_limit":"1"}}}` {
		t.Errorf("flags %v: %s", whole.Flags.List(), whole.Document.Flagged)
	}
	a.must(201, "redactor", "POST", ticket+"/comments/"+c.ID+"/redactions", `{"text":"large"}`)
	if got := a.whole(ticket, c.ID).Document.Flagged; got != `{"5":{"trusted":true,"message":{"file":"▇▇▇▇.log","account_limit":"1"}}}` {
		t.Errorf("redacted: %s", got)
	}
}

// TestEmailComesAgain: one e-mail, one comment, also if it comes twice at a time.
func TestEmailComesAgain(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	ids := make([]string, 6)
	var receiving sync.WaitGroup
	for i := range ids {
		receiving.Go(func() {
			c, _ := a.receive(ticket, burning)
			ids[i] = c.ID
		})
	}
	receiving.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("it became %v", ids)
		}
	}
	if _, replayed := a.receive(ticket, burning); !replayed {
		t.Error("it was not said to have come before")
	}
	var waiting int
	if err := a.pool.QueryRow(t.Context(), "SELECT count(*) FROM log.files WHERE expires_at > now()").Scan(&waiting); err != nil || waiting != 0 {
		t.Errorf("%d files wait, %v", waiting, err)
	}
	if c, _ := a.receive(a.ticket(), burning); c.ID == ids[0] {
		t.Error("on another ticket it is the same comment")
	}
	odd := mailOf("From: a@example.org", "", "no id")
	one, _ := a.receive(ticket, odd)
	if other, _ := a.receive(ticket, odd); other.ID == one.ID {
		t.Error("an e-mail without a Message-ID was taken for another one")
	}
}

// TestEmailAuthors: whoever the sender may be taken for.
func TestEmailAuthors(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	agent := a.users["agent"].String()
	if _, _, err := a.directory.PutUser(t.Context(), a.id, a.users["agent"], directory.Profile{Role: directory.RoleAgent, Email: "agent@acme.example", Active: true}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, mail, by string
	}{
		{"an agent", mailOf("From: agent@ACME.example", "", "x"), "AGENT " + agent},
		{"somebody in an agent's name", mailOf("From: agent@acme.example", "Authentication-Results: mx; dmarc=fail", "", "x"), "SYSTEM " + a.users["relay"].String()},
		{"nobody", mailOf("Subject: x", "", "x"), "SYSTEM " + a.users["relay"].String()},
		{"an address that is none", mailOf("From: <"+strings.Repeat("x", 300)+"@example.org>", "", "x"), "SYSTEM " + a.users["relay"].String()},
		{"what is no e-mail", "hello", "SYSTEM " + a.users["relay"].String()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := a.receive(ticket, tt.mail)
			if c.AuthorUserID == nil || c.AuthorType+" "+*c.AuthorUserID != tt.by {
				t.Errorf("by %s %v; want %s", c.AuthorType, c.AuthorUserID, tt.by)
			}
		})
	}
}

// TestEmailIsRefused: and nothing of it is kept.
func TestEmailIsRefused(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	closed := a.ticket()
	a.closeTicket(closed)
	big := "Subject: x\r\n\r\n" + strings.Repeat(base64.StdEncoding.EncodeToString(make([]byte, 57))+"\r\n", 25<<20/78+1)
	for _, tt := range []struct {
		name, who, path, kind, mail string
		status                      int
	}{
		{"another type", "relay", ticket, "text/plain", burning, 415},
		{"another key", "agent", ticket, "message/rfc822", burning, 403},
		{"a customer", "customer", ticket, "message/rfc822", burning, 403},
		{"a closed ticket", "relay", closed, "message/rfc822", burning, 409},
		{"an unknown ticket", "relay", "/v1/tickets/00000000-0000-4000-8000-000000000000", "message/rfc822", burning, 404},
		{"too much", "relay", ticket, "message/rfc822", big, 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a.must(tt.status, tt.who, "POST", tt.path+"/emails", tt.mail, header{"Content-Type", tt.kind})
		})
	}
	var left int
	if err := a.pool.QueryRow(t.Context(), "SELECT count(*) FROM log.files").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d files are left, %v", left, err)
	}
	if _, err := a.directory.UserByEmail(t.Context(), a.id, "ann@example.org"); err == nil {
		t.Error("the sender of what was refused was introduced")
	}
}

// TestEmailRedaction: what is redacted in the comment is redacted in the e-mail, which is
// written anew without its files; if all of the comment is, the e-mail is gone.
func TestEmailRedaction(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	c, _ := a.receive(ticket, mailOf("From: Ann <ann@example.org>", "Subject: =?utf-8?Q?PIN_4711=2D08?=", "Content-Type: multipart/mixed; boundary=1", "",
		"--1", "Content-Type: multipart/alternative; boundary=2", "", "--2", "Content-Transfer-Encoding: quoted-printable", "", "My PIN is 4711-=", "08, really.",
		"--2", "Content-Type: text/html", "", "<p>My PIN is 47<i>11</i>-08, <b>really</b>.</p>", "--2--",
		"--1", "Content-Disposition: attachment; filename=4711-08.txt", "", "4711-08", "--1--", ""))
	path := ticket + "/comments/" + c.ID
	old := a.whole(ticket, c.ID).Document.Attachments
	a.must(201, "redactor", "POST", path+"/redactions", `{"text":"4711-08"}`)
	now := mail.Parse(a.must(200, "auditor", "GET", path+"/original", "").body)
	if now.Text != "My PIN is ▇▇▇▇, really." || now.HTML != "<p>My PIN is ▇▇▇▇, <b>really</b>.</p>" && !strings.Contains(now.HTML, "▇▇▇▇") ||
		now.Subject != "PIN ▇▇▇▇" || now.From[0].Address != "ann@example.org" || len(now.Files) != 0 {
		t.Errorf("the original is now %+v", now)
	}
	if strings.Contains(now.HTML, "08") || strings.Contains(now.HTML, "47") {
		t.Errorf("left: %s", now.HTML)
	}
	files := a.whole(ticket, c.ID).Document.Attachments
	if len(files) != 2 || files[0].Name != "▇▇▇▇.txt" || files[0].Number != old[0].Number || files[1].Number == old[1].Number || files[1].Blob == old[1].Blob {
		t.Errorf("files: %+v", files)
	}
	var removed int64
	if err := a.pool.QueryRow(t.Context(), "SELECT number FROM log.files WHERE removed_at_position IS NOT NULL").Scan(&removed); err != nil || removed != old[1].Number {
		t.Errorf("file %d is to go, %v; want %d", removed, err, old[1].Number)
	}
	a.must(201, "redactor", "POST", path+"/redactions", `{"all":true}`)
	a.must(404, "auditor", "GET", path+"/original", "")
}
