package v1_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/httpapi/directory"
)

var varies = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[0-9:.]+Z`)

// TestPublicWebhook: what an endpoint for what is public receives is the same, but for ids
// and times, whether or not there are notes; and so is what the API says of it.
func TestPublicWebhook(t *testing.T) {
	var worlds [2][]string
	for i, notes := range []int{0, 40} {
		a := newStack(t).account("acme", directory.Settings{})
		r := newReceiver(t)
		h := a.hook(r, `"text":true,"mode":"strict"`)
		a.dispatch()
		ticket := a.ticket()
		for n := range 3 {
			for k := range notes {
				note := a.comment("agent", ticket, fmt.Sprint("note ", k), true)
				if k%3 == 0 {
					a.must(200, "agent", "PATCH", note, `{"content":"another note"}`)
				}
				if k%3 == 1 {
					a.must(204, "agent", "DELETE", note, "")
				}
			}
			public := a.comment("agent", ticket, fmt.Sprint("public ", n), false)
			r.await(3*n + 2)
			a.must(200, "agent", "PATCH", public, `{"content":"edited"}`)
			r.await(3*n + 3)
			a.must(200, "redactor", "POST", public+"/make_private", "")
			a.must(200, "agent", "PATCH", public, `{"content":"of no concern any more"}`)
			r.await(3*n + 4)
		}
		eventually(t, func() bool { return len(a.attempts(&h)) == 10 })
		for _, m := range r.messages() {
			worlds[i] = append(worlds[i], varies.ReplaceAllString(string(m.body), "x"))
			if m.Type == "commentd.comment.made_private" && m.Data.Comment != nil {
				t.Errorf("of a comment that has become a note the endpoint is sent %s", m.body)
			}
		}
	}
	if !slices.Equal(worlds[0], worlds[1]) {
		t.Errorf("without notes: %s\nwith notes:    %s", strings.Join(worlds[0], "\n"), strings.Join(worlds[1], "\n"))
	}
}

// TestAllWebhook: an endpoint for all hears of notes, and where each event stands in its
// ticket.
func TestAllWebhook(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	r := newReceiver(t)
	a.hook(r, `"visibility":"all","text":true,"mode":"strict"`)
	a.dispatch()
	note := a.comment("agent", a.ticket(), "a note", true)
	got := r.await(2)
	if m := got[1]; !m.Data.Internal || m.Data.Version != 2 || m.Data.Comment == nil || m.Data.Comment.Content != "a note" || !strings.HasSuffix(note, m.Data.CommentID) {
		t.Errorf("the second message = %s", m.body)
	}
}

// TestLateBodies: an event that is sent again is sent as it may be told then: redacted, or
// not at all. Nothing that was redacted leaves after the redaction.
func TestLateBodies(t *testing.T) {
	for _, mode := range []string{"strict", "skip_and_retry"} {
		t.Run(mode, func(t *testing.T) {
			a := newStack(t).account("acme", directory.Settings{})
			r := newReceiver(t)
			r.answering(func(int, message) int { return http.StatusInternalServerError })
			ticket := a.ticket()
			a.hook(r, fmt.Sprintf(`"text":true,"mode":%q,"types":["comment.created","comment.made_private"]`, mode))
			a.dispatch(func(c *webhook.Config) { c.Schedule = slices.Repeat([]time.Duration{20 * time.Millisecond}, 10_000) })
			path := a.comment("agent", ticket, "the card 4111111111111111 is mine", false)
			if first := r.await(1)[0]; !strings.Contains(first.Data.Comment.Content, "4111111111111111") {
				t.Errorf("before the redaction came %s", first.body)
			}
			a.must(201, "redactor", "POST", path+"/redactions", `{"text":"4111111111111111"}`)
			n := len(r.messages())
			r.await(n + 3) // one of them may have been on its way
			for _, m := range r.messages()[n+1:] {
				if strings.Contains(string(m.body), "4111") || !strings.Contains(m.Data.Comment.Content, "is mine") {
					t.Errorf("after the redaction came %s", m.body)
				}
			}
			a.must(200, "redactor", "POST", path+"/make_private", "")
			n = len(r.messages())
			r.answering(nil)
			got := r.await(n + 1)
			eventually(t, func() bool {
				got = r.messages()
				return got[len(got)-1].Type == "commentd.comment.made_private"
			})
			for _, m := range got[n+1:] {
				if m.Data.Comment != nil {
					t.Errorf("of a note came %s", m.body)
				}
			}
		})
	}
}

// TestWebhookFilters: only what was asked for is sent.
func TestWebhookFilters(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket, other := a.ticket(), a.ticket()
	edits, one, end := newReceiver(t), newReceiver(t), newReceiver(t)
	a.hook(edits, `"types":["comment.edited","comment.edited"]`)
	a.hook(one, fmt.Sprintf(`"ticket_id":%q`, strings.TrimPrefix(other, "/v1/tickets/")))
	a.hook(end, `"mode":"strict"`)
	a.dispatch()
	first, second := a.comment("agent", ticket, "text", false), a.comment("agent", other, "text", false)
	a.must(200, "agent", "PATCH", first, `{"content":"new"}`)
	end.await(3)
	if got := edits.await(1); len(got) != 1 || got[0].Type != "commentd.comment.edited" || !strings.HasSuffix(first, got[0].Data.CommentID) {
		t.Errorf("who asked for edits got %d messages, the first %s", len(got), got[0].body)
	}
	if got := one.await(1); len(got) != 1 || !strings.HasSuffix(second, got[0].Data.CommentID) {
		t.Errorf("who asked for a ticket got %d messages, the first %s", len(got), got[0].body)
	}
}

// TestWebhookSecrets: neither URLs nor secrets can be read in the database, and nothing
// that was written is in the schema at all.
func TestWebhookSecrets(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	r := newReceiver(t)
	h := a.hook(r, `"text":true`)
	a.dispatch()
	const text = "c4n4ry-of-a-text"
	a.comment("agent", a.ticket(), text, false)
	r.await(2)
	eventually(t, func() bool { return len(a.attempts(&h)) == 2 })
	for _, table := range []string{"endpoints", "late", "attempts", "members"} {
		rows, err := a.pool.Query(t.Context(), "SELECT t::text FROM webhooks."+table+" t")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var row string
			if err := rows.Scan(&row); err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{h.Secret[6:], "s3cret", "127.0.0.1", text} {
				if strings.Contains(row, secret) || bytes.Contains([]byte(row), []byte(hex.EncodeToString([]byte(secret)))) {
					t.Errorf("a row of %s holds %q", table, secret)
				}
			}
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
	}
	if got := a.must(200, "admin", "GET", "/v1/webhooks", ""); strings.Contains(string(got.body), "whsec_") {
		t.Errorf("the secret is shown again: %s", got.body)
	}
}

// TestRotation: for a while both secrets sign, and after another rotation the first does
// not.
func TestRotation(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	r := newReceiver(t)
	h := a.hook(r, `"mode":"strict"`)
	a.dispatch()
	secrets := []string{h.Secret}
	ticket := a.ticket()
	for {
		// What was sent under the old secret when it was replaced is sent again.
		var last message
		eventually(t, func() bool {
			got := r.messages()
			if len(got) > 0 {
				last = got[len(got)-1]
			}
			return len(got) > 0 && last.signed(secrets[len(secrets)-1])
		})
		for i, secret := range secrets {
			if want := i >= len(secrets)-2; last.signed(secret) != want {
				t.Errorf("after %d rotations, signed with secret %d: %v", len(secrets)-1, i, !want)
			}
		}
		if len(secrets) == 3 {
			return
		}
		h.read(t, a.must(200, "admin", "POST", h.path()+"/rotate_secret", ""))
		secrets = append(secrets, h.Secret)
		a.comments(ticket, 1)
	}
}

// TestReplay: from the beginning, from an attempt on, from a time on.
func TestReplay(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	r := newReceiver(t)
	ticket := a.ticket()
	ids := a.comments(ticket, 2)
	h := a.hook(r, `"mode":"strict","types":["comment.created"]`)
	a.dispatch()
	ids = append(ids, a.comments(ticket, 3)...)
	first := r.await(3)
	if sent := about(first); !slices.Equal(sent, ids[2:]) {
		t.Fatalf("comments = %v; want those made after the webhook, %v", sent, ids[2:])
	}
	eventually(t, func() bool { return len(a.attempts(&h)) == 3 })
	cursor, at := *a.attempts(&h)[1].Cursor, first[1].Time
	n := 3
	for _, tt := range []struct {
		body string
		want []string
	}{
		{`{"from":"beginning"}`, ids},
		{fmt.Sprintf(`{"from":%q}`, cursor), ids[3:]},
		{fmt.Sprintf(`{"since":%q}`, at), ids[3:]},
		{`{"since":"2000-01-01T00:00:00Z"}`, ids},
	} {
		eventually(t, func() bool { return len(a.attempts(&h)) == n }) // or else they would be sent again
		a.must(202, "admin", "POST", h.path()+"/replay", tt.body)
		got := r.await(n + len(tt.want))[n:]
		n += len(tt.want)
		if sent := about(got); !slices.Equal(sent, tt.want) {
			t.Errorf("replay %s sent %v; want %v", tt.body, sent, tt.want)
		}
		for _, m := range got {
			for _, before := range first {
				if m.Data.CommentID == before.Data.CommentID && m.header.Get("webhook-id") != before.header.Get("webhook-id") {
					t.Errorf("replay %s sent an event under another id", tt.body)
				}
			}
		}
	}
	ids = append(ids, a.comments(ticket, 1)...)
	if got := r.await(n + 1); got[n].Data.CommentID != ids[5] {
		t.Errorf("after the replays came %s", got[n].body)
	}
	other := a.hook(r, "")
	for _, body := range []string{
		`{}`, `{"failed":false}`, `{"from":"now"}`, `{"since":"yesterday"}`, `{"from":"beginning","failed":true}`, `{"from":"AAAAAAAAAAAAAAAAAAAAAA"}`,
	} {
		a.must(422, "admin", "POST", h.path()+"/replay", body)
	}
	a.must(422, "admin", "POST", other.path()+"/replay", fmt.Sprintf(`{"from":%q}`, cursor)) // it is another webhook's
}

// TestInstances: two instances share the webhooks; each event is sent once while nobody is
// stopped, and what one of them leaves behind the other goes on with.
func TestInstances(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	var receivers []*receiver
	for range 8 {
		r := newReceiver(t)
		a.hook(r, `"mode":"strict","types":["comment.created"]`)
		receivers = append(receivers, r)
	}
	stop := a.dispatch()
	a.dispatch()
	shares := func() (n []int) {
		rows, err := a.pool.Query(context.Background(), "SELECT count(*) FROM webhooks.endpoints WHERE member_id IS NOT NULL GROUP BY member_id")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var k int
			if err := rows.Scan(&k); err != nil {
				t.Fatal(err)
			}
			n = append(n, k)
		}
		return n
	}
	eventually(t, func() bool { return slices.Equal(shares(), []int{4, 4}) })
	ticket := a.ticket()
	sent := a.comments(ticket, 20)
	for _, r := range receivers {
		r.await(20)
	}
	stop()
	eventually(t, func() bool { return slices.Equal(shares(), []int{8}) })
	sent = append(sent, a.comments(ticket, 20)...)
	for i, r := range receivers {
		if got := r.await(40); len(got) != 40 || !slices.Equal(about(got), sent) {
			t.Errorf("receiver %d got %d messages about %d comments; want 40, in order", i, len(got), len(about(got)))
		}
	}
}
