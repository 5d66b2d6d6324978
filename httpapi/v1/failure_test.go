package v1_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/httpapi"
	"github.com/commentd/commentd/httpapi/directory"
)

// TestRateLimit: each key has an allowance of its own.
func TestRateLimit(t *testing.T) {
	a := newStack(t, func(c *httpapi.Config) { c.RateLimit = httpapi.RateLimit{PerSecond: .001, Burst: 4} }).account("acme", directory.Settings{})
	ticket := a.ticket() // the agent's first
	for range 3 {
		a.must(200, "agent", "GET", ticket, "")
	}
	r := a.must(429, "agent", "GET", ticket+"/comments", "")
	if r.code() != "rate_limited" || r.header.Get("Retry-After") == "" {
		t.Errorf("429 = %s %s", r.header, r.body)
	}
	if r := a.must(200, "customer", "GET", ticket, ""); r.header.Get("Retry-After") != "" {
		t.Errorf("Retry-After with 200")
	}
	a.must(401, "nobody", "GET", ticket, "")
}

// TestPostgresAway: without the database every answer is 503, says when to come
// again, and claims nothing else.
func TestPostgresAway(t *testing.T) {
	previous := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(previous)
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	comment := a.comment("agent", ticket, "text", false)
	a.pool.Close()
	for _, ask := range []struct{ method, path, body string }{
		{"GET", ticket + "/comments", ""}, {"GET", ticket + "/comments?limit=5", ""}, {"GET", comment, ""}, {"GET", ticket, ""},
		{"GET", "/v1/users/" + a.users["customer"].String(), ""}, {"POST", ticket + "/comments", `{"content":"x"}`},
		{"PATCH", comment, `{"content":"x"}`}, {"DELETE", comment, ""}, {"PUT", ticket, `{"status":"open"}`},
		{"PUT", "/v1/users/" + a.users["customer"].String(), `{"name":"x"}`},
	} {
		for _, headers := range [][]header{nil, {{"If-None-Match", `"x"`}, {"If-Match", `"x"`}, {"Idempotency-Key", "k"}}} {
			r := a.do("agent", ask.method, ask.path, ask.body, headers...)
			if r.status != 503 || r.header.Get("Retry-After") == "" || r.code() != "unavailable" && r.code() != "outcome_unknown" {
				t.Errorf("%s %s = %d %s %s", ask.method, ask.path, r.status, r.header, r.body)
			}
		}
	}
	a.must(200, "nobody", "GET", "/v1/openapi.json", "")
}

// bigThread is a ticket whose list does not fit into what lies between a server and
// a client who does not read.
func bigThread(t *testing.T, a *account) string {
	t.Helper()
	ticket := a.ticket()
	body := newComment(strings.Repeat("x", 65_536), false)
	done := make(chan int)
	const n, writers = 400, 8
	for range writers {
		go func() {
			failed := 0
			for range n / writers {
				if a.do("agent", "POST", ticket+"/comments", body).status != 201 {
					failed++
				}
			}
			done <- failed
		}()
	}
	for range writers {
		if failed := <-done; failed > 0 {
			t.Fatalf("%d comments could not be created", failed)
		}
	}
	return ticket
}

// open sends the request for a list and returns the connection.
func open(t *testing.T, a *account, path string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+a.keys["agent"]+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestStreamIsCutOff: a list that cannot be brought to its end is never mistaken for
// one that was, and nobody who does not read keeps a connection to Postgres.
func TestStreamIsCutOff(t *testing.T) {
	log := new(lines)
	a := newStack(t, func(c *httpapi.Config) { c.Log = slog.New(slog.NewTextHandler(log, nil)) }).account("acme", directory.Settings{})
	list := bigThread(t, a) + "/comments"

	t.Run("by a failure", func(t *testing.T) {
		c := open(t, a, list)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("list = %v, %v", resp, err)
		}
		waitFor(t, "a stream that waits for its reader", func() bool { return a.pool.Stat().AcquiredConns() > 0 })
		const kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
		if _, err := a.pool.Exec(t.Context(), kill); err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err == nil || jsontext.Value(body).IsValid() {
			t.Errorf("read %d bytes, valid %t, and then %v; want an error", len(body), jsontext.Value(body).IsValid(), err)
		}
	})
	t.Run("by a reader who does not read", func(t *testing.T) {
		a.api.SetPieceTimeout(100 * time.Millisecond)
		before := strings.Count(log.String(), "aborted=true")
		open(t, a, list)
		waitFor(t, "the end of the answer", func() bool { return strings.Count(log.String(), "aborted=true") > before })
		waitFor(t, "all connections", func() bool { return a.pool.Stat().AcquiredConns() == 0 })
	})
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
