package relay

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/commentd/commentd/internal/devstacktest"
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
	left := goleak.Find(append(devstacktest.Closing(), before)...)
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
