package main

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/client"
)

// follower is a program that follows events with a cursor, and is started again and again.
type follower struct {
	follow func(ctx context.Context, cursor client.Cursor) iter.Seq2[uuid.UUID, error]
	which  string // of the events, as a condition

	mu   sync.Mutex
	once []string // ids, in the order in which they first came
	runs int
}

// run follows until ctx ends. It stops after some events each time, before it has said
// that it is done with the last one, and goes on from its cursor.
func (f *follower) run(ctx context.Context, cursor client.Cursor) error {
	seen := make(map[string]bool)
	for ctx.Err() == nil {
		f.runs++
		left := 20 + rand.N(60)
		for id, err := range f.follow(ctx, cursor) {
			if err != nil {
				if ctx.Err() != nil {
					return nil
				}
				time.Sleep(50 * time.Millisecond) // what it follows may be away
				break
			}
			if first := !seen[id.String()]; first {
				seen[id.String()] = true
				f.mu.Lock()
				f.once = append(f.once, id.String())
				f.mu.Unlock()
			}
			if left--; left == 0 {
				break
			}
		}
	}
	return nil
}

func (f *follower) told() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.once)
}

// TestSubscribersKilled kills the processes that serve those who follow events, one after
// the other, takes NATS away for a while, and stops and starts those who follow. Whichever
// way they follow, each of them ends with every event that is for it, once by its id, in the
// order of the log.
func TestSubscribersKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	for _, audience := range []string{"public", "all"} {
		p.do(t, "account", "outlet", "on", "acme", audience, "--from", "beginning")
	}
	instances := p.instances(t, "api,relay,projector,worker", "api,relay,projector,worker")
	apis := []string{instances[0].url, instances[1].url}
	nc, err := nats.Connect(p.nats.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	subscribed := func(stream string) func(context.Context, client.Cursor) iter.Seq2[uuid.UUID, error] {
		return func(ctx context.Context, cursor client.Cursor) iter.Seq2[uuid.UUID, error] {
			return idsFrom(client.Subscribe(ctx, js, client.SubscribeOptions{Stream: stream, Cursor: cursor}), func(m client.Message) uuid.UUID { return m.ID })
		}
	}
	turn := 0
	followers := map[string]*follower{
		"GET /v1/events": {which: "true", follow: func(ctx context.Context, cursor client.Cursor) iter.Seq2[uuid.UUID, error] {
			turn++ // the one instance, and then the other
			c, err := client.New(apis[turn%2], p.key)
			if err != nil {
				t.Error(err)
			}
			return idsFrom(c.Follow(ctx, client.FollowOptions{From: client.FromBeginning, Cursor: cursor}), func(e client.LiveEvent) uuid.UUID { return e.ID })
		}},
		"the log stream":  {which: "true", follow: subscribed(client.LogStream)},
		"a public outlet": {which: "NOT internal", follow: subscribed(client.OutletStream("acme", "public"))},
		"an outlet":       {which: "true", follow: subscribed(client.OutletStream("acme", "all"))},
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	dir := t.TempDir()
	for name, f := range followers {
		cursor := client.FileCursor(filepath.Join(dir, uuid.NewString()))
		running.Go(func() {
			if err := f.run(ctx, cursor); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	t.Cleanup(running.Wait)
	t.Cleanup(stop)

	l := newLedger(t, p.key)
	tickets := p.newTickets(t, apis[0], 4)
	stopWriting := l.write(4, 5*time.Millisecond, tickets, apis...)
	for i := range 6 {
		l.awaitMore(40)
		mustCall(t, 201, "POST", apis[0]+"/v1/tickets/"+tickets[i%4]+"/comments", p.key, `{"content":"a note","is_internal":true}`)
		if i == 2 {
			if err := p.nats.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			continue
		}
		killed := instances[i%2]
		time.Sleep(rand.N(200 * time.Millisecond))
		killed.stop(syscall.SIGKILL)
		killed.start()
		killed.awaitReady()
	}
	stopWriting()
	for name, f := range followers {
		var want []string
		p.query(t, "SELECT array_agg(event_id::text ORDER BY position) FROM log.events WHERE "+f.which, &want)
		eventually(t, func() error {
			if got := f.told(); len(got) < len(want) {
				return fmt.Errorf("%s: %d of %d events have come", name, len(got), len(want))
			}
			return nil
		})
		if got := f.told(); !slices.Equal(got, want) {
			t.Errorf("%s: what was told is not what happened:\n%v\n%v", name, got, want)
		}
	}
	stop()
	running.Wait()
	for name, f := range followers {
		t.Logf("%s: %d events, in %d runs", name, len(f.once), f.runs)
	}
}

// idsFrom is the ids of what comes.
func idsFrom[E any](events iter.Seq2[E, error], id func(E) uuid.UUID) iter.Seq2[uuid.UUID, error] {
	return func(yield func(uuid.UUID, error) bool) {
		for e, err := range events {
			if err != nil {
				yield(uuid.Nil, err)
				return
			}
			if !yield(id(e), nil) {
				return
			}
		}
	}
}
