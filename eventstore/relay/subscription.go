package relay

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
)

// subscription is a consumer of the stream for one reader. It acknowledges nothing
// and leaves nothing behind that matters: the reader knows where it is.
type subscription struct {
	items    chan item
	gone     chan struct{} // closed when nothing more will come
	stop     chan struct{} // closed by close
	breaking sync.Once

	js       jetstream.JetStream
	stream   string
	consumer string
	context  jetstream.ConsumeContext
}

// item is a message; ok says whether it is that of an event.
type item struct {
	position eventstore.Position
	event    eventstore.Recorded
	ok       bool
}

const (
	// heartbeat is how often a server with nothing to send says that it is there.
	heartbeat = 5 * time.Second
	// prefetched messages, and as many more that are decoded, wait in memory.
	prefetched = 2000
)

// subscribe begins to receive what is in the stream after a position.
func (f *Feed) subscribe(ctx context.Context, after eventstore.Position) (*subscription, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	s := &subscription{
		items: make(chan item, prefetched), gone: make(chan struct{}), stop: make(chan struct{}),
		js: f.js, stream: StreamName(f.shard),
	}
	consumer, err := f.js.CreateConsumer(ctx, s.stream, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: uint64(after + 1),
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return nil, err
	}
	s.consumer = consumer.CachedInfo().Name
	s.context, err = consumer.Consume(s.receive, jetstream.PullMaxMessages(prefetched), jetstream.PullHeartbeat(heartbeat),
		jetstream.ConsumeErrHandler(func(jetstream.ConsumeContext, error) { s.breakOff() }))
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *subscription) receive(msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil {
		s.breakOff()
		return
	}
	i := item{position: eventstore.Position(meta.Sequence.Stream)}
	i.event, err = Decode(meta.Sequence.Stream, msg.Headers(), msg.Data())
	i.ok = err == nil
	select {
	case s.items <- i:
	case <-s.stop:
	}
}

// breakOff says that nothing more may come. What has come before still counts.
func (s *subscription) breakOff() { s.breaking.Do(func() { close(s.gone) }) }

// received and broken work on a nil subscription, from which nothing ever comes.
func (s *subscription) received() <-chan item {
	if s == nil {
		return nil
	}
	return s.items
}

func (s *subscription) broken() <-chan struct{} {
	if s == nil {
		return nil
	}
	return s.gone
}

// close ends the subscription and waits until nothing of it runs any more. The server
// forgets the consumer now, or in a minute.
func (s *subscription) close() {
	close(s.stop)
	s.context.Stop()
	<-s.context.Closed()
	if s.js.Conn().IsConnected() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.js.DeleteConsumer(ctx, s.stream, s.consumer)
	}
}

// attach tries to subscribe, beside the caller, who finds the outcome in r.attached.
func (r *reading) attach(ctx context.Context) {
	if r.sub != nil || r.attaching || !r.nc.IsConnected() {
		return // without a connection the next one is waited for
	}
	r.attaching = true
	after := r.at
	r.helpers.Go(func() {
		sub, err := r.subscribe(ctx, after)
		if err != nil {
			r.logger.Debug("feed: subscribe", "error", err)
			sub = nil
		}
		select {
		case r.attached <- sub:
		case <-ctx.Done():
			if sub != nil {
				sub.close()
			}
		}
	})
}

// detach gives the subscription up, if there is one.
func (r *reading) detach() {
	if sub := r.sub; sub != nil {
		r.sub = nil
		r.helpers.Go(sub.close)
	}
}
