package v1_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/httpapi/directory"
)

// comments adds n comments to a ticket and returns their ids.
func (a *account) comments(ticket string, n int) (ids []string) {
	a.t.Helper()
	for i := range n {
		path := a.comment("agent", ticket, fmt.Sprint("text ", i), false)
		ids = append(ids, path[strings.LastIndexByte(path, '/')+1:])
	}
	return ids
}

// about lists the comments that messages are about, each once, in the order of the first.
func about(messages []message) (ids []string) {
	for _, m := range messages {
		if !slices.Contains(ids, m.Data.CommentID) {
			ids = append(ids, m.Data.CommentID)
		}
	}
	return ids
}

// attempts lists what was sent to the webhook, newest first.
func (a *account) attempts(h *hook) (all []attempt) {
	a.t.Helper()
	a.must(200, "admin", "GET", h.path()+"/attempts?limit=1000", "").decode(a.t, &all)
	return all
}

// attempt is an attempt as a client sees it.
type attempt struct {
	At         string  `json:"at"`
	EventID    string  `json:"event_id"`
	Type       string  `json:"type"`
	Try        int     `json:"try"`
	Outcome    string  `json:"outcome"`
	StatusCode *int    `json:"status_code"`
	DurationMS *int64  `json:"duration_ms"`
	Cursor     *string `json:"cursor"`
}

// failing answers 503 to the first n requests about each event.
func failing(n int) func(int, message) int {
	var mu sync.Mutex
	tries := map[string]int{}
	return func(_ int, m message) int {
		mu.Lock()
		defer mu.Unlock()
		if tries[m.ID]++; tries[m.ID] <= n {
			return http.StatusServiceUnavailable
		}
		return http.StatusNoContent
	}
}

// TestStrict: an event that is not taken is sent again, under the same id, before those
// after it.
func TestStrict(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	r := newReceiver(t)
	r.answering(failing(2))
	h := a.hook(r, `"mode":"strict"`)
	a.dispatch()
	ids := a.comments(a.ticket(), 5)
	got := r.await(3 * 6) // a ticket, and its comments
	for i := range got {
		if i%3 > 0 && got[i].header.Get("webhook-id") != got[i-1].header.Get("webhook-id") {
			t.Fatalf("request %d is about %s before the event of the request before was taken", i, got[i].Type)
		}
	}
	if got := about(got[3:]); !slices.Equal(got, ids) {
		t.Errorf("comments came in the order %v; want %v", got, ids)
	}
	eventually(t, func() bool { return len(a.attempts(&h)) == 18 })
	for i, at := range a.attempts(&h) { // newest first
		want := attempt{Outcome: "refused", Try: 3 - i%3}
		if i%3 == 0 {
			want.Outcome = "delivered"
		}
		if at.Outcome != want.Outcome || at.Try != want.Try || at.StatusCode == nil || at.DurationMS == nil || at.Cursor == nil {
			t.Errorf("attempt %d = %+v; want %+v", i, at, want)
		}
	}
}

// TestSkip: an event that is not taken is tried again later, and given up in the end; the
// others do not wait. What was given up can be asked for.
func TestSkip(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	r := newReceiver(t)
	ticket := a.ticket()
	h := a.hook(r, "")
	bad := a.comment("agent", ticket, "bad", false)
	r.answering(func(_ int, m message) int {
		if strings.HasSuffix(bad, m.Data.CommentID) {
			return http.StatusBadRequest
		}
		return http.StatusOK
	})
	ids := a.comments(ticket, 10)
	a.dispatch()
	eventually(t, func() bool { return len(a.attempts(&h)) == 3+10 }) // twice again, and that is the end of it
	var sent []string
	tries := 0
	for _, m := range r.messages() {
		if strings.HasSuffix(bad, m.Data.CommentID) {
			tries++
		} else {
			sent = append(sent, m.Data.CommentID)
		}
	}
	slices.Sort(sent)
	slices.Sort(ids)
	if tries != 3 || !slices.Equal(sent, ids) {
		t.Errorf("the bad event was sent %d times, the others %v; want 3, and each once %v", tries, sent, ids)
	}
	r.answering(nil)
	a.must(202, "admin", "POST", h.path()+"/replay", `{"failed":true}`)
	got := r.await(14)
	if last := got[13]; !strings.HasSuffix(bad, last.Data.CommentID) || last.header.Get("webhook-id") != last.ID {
		t.Errorf("after the replay came %s", last.body)
	}
	eventually(t, func() bool { return a.late(&h) == 0 })
}

// late counts the events of the webhook that a cursor has passed by.
func (a *account) late(h *hook) (n int) {
	a.t.Helper()
	if err := a.pool.QueryRow(a.t.Context(), "SELECT count(*) FROM webhooks.late WHERE endpoint_id = $1", h.ID).Scan(&n); err != nil {
		a.t.Fatal(err)
	}
	return n
}

