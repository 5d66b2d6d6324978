package zendesk_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/httpapi"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/zendesk"
	"github.com/commentd/commentd/internal/metrics"
	"github.com/commentd/commentd/projections/threads"
)

// counter counts the queries of a pool: those that go in one batch are one.
type counter struct{ atomic.Int64 }

// TraceBatchStart is called by pgx.
func (c *counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.Add(1)
	return ctx
}

// TraceBatchQuery is called by pgx.
func (*counter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd is called by pgx.
func (*counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceQueryStart is called by pgx.
func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.Add(1)
	return ctx
}

// TraceQueryEnd is called by pgx.
func (*counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TestQueriesDoNotGrow: what is read for a list does not depend on how much is on it,
// nor by how many authors.
func TestQueriesDoNotGrow(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	var queries counter
	config, err := pgxpool.ParseConfig(a.pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Tracer = &queries
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	people, keys := directory.NewStore(pool, a.vault, a.store.Numbers()), auth.NewStore(pool)
	api := zendesk.New(a.store, threads.NewReader(pool, a.vault, 0), threads.NewCache(pool, 0, 16<<20, metrics.New(prometheus.NewRegistry())), people, keys, a.files, a.root, zendesk.Config{})
	server := httptest.NewServer(httpapi.New(nil, keys, metrics.New(prometheus.NewRegistry()), httpapi.Config{Zendesk: api, Log: slog.New(slog.DiscardHandler)}))
	t.Cleanup(server.Close)

	ticket := a.ticket()
	ask := func(path string) int64 {
		t.Helper()
		for range 2 { // the second time, whose key it is is known
			queries.Store(0)
			r, err := http.NewRequest("GET", server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			who := "agent"
			if strings.Contains(path, "ticket_") {
				who = "admin"
			}
			r.SetBasicAuth(a.email(who)+"/token", a.keys[who])
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 200 {
				t.Fatalf("GET %s = %d", path, resp.StatusCode)
			}
		}
		return queries.Load()
	}
	customers := fmt.Sprint("/api/v2/users/", a.numbers["customer"])
	paths := []string{
		ticket.path + "/comments?include=users", ticket.path + "/comments?include=users&page[size]=100", ticket.path + "/audits",
		ticket.public + "/comments?include=users", ticket.path + "?include=users,comment_count",
		"/api/v2/ticket_audits", "/api/v2/incremental/ticket_events?start_time=0",
		"/api/v2/tickets?include=users,comment_count", "/api/v2/tickets?page[size]=50&sort=-created_at", "/api/v2/tickets?sort_by=updated_at",
		"/api/v2/requests?include=users", "/api/v2/requests?sort_by=updated_at", customers + "/requests", customers + "/tickets/requested",
		"/api/v2/users", "/api/v2/users?role=admin", customers + "/related",
	}
	add := func(n int) {
		for i := range n {
			who := []string{"agent", "admin", "customer", "relay", "writer"}[i%5]
			a.must(201, who, "POST", ticket.native+"/comments", `{"content":"text"}`)
			a.ticket()
			if i%8 > 0 { // an export is read in portions of a hundred audits
				continue
			}
			a.open("agent", fmt.Sprintf(`{"subject":"s","requester":{"name":"r","email":"r%d@example.com"},"comment":"text"}`, i))
			a.open("agent", `{"subject":"my own","comment":"text"}`)
		}
	}
	add(1)
	before := make([]int64, len(paths))
	a.age("w.position / 1000") // old enough to be exported
	for i, path := range paths {
		before[i] = ask(path)
	}
	add(40)
	a.age("w.position / 1000")
	for i, path := range paths {
		// Who asks may be asked for again meanwhile: a key and an address.
		if after := ask(path); after > before[i]+2 {
			t.Errorf("GET %s takes %d queries with 41 comments, %d with one", path, after, before[i])
		}
	}
	t.Logf("queries: %v", before)
}
