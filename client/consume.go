package client

import (
	"context"
	"errors"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// errGap: a message is not the one after the last.
var errGap = errors.New("messages are missing")

// consume reads from the consumer that was made for the caller. It says itself where to go
// on, whenever something was in the way: the consumer remembers nothing that matters.
func (s *subscriber) consume(ctx context.Context) error {
	for failures := 0; ; failures++ {
		before := s.last
		stopped, err := s.attempt(ctx)
		switch {
		case stopped || ctx.Err() != nil:
			return context.Cause(ctx)
		case !passes(err):
			return err
		case s.last > before:
			failures = 0
		}
		if err := sleep(ctx, pause(firstPause, min(failures, 6))); err != nil {
			return err
		}
	}
}

// attempt reads until something is in the way.
func (s *subscriber) attempt(ctx context.Context) (stopped bool, err error) {
	consumer, err := s.js.Consumer(ctx, s.Stream, s.Consumer)
	if err != nil {
		return false, err
	}
	if _, err := s.js.ResetConsumerToSequence(ctx, s.Stream, s.Consumer, s.last+1); err != nil {
		return false, err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return false, err
	}
	defer messages.Stop()
	return s.each(ctx, messages)
}

// passing are what may be gone by itself: the stream is being made anew, or NATS is away.
var passing = []error{errGap, jetstream.ErrConsumerNotFound, jetstream.ErrConsumerDeleted, jetstream.ErrStreamNotFound,
	jetstream.ErrNoHeartbeat, jetstream.ErrMsgIteratorClosed, nats.ErrNoResponders, nats.ErrDisconnected, nats.ErrTimeout, context.DeadlineExceeded}

func passes(err error) bool {
	return !errors.Is(err, errCursor) && slices.ContainsFunc(passing, func(known error) bool { return errors.Is(err, known) })
}
