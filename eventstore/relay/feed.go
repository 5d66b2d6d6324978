package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
)

// Feed hands out the events of the log in order. It takes them from the stream, where
// they arrive soonest, and from the log whatever the stream does not give.
type Feed struct {
	log    logReader
	nc     *nats.Conn
	js     jetstream.JetStream
	shard  int16
	logger *slog.Logger
}

// NewFeed returns a feed of a shard. It starts nothing. Any number of Runs may share
// it.
func NewFeed(log logReader, nc *nats.Conn, shard int16) *Feed {
	js, err := jetstream.New(nc)
	if err != nil {
		panic(err) // only options, of which there are none, can be wrong
	}
	return &Feed{log: log, nc: nc, js: js, shard: shard, logger: slog.With("shard", shard)}
}

// ErrAhead: the reader has seen positions that the log does not have. Postgres has
// lost its tail, or the reader's progress belongs to another log.
var ErrAhead = errors.New("the reader is ahead of the log")

// Run calls deliver with the events at from+1, from+2 and so on, without a hole,
// repetition or change of order, in batches of at most 1000: as many as there are, at
// once when there is one. It goes on until ctx ends, and then returns nil, or until
// deliver returns an error, which it returns. It returns ErrAhead if the log ends
// before from or has lost what was delivered.
//
// While NATS is away the log alone is read. While Postgres is away Run goes on with
// what the stream gives, as long as there is nothing odd about it. An idle Run makes
// one query in ten seconds, or one in a second while there is no stream.
func (f *Feed) Run(ctx context.Context, from eventstore.Position, deliver func(context.Context, []eventstore.Recorded) error) error {
	pokes, sub, err := hearPokes(f.nc, f.shard)
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	defer sub.Unsubscribe() //nolint:errcheck // the connection may be gone
	ctx, cancel := context.WithCancel(ctx)
	r := &reading{Feed: f, deliver: deliver, pokes: pokes, at: from, attached: make(chan *subscription), retry: firstRetry}
	defer r.helpers.Wait()
	defer cancel()
	err = r.run(ctx)
	r.detach()
	if ctx.Err() != nil {
		return nil
	}
	return err
}
