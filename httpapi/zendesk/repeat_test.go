package zendesk_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestSafeUpdate: of two who have read the same, the second one is told (contract §2.5).
func TestSafeUpdate(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	_, w := a.open("agent", `{"comment":"first"}`)
	safe := func(stamp string) string {
		return fmt.Sprintf(`{"ticket":{"safe_update":true,"updated_stamp":%q,"status":"pending","comment":"mine"}}`, stamp)
	}
	at, err := time.Parse(time.RFC3339, w.Ticket.UpdatedAt)
	if err != nil {
		t.Fatal(err)
	}
	same := at.In(time.FixedZone("", 2*3600)).Format(time.RFC3339) // the same instant, spelt differently
	next := a.must(200, "agent", "PUT", w.path(), safe(same)).written(t)
	if next.Ticket.UpdatedAt <= w.Ticket.UpdatedAt {
		t.Errorf("updated_at has not moved: %s, %s", w.Ticket.UpdatedAt, next.Ticket.UpdatedAt)
	}
	a.must(409, "agent", "PUT", w.path(), safe(w.Ticket.UpdatedAt))
	if n := len(a.comments("agent", w.path()+"/comments")); n != 2 {
		t.Errorf("%d comments", n)
	}
	// make_private and redactions move the stamp, too.
	first := a.comments("agent", w.path()+"/comments")[0].ID
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", w.path(), first), `{"text":"first"}`)
	a.must(409, "agent", "PUT", w.path(), safe(next.Ticket.UpdatedAt))
	a.must(200, "agent", "PUT", w.path(), `{"ticket":{"safe_update":false,"updated_stamp":"2020-01-01T00:00:00Z","comment":"unsafe"}}`)

	// Of many at once, one wins.
	stamp := a.must(200, "agent", "GET", w.path(), "").written(t).Ticket.UpdatedAt
	var wg sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		wg.Go(func() { statuses[i] = a.do("agent", "PUT", w.path(), safe(stamp)).status })
	}
	wg.Wait()
	won := 0
	for _, status := range statuses {
		if status == 200 {
			won++
		} else if status != 409 {
			t.Errorf("status %d", status)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d writers have won: %v", won, len(statuses), statuses)
	}
}

// TestIdempotency: a creation that is repeated with its key has one effect (contract
// §2.4).
func TestIdempotency(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	key := header{"Idempotency-Key", "k-1"}
	const body = `{"subject":"Once","comment":{"body":"secret 4711","public":true}}`
	first, made := a.open("agent", body, key)
	again, same := a.open("agent", `{"comment":{"public":true,"body":"secret 4711"},  "subject":"Once"}`, key)
	if first.header.Get("x-idempotency-lookup") != "miss" || again.header.Get("x-idempotency-lookup") != "hit" || string(first.body) != string(again.body) || first.header.Get("Location") != again.header.Get("Location") {
		t.Errorf("first %v %s\nagain %v %s", first.header, first.body, again.header, again.body)
	}
	if n := len(a.comments("agent", same.path()+"/comments")); n != 1 {
		t.Errorf("%d comments", n)
	}
	other := a.must(400, "agent", "POST", "/api/v2/tickets", `{"ticket":{"comment":"another"}}`, key)
	if string(other.body) != `{"error":"IdempotentRequestError","description":"Request parameters don't match the given idempotency key"}` {
		t.Errorf("another request = %s", other.body)
	}
	if _, theirs := a.open("admin", body, key); theirs.Ticket.ID == made.Ticket.ID {
		t.Error("the key of another user is the same")
	}
	// What is redacted stays so in an answer that is given again.
	comment := a.comments("agent", made.path()+"/comments")[0].ID
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", made.path(), comment), `{"text":"4711"}`)
	if replay, _ := a.open("agent", body, key); strings.Contains(string(replay.body), "4711") || !strings.Contains(string(replay.body), "▇▇▇▇") {
		t.Errorf("replayed = %s", replay.body)
	}
	// A refusal is not kept.
	late := header{"Idempotency-Key", "k-2"}
	a.must(422, "agent", "POST", "/api/v2/tickets", `{"ticket":{"comment":"x","status":"odd"}}`, late)
	if r, _ := a.open("agent", `{"comment":"x"}`, late); r.header.Get("x-idempotency-lookup") != "miss" {
		t.Errorf("lookup after a refusal = %s", r.header.Get("x-idempotency-lookup"))
	}
	for _, wrong := range []string{strings.Repeat("k", 256), "é"} {
		a.must(400, "agent", "POST", "/api/v2/tickets", `{"ticket":{"comment":"x"}}`, header{"Idempotency-Key", wrong})
	}
	if r, _ := a.open("agent", `{"comment":"x"}`); r.header.Get("x-idempotency-lookup") != "" {
		t.Error("a lookup without a key")
	}
	// Concurrent duplicates wait for the first.
	tickets := make([]int64, 8)
	var wg sync.WaitGroup
	for i := range tickets {
		wg.Go(func() { _, w := a.open("agent", body, header{"Idempotency-Key", "k-3"}); tickets[i] = w.Ticket.ID })
	}
	wg.Wait()
	for _, id := range tickets {
		if id != tickets[0] {
			t.Errorf("one key, several tickets: %v", tickets)
			break
		}
	}
}
