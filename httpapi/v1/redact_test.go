package v1_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/directory"
)

const mask = "▇▇▇▇"

// redaction is what POST …/redactions answers.
type redaction struct {
	Comment  comment  `json:"comment"`
	Receipt  *receipt `json:"receipt"`
	NearHits []string `json:"near_hits"`
}

type receipt struct {
	EventID        uuid.UUID  `json:"event_id"`
	Position       int64      `json:"position"`
	KeyDestroyedAt *time.Time `json:"key_destroyed_at"`
	ErasureHorizon *int64     `json:"erasure_horizon"`
}

func (a *account) redact(status int, path, body string) (r redaction, location string) {
	a.t.Helper()
	answer := a.must(status, "redactor", "POST", path+"/redactions", body)
	answer.decode(a.t, &r)
	return r, answer.header.Get("Location")
}

func TestRedactText(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	path := a.comment("agent", ticket, "My number is 987-65-4320, again: 987-65-4320.", false)
	a.must(200, "agent", "PATCH", path, `{"content":"It was 987-65-4320, forget it."}`)
	before := a.list("customer", ticket)
	a.closeTicket(ticket)

	r, location := a.redact(201, path, `{"text":"987-65-4320"}`)
	if r.Comment.Content != "It was "+mask+", forget it." || r.Receipt == nil || r.Receipt.Position == 0 ||
		r.Receipt.KeyDestroyedAt != nil || r.Receipt.ErasureHorizon == nil {
		t.Errorf("redact = %+v, receipt %+v", r.Comment, r.Receipt)
	}
	after := a.list("customer", ticket)
	if after[0].Content != r.Comment.Content || after[0].UpdatedAt <= before[0].UpdatedAt {
		t.Errorf("the customer sees %+v; want what the redaction showed, changed since %s", after[0], before[0].UpdatedAt)
	}
	var followed receipt
	a.must(200, "redactor", "GET", location, "").decode(t, &followed)
	if !cmp.Equal(followed, *r.Receipt) {
		t.Errorf("the receipt at %s is %+v; want %+v", location, followed, *r.Receipt)
	}
	// The text is no longer there to be found, in no version.
	if got := a.must(422, "redactor", "POST", path+"/redactions", `{"text":"987-65-4320"}`); strings.Contains(string(got.body), "987") {
		t.Errorf("the refusal says %s", got.body)
	}
	if texts := a.openAll(path); len(texts) != 2 || strings.Contains(strings.Join(texts, " "), "987") {
		t.Errorf("the versions are %q; want two without the number", texts)
	}
}

// TestNearHits: what only looks like what was hidden is shown to whoever hid it, who can
// hide it, too.
func TestNearHits(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	path := a.comment("agent", a.ticket(), "PIN 4711, in full width ４７１１.", false)
	r, _ := a.redact(201, path, `{"text":"4711"}`)
	if want := []string{"４７１１"}; !cmp.Equal(r.NearHits, want) || r.Comment.Content != "PIN "+mask+", in full width ４７１１." {
		t.Errorf("near hits %q in %q; want %q", r.NearHits, r.Comment.Content, want)
	}
	r, _ = a.redact(201, path, `{"text":"４７１１"}`)
	if len(r.NearHits) > 0 || r.Comment.Content != "PIN "+mask+", in full width "+mask+"." {
		t.Errorf("near hits %q in %q; want none", r.NearHits, r.Comment.Content)
	}
}

func TestRedactMarksAndAll(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	path := a.comment("customer", ticket, "Tom & Jerry <tom@example.com>", false)
	html := `<div class="zd-comment" dir="auto"><p dir="auto">Tom &amp; <redact>Jerry</redact> &lt;tom@example.com&gt;</p></div>`
	r, _ := a.redact(201, path, fmt.Sprintf(`{"html_body":%q}`, html))
	if want := "Tom & " + mask + " <tom@example.com>"; r.Comment.Content != want {
		t.Errorf("redact marks = %q; want %q", r.Comment.Content, want)
	}
	// What bears no marks changes nothing, and is no way to edit.
	unmarked := strings.NewReplacer("<redact>Jerry</redact>", mask).Replace(html)
	if r, _ := a.redact(200, path, fmt.Sprintf(`{"html_body":%q}`, unmarked)); r.Receipt != nil {
		t.Errorf("html without marks gives the receipt %+v", r.Receipt)
	}
	a.must(422, "redactor", "POST", path+"/redactions", fmt.Sprintf(`{"html_body":%q}`, strings.Replace(html, "Tom", "Tim", 1)))

	if r, _ := a.redact(201, path, `{"all":true}`); r.Comment.Content != mask {
		t.Errorf("redact all = %q; want %q", r.Comment.Content, mask)
	}
	if r, _ := a.redact(200, path, `{"all":true}`); r.Receipt != nil || r.Comment.Content != mask {
		t.Errorf("redact all again = %+v, %+v; want no change", r.Comment, r.Receipt)
	}
}

