package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// taken is a server that keeps the ids of the webhooks it gets.
type taken struct {
	mu  sync.Mutex
	ids []string
}

func (r *taken) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	var event struct{ ID string }
	if err != nil || json.Unmarshal(body, &event) != nil || event.ID != request.Header.Get("webhook-id") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids = append(r.ids, event.ID)
}

// all lists what was taken; once, each once, in the order of the first.
func (r *taken) all() (all, once []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := make(map[string]bool)
	for _, id := range r.ids {
		if !seen[id] {
			once = append(once, id)
		}
		seen[id] = true
	}
	return slices.Clone(r.ids), once
}

// TestWebhooksKilled kills, again and again, the processes that deliver. Every event
// arrives, at a strict webhook in the order of the log, and what comes again has the same
// id. A rebuild of the read model sends nothing.
func TestWebhooksKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	p.environment["COMMENTD_WEBHOOK_ALLOW_NETS"] = "127.0.0.1/32"
	p.environment["COMMENTD_WEBHOOK_ALLOW_HTTP"] = "true"
	admin, _ := p.newKey(t, "acme", "admin")
	instances := p.instances(t, "api,relay,projector", "worker", "worker")
	api, workers := instances[0].url, instances[1:]
	strict, loose := new(taken), new(taken)
	for mode, r := range map[string]*taken{"strict": strict, "skip_and_retry": loose} {
		server := httptest.NewServer(r)
		t.Cleanup(server.Close)
		mustCall(t, 201, "POST", api+"/v1/webhooks", admin, fmt.Sprintf(`{"url":%q,"visibility":"all","mode":%q}`, server.URL, mode))
	}
	from := len(p.eventIDs(t))

	tickets := p.newTickets(t, api, 4)
	l := newLedger(t, p.key)
	stopWriting := l.write(4, 5*time.Millisecond, tickets, api)
	for i := range 6 {
		l.awaitMore(40)
		time.Sleep(rand.N(200 * time.Millisecond))
		workers[i%2].stop(syscall.SIGKILL)
		workers[i%2].start()
		workers[i%2].awaitReady()
	}
	stopWriting()
	want := p.eventIDs(t)[from:]
	for mode, r := range map[string]*taken{"strict": strict, "skip_and_retry": loose} {
		eventually(t, func() error {
			if _, once := r.all(); len(once) < len(want) {
				return fmt.Errorf("%s: %d of %d events have arrived", mode, len(once), len(want))
			}
			return nil
		})
		all, once := r.all()
		t.Logf("%s: %d requests for %d events", mode, len(all), len(want))
		wanted := want
		if mode != "strict" {
			once, wanted = slices.Sorted(slices.Values(once)), slices.Sorted(slices.Values(want))
		}
		if !slices.Equal(once, wanted) {
			t.Errorf("%s: what arrived is not what happened", mode)
		}
	}

	p.awaitCursors(t)
	before, _ := strict.all()
	p.do(t, "projection", "rebuild", "threads")
	mustCall(t, 201, "POST", api+"/v1/tickets/"+tickets[0]+"/comments", p.key, quoted("after the rebuild"))
	last := p.eventIDs(t)
	eventually(t, func() error {
		if after, _ := strict.all(); after[len(after)-1] != last[len(last)-1] {
			return fmt.Errorf("the comment after the rebuild has not arrived")
		}
		return nil
	})
	if after, _ := strict.all(); len(after) != len(before)+1 {
		t.Errorf("a rebuild and a comment have sent %d events; want 1", len(after)-len(before))
	}
}

// awaitCursors waits until what was delivered is noted.
func (p *production) awaitCursors(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		var behind int
		p.query(t, "SELECT count(*) FROM webhooks.endpoints e, log.heads h WHERE e.position < h.position", &behind)
		if behind > 0 {
			return fmt.Errorf("%d webhooks have not come to the end of the log", behind)
		}
		return nil
	})
}

// eventIDs lists the events of the log in order.
func (p *production) eventIDs(t *testing.T) (ids []string) {
	t.Helper()
	p.query(t, "SELECT coalesce(array_agg(event_id::text ORDER BY position), '{}') FROM log.events", &ids)
	return ids
}

func (p *production) query(t *testing.T, sql string, into any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.postgres)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, sql).Scan(into); err != nil {
		t.Fatal(err)
	}
}
