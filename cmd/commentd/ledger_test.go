package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// A ledger is the other side's account of what was written: what was asked for, and
// what was answered. Whoever keeps it is never hit by the faults.
type ledger struct {
	t    *testing.T
	key  string
	name string // of its own

	mu           sync.Mutex
	entries      []*entry
	acknowledged atomic.Int64 // entries
	unsettled    atomic.Int64 // answers, or the lack of them, that left an entry open
	slowest      atomic.Int64 // nanoseconds until an answer came
}

// entry is a comment that was asked for, once or again and again.
type entry struct {
	ticket  string
	content string // and Idempotency-Key
	id      string // of the comment; empty until one is acknowledged
	refused bool   // every answer so far was that nothing had been written
}

func newLedger(t *testing.T, key string) *ledger {
	return &ledger{t: t, key: key, name: uuid.NewString()[:8]}
}

// loadClient is for many writers at a time. Nothing may take as long as its timeout.
var loadClient = &http.Client{
	Timeout:   25 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 256},
}

// write starts n writers, each of which goes from one API to the next. They pause
// after each comment. The function returned ends them; it may be called once.
func (l *ledger) write(n int, pause time.Duration, tickets []string, apis ...string) (stop func()) {
	var running sync.WaitGroup
	ended := make(chan struct{})
	for w := range n {
		running.Go(func() {
			for k := w; !l.t.Failed(); k++ {
				e := l.begin(tickets[k%len(tickets)], fmt.Sprintf("%s writer %d comment %d", l.name, w, k))
				err := l.post(apis[k%len(apis)], e)
				if err != nil && k%2 == 0 { // of what went wrong one half is tried again at once
					err = l.post(apis[(k+1)%len(apis)], e)
				}
				wait := pause
				if err != nil {
					wait = 5 * pause
				}
				select {
				case <-ended:
					return
				case <-l.t.Context().Done(): // the test has given up
					return
				case <-time.After(wait):
				}
			}
		})
	}
	return func() { close(ended); running.Wait() }
}

func (l *ledger) begin(ticket, content string) *entry {
	e := &entry{ticket: ticket, content: content, refused: true}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
	return e
}

// errUnsettled: whether the comment was written is not known.
var errUnsettled = errors.New("not acknowledged")

