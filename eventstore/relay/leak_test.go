package relay

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// Whoever ends a relay and a feed gets back all that they have started.
func TestNothingIsLeftBehind(t *testing.T) {
	r := newRig(t)
	r.info() // starts what hears the answers of all requests
	before := goleak.IgnoreCurrent()
	c, rd := r.relay(), r.feed(0)
	r.append(2000)
	rd.wantAll(0)
	r.awaitRelayed()
	if err := r.js.DeleteStream(t.Context(), StreamName(0)); err != nil {
		t.Fatal(err)
	}
	r.append(10)
	rd.wantAll(0)
	c.stop()
	if err := rd.stop(); err != nil {
		t.Error(err)
	}
	c.given.Close()
	rd.nc.Close()
	left := goleak.Find(before,
		// pgx ends the connection of a query that was cut short in its own time.
		goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgconn/internal/bgreader.(*BGReader).bgRead"),
		goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgconn.(*PgConn).asyncClose.func1"),
		goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"),
	)
	if left == nil {
		return
	}
	// The server runs in this process, and its goroutines come and go with
	// its streams, consumers and clients.
	for _, stack := range strings.Split(left.Error(), "Goroutine ")[1:] {
		if !strings.Contains(stack, "github.com/nats-io/nats-server/v2/") {
			t.Error("left behind: goroutine", stack)
		}
	}
}
