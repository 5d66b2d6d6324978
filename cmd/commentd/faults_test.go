package main

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// newTickets opens n tickets.
func (p *production) newTickets(t *testing.T, api string, n int) []string {
	t.Helper()
	var tickets []string
	for range n {
		id := uuid.NewString()
		mustCall(t, 201, "PUT", api+"/v1/tickets/"+id, p.key, "{}")
		tickets = append(tickets, id)
	}
	return tickets
}

// instances starts an instance for each set of roles and waits until all are ready.
func (p *production) instances(t *testing.T, roles ...string) []*instance {
	t.Helper()
	var started []*instance
	for _, r := range roles {
		i := p.instance(t, "--roles", r)
		i.start()
		started = append(started, i)
	}
	for _, i := range started {
		i.awaitReady()
	}
	return started
}

// TestRolesKilled kills instances of every role, of which there are two each, in a
// random order while clients write.
func TestRolesKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	instances := p.instances(t, "api", "api", "relay", "relay", "projector,worker", "projector,worker")
	apis := []string{instances[0].url, instances[1].url}
	tickets := p.newTickets(t, apis[0], 8)
	l, h := newLedger(t, p.key), newHistory(t, p.key)
	stopWriting := l.write(4, 5*time.Millisecond, tickets[:4], apis...)
	stopRecording := h.record(6, 5*time.Millisecond, tickets[4:], apis...)
	for _, i := range append(rand.Perm(len(instances)), 0, 1) {
		time.Sleep(rand.N(300 * time.Millisecond))
		instances[i].stop(syscall.SIGKILL)
		time.Sleep(rand.N(300 * time.Millisecond))
		instances[i].start()
		instances[i].awaitReady()
	}
	stopWriting()
	stopRecording()
	t.Logf("%d of %d comments were acknowledged", l.acknowledged.Load(), len(l.entries))
	l.settle(apis...)
	l.check(apis[0])
	h.check()
	p.audit(t, l, apis...)
	awaitNoLag(t, instances...)
}

var lag = regexp.MustCompile(`(?m)^commentd_(relay|projector)_lag_(events|seconds)(\{.*\})? (.*)$`)

// awaitNoLag waits until every instance says that it is not behind.
func awaitNoLag(t *testing.T, instances ...*instance) {
	t.Helper()
	for _, i := range instances {
		eventually(t, func() error {
			_, text, err := call("GET", i.url+"/metrics", "", "")
			if err != nil {
				return err
			}
			gauges := lag.FindAllStringSubmatch(text, -1)
			for _, gauge := range gauges {
				if gauge[4] != "0" {
					return fmt.Errorf("%v says %s", i.args, gauge[0])
				}
			}
			if len(gauges) < 2 {
				return fmt.Errorf("%v has only %q", i.args, gauges)
			}
			return nil
		})
	}
}