func TestRedactionIsRefused(t *testing.T) {
	s := newStack(t)
	a, other := s.account("acme", directory.Settings{}), s.account("other", directory.Settings{})
	ticket := a.ticket()
	path := a.comment("agent", ticket, "text", false) + "/redactions"
	for _, tt := range []struct {
		body   string
		status int
		names  string
	}{
		{`{}`, 422, "text"},
		{`{"text":"text","all":true}`, 422, "text"},
		{`{"text":"text","html_body":"x"}`, 422, "text"},
		{`{"text":null}`, 422, "text"},
		{`{"text":""}`, 422, "text"},
		{`{"text":" \u00a0"}`, 422, "text"},
		{`{"text":"\u200b\u00ad"}`, 422, "text"},
		{`{"text":"absent"}`, 422, "text"},
		{`{"text":"te\u0000xt"}`, 422, "text"},
		{`{"text":"` + strings.Repeat("x", 65_537) + `"}`, 422, "65,536"},
		{`{"html_body":null}`, 422, "html_body"},
		{`{"html_body":"<redact>text"}`, 422, "html_body"},
		{`{"all":false}`, 422, "all"},
		{`{"all":"yes"}`, 400, "all"},
		{`{"text":7}`, 400, "text"},
		{`[]`, 400, ""},
	} {
		r := a.do("redactor", "POST", path, tt.body)
		if r.status != tt.status || !strings.Contains(string(r.body), tt.names) {
			t.Errorf("redact %s = %d %s; want %d, naming %s", tt.body, r.status, r.body, tt.status, tt.names)
		}
	}
	// Another account's redactor finds nothing.
	for _, request := range [][2]string{{"POST", path}, {"POST", strings.TrimSuffix(path, "/redactions") + "/make_private"}} {
		if r := other.do("redactor", request[0], request[1], `{"all":true}`); r.status != 404 {
			t.Errorf("%s %s from another account = %d", request[0], request[1], r.status)
		}
	}
	_, location := a.redact(201, strings.TrimSuffix(path, "/redactions"), `{"all":true}`)
	other.must(404, "redactor", "GET", location, "")
}

func TestMaskOfTheAccount(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{Mask: domain.MaskPerCharacter})
	path := a.comment("agent", a.ticket(), "call 030 123", false)
	if r, _ := a.redact(201, path, `{"text":"030 123"}`); r.Comment.Content != "call ▇▇▇ ▇▇▇" {
		t.Errorf("redact = %q", r.Comment.Content)
	}
}

// An edit that brings the text back while it is being redacted loses, or comes after:
// whatever the comment says in the end, no version from before says it.
func TestRedactionRacesEdits(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	path := a.comment("agent", a.ticket(), "the word is swordfish", false)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for k := range 6 {
				r := a.do("agent", "PATCH", path, fmt.Sprintf(`{"content":"edit %d.%d"}`, n, k))
				if r.status != 200 && r.status != 409 {
					t.Errorf("edit = %d %s", r.status, r.body)
				}
			}
		})
	}
	for range 4 {
		wg.Go(func() {
			if r := a.do("redactor", "POST", path+"/redactions", `{"text":"swordfish"}`); r.status != 201 && r.status != 422 {
				t.Errorf("redact = %d %s", r.status, r.body)
			}
		})
	}
	wg.Wait()
	for _, text := range a.openAll(path) {
		if strings.Contains(text, "swordfish") {
			t.Errorf("a version says %q", text)
		}
	}
	var contents, named int
	if err := a.pool.QueryRow(t.Context(), "SELECT count(*) FROM log.contents").Scan(&contents); err != nil {
		t.Fatal(err)
	}
	if named = len(a.openAll(path)); contents != named {
		t.Errorf("there are %d contents for %d versions", contents, named)
	}
}

// openAll returns every text of the comment at path that is still there, oldest first.
func (a *account) openAll(path string) (texts []string) {
	a.t.Helper()
	parts := strings.Split(path, "/")
	ticket, err := domain.ParseTicketID(parts[3])
	if err != nil {
		a.t.Fatal(err)
	}
	id, err := domain.ParseCommentID(parts[5])
	if err != nil {
		a.t.Fatal(err)
	}
	recorded, err := a.store.ReadComment(a.t.Context(), a.id, ticket, id, 0)
	if err != nil {
		a.t.Fatal(err)
	}
	var events []domain.Event
	for _, r := range recorded {
		e, err := r.Decode()
		if err != nil {
			a.t.Fatal(err)
		}
		events = append(events, e)
	}
	for _, v := range domain.Versions(events) {
		texts = append(texts, a.open(ticket, id, v.Content))
	}
	return texts
}

// open opens a content and checks it against the event that brought it.
func (a *account) open(ticket domain.TicketID, comment domain.CommentID, content domain.ContentRef) string {
	a.t.Helper()
	var bucket int64
	var sealed []byte
	if err := a.pool.QueryRow(a.t.Context(), "SELECT bucket_id, sealed FROM log.contents WHERE content_id = $1", uuid.UUID(content.ID)).
		Scan(&bucket, &sealed); err != nil {
		a.t.Fatal(err)
	}
	document, err := a.vault.OpenVerified(a.t.Context(), vault.OfComment(a.id, ticket, comment, content.ID), bucket, sealed, content.Digest)
	if err != nil {
		a.t.Fatal(err)
	}
	d, err := vault.DecodeDocument(document)
	if err != nil {
		a.t.Fatal(err)
	}
	return d.Body
}
