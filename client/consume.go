package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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
		case stopped:
			return nil // nothing may be yielded any more, not even that ctx has ended
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !passes(err):
			return err
		case !s.admitted && failures >= admission:
			return fmt.Errorf("the consumer %q of %s is not to be had, or not permitted: %w", s.Consumer, s.Stream, err)
		case s.last > before:
			failures = 0
		}
		if err := sleep(ctx, pause(firstPause, min(failures, 6))); err != nil {
			return err
		}
	}
}

// admission is how many failures are borne before the consumer was there once: after some
// seconds it is not about to be made.
const admission = 8

// attempt reads until something is in the way.
func (s *subscriber) attempt(ctx context.Context) (stopped bool, err error) {
	consumer, at, err := s.reset(ctx)
	if err != nil {
		return false, err
	}
	s.admitted = true
	if err := s.recognize(at.Config.Metadata); err != nil {
		return false, err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return false, err
	}
	defer messages.Stop()
	return s.each(ctx, messages)
}

// askTimeout bounds what is asked of NATS. There is no answer to what is not permitted.
const askTimeout = 5 * time.Second

// reset has the consumer go on after the last message, and returns it as it was then: a
// consumer that is made anew after that begins with the first message of its stream.
func (s *subscriber) reset(ctx context.Context) (jetstream.Consumer, *jetstream.ConsumerResetResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	consumer, err := s.js.Consumer(ctx, s.Stream, s.Consumer)
	if err != nil {
		return nil, nil, err
	}
	at, err := s.js.ResetConsumerToSequence(ctx, s.Stream, s.Consumer, s.last+1)
	return consumer, at, err
}

// passing are what may be gone by itself: the stream is being made anew, or NATS is away.
var passing = []error{errGap, jetstream.ErrConsumerNotFound, jetstream.ErrConsumerDeleted, jetstream.ErrStreamNotFound,
	jetstream.ErrNoHeartbeat, jetstream.ErrMsgIteratorClosed, nats.ErrNoResponders, nats.ErrDisconnected, nats.ErrTimeout, context.DeadlineExceeded}

func passes(err error) bool {
	return !errors.Is(err, errCursor) && slices.ContainsFunc(passing, func(known error) bool { return errors.Is(err, known) })
}
