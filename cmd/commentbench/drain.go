package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay"
)

// measureDrain is F: the relay carries a backlog into an empty stream, against
// messages of the same number of bytes published one by one with 256 in flight; and then
// outlets are filled with the same log.
func (b *bench) measureDrain(ctx context.Context) ([]result, error) {
	g, err := b.grown(ctx)
	if err != nil {
		return nil, err
	}
	var results []result
	for _, server := range []struct {
		name    string
		always  bool
		target  *target
		outlets []relay.Audience
	}{
		{"default sync", false, atLeast(0.6), []relay.Audience{relay.AudienceAll, relay.AudiencePublic}},
		{"sync_interval: always", true, atLeast(2.5), []relay.Audience{relay.AudienceAll}},
	} {
		url, err := b.startNATS("drain_"+fmt.Sprint(server.always), server.always)
		if err != nil {
			return nil, err
		}
		nc, err := b.connectNATS(url)
		if err != nil {
			return nil, err
		}
		js, err := jetstream.New(nc)
		if err != nil {
			return nil, err
		}
		d := &drain{bench: b, log: g.small, url: url, nc: nc, js: js}
		if _, err := d.relay(ctx, 0); err != nil { // finds out the size of its messages
			return nil, err
		}
		floor, carrier := "publish async 256, "+server.name, "relay, "+server.name
		probes := []probe{{floor, d.publish}, {carrier, d.relay}}
		for _, a := range server.outlets {
			probes = append(probes, probe{"outlet " + string(a), func(ctx context.Context, length time.Duration) (sample, error) { return d.outlet(ctx, a, length) }})
		}
		s, err := b.interleave(ctx, probes...)
		if err != nil {
			return nil, err
		}
		results = append(results, versus("F", "relay drains a backlog, "+server.name, "1/s",
			each(s[carrier], sample.rate), "publish async, 256 in flight", each(s[floor], sample.rate), server.target))
		for _, a := range server.outlets {
			results = append(results, versus("F", "outlet for "+string(a)+" is filled, "+server.name, "1/s",
				each(s["outlet "+string(a)], sample.rate), "the relay", each(s[carrier], sample.rate), atLeast(0.5)))
		}
	}
	return results, nil
}

// drain measures against one NATS server.
type drain struct {
	*bench
	log  *library
	url  string // of NATS
	nc   *nats.Conn
	js   jetstream.JetStream
	size int // of the floor's messages
}

// The floor publishes into a stream of its own.
const (
	floorStream  = "FLOOR"
	floorSubject = "floor.bench"
	// storedOverhead is what a stream's file has around subject, header and body.
	storedOverhead = 30
)

// publish is the floor.
func (d *drain) publish(ctx context.Context, length time.Duration) (sample, error) {
	_, err := d.js.CreateStream(ctx, jetstream.StreamConfig{Name: floorStream, Subjects: []string{floorSubject}, Storage: jetstream.FileStorage})
	if err != nil {
		return sample{}, err
	}
	js, err := jetstream.New(d.nc, jetstream.WithPublishAsyncMaxPending(256))
	if err != nil {
		return sample{}, err
	}
	message := make([]byte, d.size)
	began := time.Now()
	var s sample
	for time.Since(began) < length {
		if _, err := js.PublishAsync(floorSubject, message, jetstream.WithStallWait(time.Minute)); err != nil {
			return s, err
		}
		s.count++
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-ctx.Done():
		return s, ctx.Err()
	}
	s.elapsed = time.Since(began)
	return s, d.js.DeleteStream(ctx, floorStream)
}

// settled is how far the relay is when the clock starts: it has then found out how
// fast the server is.
const settled = 3000

// relay has a service of the role relay fill the stream, which it finds missing, from
// the log.
func (d *drain) relay(ctx context.Context, length time.Duration) (s sample, err error) {
	if s, err = d.fill(ctx, relay.StreamName(0), length); err != nil {
		return s, err
	}
	if err := d.compare(ctx); err != nil {
		return s, err
	}
	return s, d.js.DeleteStream(ctx, relay.StreamName(0))
}

// fill runs a service of the role relay while a stream is filled, for a time or until it holds
// the log.
func (d *drain) fill(ctx context.Context, stream string, length time.Duration) (s sample, err error) {
	head, err := d.log.log.Head(ctx)
	if err != nil {
		return s, err
	}
	p, _, _, err := d.startService(ctx, d.log.url, d.url, "relay")
	if err != nil {
		return s, err
	}
	s, err = d.watch(ctx, p, stream, head.Position, length)
	return s, errors.Join(err, p.stop())
}

// watch counts what comes into a stream for a time, or until it holds the log.
func (d *drain) watch(ctx context.Context, p *process, stream string, end eventstore.Position, length time.Duration) (sample, error) {
	var from eventstore.Position
	var began time.Time
	started := time.Now()
	for {
		if err := p.running(); err != nil {
			return sample{}, err
		}
		at, err := d.last(ctx, stream)
		if err != nil {
			return sample{}, err
		}
		now := time.Now()
		if began.IsZero() && at == end { // all at once: how long that took is not known any better
			return sample{count: int(at), elapsed: now.Sub(started)}, nil
		}
		if began.IsZero() && at >= min(settled, end/4) {
			from, began = at, now
		}
		if at == end || !began.IsZero() && now.Sub(began) >= length && at > from {
			return sample{count: int(at - from), elapsed: max(time.Since(began), time.Microsecond)}, nil
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// last is the last sequence in a stream, 0 if there is no stream.
func (d *drain) last(ctx context.Context, stream string) (eventstore.Position, error) {
	s, err := d.js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return eventstore.Position(s.CachedInfo().State.LastSeq), nil
}

// compare reads the log's stream from its beginning and checks that it is the log.
func (d *drain) compare(ctx context.Context) error {
	s, err := d.js.Stream(ctx, relay.StreamName(0))
	if err != nil {
		return err
	}
	state := s.CachedInfo().State
	// So that a message of either side takes as many bytes in its stream.
	d.size = max(0, int(state.Bytes/state.Msgs)-storedOverhead-len(floorSubject))
	return d.check(ctx, relay.StreamName(0), func(msg jetstream.Msg, want *eventstore.Recorded) bool {
		meta, err := msg.Metadata()
		if err != nil {
			return false
		}
		got, err := relay.Decode(meta.Sequence.Stream, msg.Headers(), msg.Data())
		return err == nil && got.ID == want.ID && got.Position == want.Position
	})
}

// check reads a stream from its beginning to what is its end now, beside the log.
func (d *drain) check(ctx context.Context, stream string, same func(jetstream.Msg, *eventstore.Recorded) bool) error {
	end, err := d.last(ctx, stream)
	if err != nil {
		return err
	}
	consumer, err := d.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(1000))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for at := eventstore.Position(0); at < end; {
		page, err := d.log.log.ReadAll(ctx, at, 1000)
		if err != nil {
			return err
		}
		for i := range page {
			if page[i].Position > end {
				break
			}
			msg, err := messages.Next()
			if err != nil {
				return err
			}
			d.correct.Checked++
			if !same(msg, &page[i]) {
				d.correct.Reordered++
			}
		}
		at = page[len(page)-1].Position
	}
	return nil
}