// post asks for e once. What is answered must be that it is there, or that this is
// not known or not possible at present; a failed connection is no answer.
func (l *ledger) post(api string, e *entry) error {
	request, err := http.NewRequest("POST", api+"/v1/tickets/"+e.ticket+"/comments", strings.NewReader(quoted(e.content)))
	if err != nil {
		return err
	}
	request.GetBody = nil // or the client would try again by itself, and not tell
	request.Header.Set("Authorization", "Bearer "+l.key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", e.content)
	began := time.Now()
	response, err := loadClient.Do(request)
	took := time.Since(began)
	for slowest := l.slowest.Load(); int64(took) > slowest && !l.slowest.CompareAndSwap(slowest, int64(took)); {
		slowest = l.slowest.Load()
	}
	if err != nil {
		e.refused = false
		if took >= loadClient.Timeout {
			l.t.Errorf("POST %q hangs: %v", e.content, err)
		}
		return l.leftOpen()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		e.refused = false
		return l.leftOpen()
	}
	var answer struct{ ID, Content, Code string }
	if err := json.Unmarshal(body, &answer); err != nil {
		l.t.Errorf("POST %q = %d %s", e.content, response.StatusCode, body)
	}
	switch {
	case response.StatusCode == 201:
		if e.id != "" && (answer.ID != e.id || response.Header.Get("Idempotent-Replayed") != "true") {
			l.t.Errorf("POST %q again = %s %v; want the comment %s", e.content, body, response.Header, e.id)
		}
		if answer.Content != e.content {
			l.t.Errorf("POST %q = %s", e.content, body)
		}
		if e.id == "" {
			l.acknowledged.Add(1)
		}
		e.id, e.refused = answer.ID, false
		return nil
	case response.StatusCode != 503 || response.Header.Get("Retry-After") == "":
		l.t.Errorf("POST %q = %d %s, %v; want 201, or 503 with Retry-After", e.content, response.StatusCode, body, response.Header)
	case answer.Code == "outcome_unknown":
		e.refused = false
	case answer.Code != "unavailable":
		l.t.Errorf("POST %q = %s", e.content, body)
	}
	return l.leftOpen()
}

func (l *ledger) leftOpen() error {
	l.unsettled.Add(1)
	return errUnsettled
}

// awaitMore waits until n more comments have been acknowledged.
func (l *ledger) awaitMore(n int64) {
	l.t.Helper()
	want := l.acknowledged.Load() + n
	eventually(l.t, func() error {
		if l.t.Failed() {
			l.t.FailNow()
		}
		if got := l.acknowledged.Load(); got < want {
			return fmt.Errorf("%d comments are acknowledged, %d are waited for", got, want)
		}
		return nil
	})
}

// settle asks for everything once more, and for what was never acknowledged until it
// is. First it makes sure that what was refused is not there.
func (l *ledger) settle(apis ...string) {
	l.t.Helper()
	there := map[string]bool{}
	for _, ticket := range l.tickets() {
		for _, c := range listed(l.t, apis[0], l.key, ticket) {
			there[c.Content] = true
		}
	}
	jobs := make(chan *entry)
	var running sync.WaitGroup
	for w := range 8 {
		running.Go(func() {
			for e := range jobs {
				if err := await(func() error { return l.post(apis[w%len(apis)], e) }); err != nil {
					l.t.Errorf("%q cannot be written: %v", e.content, err)
				}
			}
		})
	}
	for _, e := range l.entries {
		if e.refused && there[e.content] {
			l.t.Errorf("%q was written, and answered as if it were not", e.content)
		}
		jobs <- e
	}
	close(jobs)
	running.Wait()
}

// check compares with what the API shows: every acknowledged comment once and no
// other. It is for a ledger that is settled.
func (l *ledger) check(api string) {
	l.t.Helper()
	want := map[string]map[string]string{} // content to id, by ticket
	for _, e := range l.entries {
		if want[e.ticket] == nil {
			want[e.ticket] = map[string]string{}
		}
		want[e.ticket][e.content] = e.id
	}
	for ticket, ids := range want {
		seen := map[string]int{}
		for _, c := range listed(l.t, api, l.key, ticket) {
			if seen[c.Content]++; ids[c.Content] != c.ID {
				l.t.Errorf("%q has id %s; it was acknowledged as %q", c.Content, c.ID, ids[c.Content])
			}
		}
		for content := range ids {
			if seen[content] != 1 {
				l.t.Errorf("%q is there %d times", content, seen[content])
			}
		}
	}
}

func (l *ledger) tickets() []string {
	var tickets []string
	seen := map[string]bool{}
	for _, e := range l.entries {
		if !seen[e.ticket] {
			seen[e.ticket] = true
			tickets = append(tickets, e.ticket)
		}
	}
	return tickets
}

// shown is a comment as the API shows it.
type shown struct {
	ID               string    `json:"id"`
	TicketID         string    `json:"ticket_id"`
	AuthorType       string    `json:"author_type"`
	AuthorUserID     *string   `json:"author_user_id"`
	AuthorCustomerID *string   `json:"author_customer_id"`
	Content          string    `json:"content"`
	IsInternal       bool      `json:"is_internal"`
	CreatedAt        time.Time `json:"created_at"`
	UpdatedAt        time.Time `json:"updated_at"`
}

// listed is the thread of a ticket as an API shows it.
func listed(t *testing.T, api, key, ticket string) []shown {
	t.Helper()
	var comments []shown
	answer := mustCall(t, 200, "GET", api+"/v1/tickets/"+ticket+"/comments", key, "")
	if err := json.Unmarshal([]byte(answer), &comments); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	return comments
}