// TestGone: 410 disables a webhook. One that is enabled again goes on where it was.
func TestGone(t *testing.T) {
	for _, mode := range []string{"strict", "skip_and_retry"} {
		t.Run(mode, func(t *testing.T) {
			a := newStack(t).account("acme", directory.Settings{})
			r := newReceiver(t)
			r.answering(func(int, message) int { return http.StatusGone })
			ticket := a.ticket()
			h := a.hook(r, fmt.Sprintf(`"mode":%q`, mode))
			a.dispatch()
			ids := a.comments(ticket, 1)
			a.awaitOff(&h, "gone")
			ids = append(ids, a.comments(ticket, 3)...)
			if r := a.do("admin", "POST", h.path()+"/test", ""); r.status != 409 || r.code() != "webhook_disabled" {
				t.Errorf("a test of a disabled webhook = %d %s", r.status, r.body)
			}
			before := len(r.messages())
			r.answering(nil)
			h.read(t, a.must(200, "admin", "PATCH", h.path(), `{"enabled":true}`))
			if !h.Enabled || h.DisabledBecause != nil {
				t.Errorf("webhook = %+v; want it enabled", h)
			}
			got := r.await(before + 4)[before:]
			if sent := about(got); !same(sent, ids) || len(got) != 4 {
				t.Errorf("after it was enabled came %v; want %v", sent, ids)
			}
		})
	}
}

func same(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// awaitOff waits until the webhook is disabled for a reason.
func (a *account) awaitOff(h *hook, reason string) {
	a.t.Helper()
	eventually(a.t, func() bool {
		h.read(a.t, a.must(200, "admin", "GET", h.path(), ""))
		return !h.Enabled && h.DisabledBecause != nil && *h.DisabledBecause == reason
	})
}

// TestFailing: a webhook that has taken nothing for days is disabled, not one that has
// failed for a while.
func TestFailing(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	r := newReceiver(t)
	r.answering(func(int, message) int { return http.StatusInternalServerError })
	ticket := a.ticket()
	h := a.hook(r, `"mode":"strict"`)
	a.comments(ticket, 1)
	a.dispatch()
	r.await(4)
	eventually(t, func() bool {
		h.read(t, a.must(200, "admin", "GET", h.path(), ""))
		return h.FailingSince != nil
	})
	if !h.Enabled {
		t.Fatal("a webhook is disabled after a few failures")
	}
	if _, err := a.pool.Exec(t.Context(), "UPDATE webhooks.endpoints SET failing_since = now() - interval '5 days 1 second'"); err != nil {
		t.Fatal(err)
	}
	a.awaitOff(&h, "failing")
}

// TestHung: a webhook that does not answer holds up no other, of its account or of
// another, and is sent the rest once it answers.
func TestHung(t *testing.T) {
	s := newStack(t)
	a, b := s.account("acme", directory.Settings{}), s.account("other", directory.Settings{})
	release := make(chan struct{})
	free := sync.OnceFunc(func() { close(release) })
	hung := newReceiver(t)
	t.Cleanup(free) // before the server waits for its handlers
	hung.answering(func(int, message) int { <-release; return 200 })
	ours, theirs := newReceiver(t), newReceiver(t)
	for i := range 10 {
		a.hook(hung, []string{`"mode":"strict"`, `"mode":"skip_and_retry"`}[i%2])
	}
	a.hook(ours, `"mode":"strict"`)
	b.hook(theirs, "")
	s.dispatch(func(c *webhook.Config) { c.Timeout = time.Minute })
	ourTicket, theirTicket := a.ticket(), b.ticket()
	hung.await(10)
	ids := a.comments(ourTicket, 50)
	b.comments(theirTicket, 50)
	got := ours.await(51)
	theirs.await(51)
	if sent := about(got[1:]); !slices.Equal(sent, ids) {
		t.Errorf("comments came in the order %v; want %v", sent, ids)
	}
	free()
	eventually(t, func() bool { return len(about(hung.messages())) == 51 })
}

// TestRetryAfter: a webhook that asks to be left alone is.
func TestRetryAfter(t *testing.T) {
	for _, mode := range []string{"strict", "skip_and_retry"} {
		t.Run(mode, func(t *testing.T) {
			a := newStack(t).account("acme", directory.Settings{})
			r, control := newReceiver(t), newReceiver(t)
			r.header.Set("Retry-After", "3600")
			r.answering(func(int, message) int { return http.StatusTooManyRequests })
			h := a.hook(r, fmt.Sprintf(`"mode":%q`, mode))
			a.hook(control, `"mode":"strict"`)
			ticket := a.ticket()
			a.dispatch()
			r.await(1)
			var rest float64
			eventually(t, func() bool {
				err := a.pool.QueryRow(t.Context(), "SELECT extract(epoch FROM not_before - now())::float8 FROM webhooks.endpoints WHERE endpoint_id = $1", h.ID).Scan(&rest)
				if err != nil {
					t.Fatal(err)
				}
				return rest > 0
			})
			if rest < 3000 || rest > 3600 {
				t.Errorf("it is left alone for %v s; want 3600", rest)
			}
			a.comments(ticket, 20)
			control.await(21)
			if n := len(r.messages()); n != 1 {
				t.Errorf("%d requests were made; want 1", n)
			}
			// A test is sent nevertheless, and what succeeds ends the rest.
			r.answering(nil)
			var test struct {
				ID string `json:"event_id"`
			}
			a.must(202, "admin", "POST", h.path()+"/test", "").decode(t, &test)
			got := r.await(2)
			if got[1].ID != test.ID || got[1].Type != "commentd.webhook.test" || !got[1].signed(h.Secret) {
				t.Errorf("a test is %s %s", got[1].header, got[1].body)
			}
			if mode == "strict" {
				r.await(2 + 21)
			} else {
				r.await(2 + 20) // the first is late, and comes in an hour
			}
		})
	}
}
