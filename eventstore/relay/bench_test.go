package relay

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstack"
)

// BenchmarkDrain compares the relay, which reads a backlog from Postgres and publishes
// it, with what JetStream takes of messages of the same size that are at hand: 256 of
// them in flight, through the client library.
//
//	go test -run '^$' -bench Drain -benchtime 5x ./eventstore/relay
func BenchmarkDrain(b *testing.B) {
	b.Run("default", func(b *testing.B) { benchmarkDrain(b, 100_000, false) })
	b.Run("sync_always", func(b *testing.B) { benchmarkDrain(b, 10_000, true) })
}

func benchmarkDrain(b *testing.B, backlog int, always bool) {
	n, err := devstack.StartNATS(b.Context(), devstack.NATSConfig{StoreDir: filepath.Join(b.TempDir(), "nats"), SyncAlways: always})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(n.Stop)
	r := &rig{log: newLog(b), t: b, nats: n, broker: n.URL()}
	r.nc = connect(b, r.broker)
	if r.js, err = jetstream.New(r.nc, jetstream.WithPublishAsyncMaxPending(256)); err != nil {
		b.Fatal(err)
	}
	r.append(backlog)
	r.exec("VACUUM ANALYZE log.events")
	var floors, drains []float64
	for b.Loop() {
		began := time.Now()
		c := r.relay(func(r *Relay) { r.timing.check = time.Second })
		eventually(b, func() error { return statusAt(c, eventstore.Position(backlog)) })
		drains = append(drains, float64(backlog)/time.Since(began).Seconds())
		c.stop()
		state := r.info().State
		if err := r.js.DeleteStream(b.Context(), StreamName(0)); err != nil {
			b.Fatal(err)
		}
		floors = append(floors, float64(backlog)/r.asyncPublish(b, backlog, int(state.Bytes/state.Msgs)-60).Seconds())
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(drains), "drained/s")
	b.ReportMetric(median(floors), "async256/s")
	b.ReportMetric(median(drains)/median(floors), "ratio")
}

// BenchmarkOutletFill compares how fast outlets are filled from a log of one account with
// how fast the relay carries the same log.
//
//	go test -run '^$' -bench OutletFill -benchtime 3x ./eventstore/relay
func BenchmarkOutletFill(b *testing.B) {
	const backlog = 50_000
	r := newRig(b)
	r.append(backlog)
	r.exec("UPDATE log.events SET account_id = 1")
	r.exec("VACUUM ANALYZE log.events")
	rates := make(map[string][]float64)
	measure := func(what, stream string, run func() (stop func())) {
		began := time.Now()
		stop := run()
		eventually(b, func() error {
			if info := r.outletInfo(stream); info == nil || info.State.LastSeq < uint64(backlog) && what != "public" || info.State.LastSeq < uint64(3*backlog/4) {
				return errors.New("not filled")
			}
			return nil
		})
		rates[what] = append(rates[what], float64(r.outletInfo(stream).State.LastSeq)/time.Since(began).Seconds())
		stop()
		if err := r.js.DeleteStream(b.Context(), stream); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		measure("relay", StreamName(0), func() func() {
			return r.relay(func(r *Relay) { r.timing.check = time.Second }).stop
		})
		for _, a := range []Audience{AudienceAll, AudiencePublic} {
			measure(string(a), outletOf(1, a), func() func() {
				r.open(1, a, 0)
				stop := r.outlets().stop
				return func() { stop(); r.exec("DELETE FROM outlets.outlets") }
			})
		}
	}
	b.ReportMetric(0, "ns/op")
	for what, values := range rates {
		b.ReportMetric(median(values), what+"/s")
	}
	b.ReportMetric(median(rates[string(AudienceAll)])/median(rates["relay"]), "all:relay")
	b.ReportMetric(median(rates[string(AudiencePublic)])/median(rates["relay"]), "public:relay")
}

// asyncPublish publishes n messages of a size into a stream of their own.
func (r *rig) asyncPublish(b *testing.B, n, size int) time.Duration {
	if _, err := r.js.CreateStream(b.Context(), jetstream.StreamConfig{Name: "FLOOR", Subjects: []string{"floor"}}); err != nil {
		b.Fatal(err)
	}
	payload := make([]byte, size)
	began := time.Now()
	for range n {
		if _, err := r.js.PublishAsync("floor", payload, jetstream.WithStallWait(time.Minute)); err != nil {
			b.Fatal(err)
		}
	}
	<-r.js.PublishAsyncComplete()
	took := time.Since(began)
	if err := r.js.DeleteStream(b.Context(), "FLOOR"); err != nil {
		b.Fatal(err)
	}
	return took
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}

// BenchmarkFeed measures how fast a reader that was away gets a backlog.
func BenchmarkFeed(b *testing.B) {
	const backlog = 100_000
	r := newRig(b)
	r.append(backlog)
	r.exec("VACUUM ANALYZE log.events")
	r.relay()
	r.awaitRelayed()
	began := time.Now()
	for b.Loop() {
		delivered := 0
		err := NewFeed(r.log, r.nc, 0).Run(b.Context(), 0, func(_ context.Context, batch []eventstore.Recorded) error {
			if delivered += len(batch); delivered == backlog {
				return errEnough
			}
			return nil
		})
		if !errors.Is(err, errEnough) {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(backlog*b.N)/time.Since(began).Seconds(), "events/s")
}

var errEnough = errors.New("enough")

// BenchmarkCommitToDelivered measures the way of one event: from the commit, through
// relay and stream, to a reader.
func BenchmarkCommitToDelivered(b *testing.B) {
	r := newRig(b)
	r.wantHealthy(r.relay())
	r.append(1)
	arrived := make(chan time.Time, 1)
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- NewFeed(r.log, r.nc, 0).Run(ctx, 0, func(context.Context, []eventstore.Recorded) error {
			arrived <- time.Now()
			return nil
		})
	}()
	<-arrived
	eventually(b, func() error {
		if r.info().State.Consumers == 0 {
			return errors.New("no consumer")
		}
		return nil
	})
	var took []float64
	for b.Loop() {
		r.exec(appendSQL, 1, time.Duration(0))
		committed := time.Now()
		r.signal.Wake()
		took = append(took, (<-arrived).Sub(committed).Seconds()*1e6)
	}
	stop()
	<-ended
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "p50-µs")
	b.ReportMetric(took[len(took)*99/100], "p99-µs")
}

func BenchmarkEncode(b *testing.B) {
	e := newEncoder(logForm(0), "https://comments.example/", slugs)
	event := example()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.encode(b.Context(), event, 41); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	msg, err := newEncoder(logForm(0), "https://comments.example/", slugs).encode(b.Context(), example(), 41)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(42, msg.Header, msg.Data); err != nil {
			b.Fatal(err)
		}
	}
}
