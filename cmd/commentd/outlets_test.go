package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestOutletsKilled kills, again and again, the processes that fill outlets, and deletes a
// stream under them. Every event is there once, in the order of the log, without a hole.
func TestOutletsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	streams := map[string]string{"all": "true", "public": "NOT internal"}
	for audience := range streams {
		p.do(t, "account", "outlet", "on", "acme", audience, "--from", "beginning")
	}
	instances := p.instances(t, "api", "relay", "relay")
	api, fillers := instances[0].url, instances[1:]
	nc, err := nats.Connect(p.nats.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	l := newLedger(t, p.key)
	stopWriting := l.write(4, 5*time.Millisecond, p.newTickets(t, api, 4), api)
	for i := range 5 {
		l.awaitMore(40)
		if i == 3 {
			_ = js.DeleteStream(t.Context(), "COMMENTD_OUT_ACME_ALL") // nobody may have made it yet
		}
		time.Sleep(rand.N(200 * time.Millisecond))
		fillers[i%2].stop(syscall.SIGKILL)
		fillers[i%2].start()
		fillers[i%2].awaitReady()
	}
	stopWriting()
	for audience, condition := range streams {
		var want []string
		p.query(t, "SELECT array_agg(event_id::text ORDER BY position) FROM log.events WHERE "+condition, &want)
		stream := "COMMENTD_OUT_ACME_" + map[string]string{"all": "ALL", "public": "PUBLIC"}[audience]
		eventually(t, func() error {
			s, err := js.Stream(t.Context(), stream)
			if err == nil && s.CachedInfo().State.LastSeq < uint64(len(want)) {
				err = fmt.Errorf("%d of %d events have arrived", s.CachedInfo().State.LastSeq, len(want))
			}
			return err
		})
		if got := idsOf(t, js, stream); !slices.Equal(got, want) {
			t.Errorf("%s: what arrived is not what happened:\n%v\n%v", audience, got, want)
		}
	}
}

// idsOf lists the events of a stream whose sequences are 1, 2, 3 and so on.
func idsOf(t *testing.T, js jetstream.JetStream, stream string) (ids []string) {
	t.Helper()
	s, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := js.OrderedConsumer(t.Context(), stream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for range s.CachedInfo().State.LastSeq {
		msg, err := consumer.Next(jetstream.FetchMaxWait(10 * time.Second))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, msg.Headers().Get("ce-id"))
		if meta, err := msg.Metadata(); err != nil || meta.Sequence.Stream != uint64(len(ids)) {
			t.Errorf("message %d has the sequence %+v: %v", len(ids), meta, err)
		}
	}
	return ids
}
