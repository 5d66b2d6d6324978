package client_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/client"
)

// stand is a stream like that of an outlet, with the consumer "reader". Tests do to it what
// the service does to outlets in the course of months.
type stand struct {
	jetstream.JetStream
	t    testing.TB
	name string
}

func newStand(t testing.TB) *stand {
	conn, err := nats.Connect(dev.info.NATSURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{js, t, "T" + uuid.NewString()}
	t.Cleanup(func() { _ = js.DeleteStream(context.Background(), s.name) })
	return s
}

// fill makes the stream anew, with n messages.
func (s *stand) fill(outlet string, n int) {
	s.t.Helper()
	ctx, metadata := s.t.Context(), map[string]string{"commentd-outlet": outlet, "commentd-epoch": "1"}
	if err := s.DeleteStream(ctx, s.name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		s.t.Fatal(err)
	}
	_, err := s.CreateStream(ctx, jetstream.StreamConfig{Name: s.name, Subjects: []string{s.name + ".>"}, Storage: jetstream.MemoryStorage, Metadata: metadata})
	if err != nil {
		s.t.Fatal(err)
	}
	s.publish(n)
	if _, err := s.CreateConsumer(ctx, s.name, jetstream.ConsumerConfig{Durable: "reader", AckPolicy: jetstream.AckNonePolicy, Metadata: metadata}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stand) publish(n int) {
	s.t.Helper()
	for range n {
		msg := nats.NewMsg(s.name + ".public.comment.created")
		msg.Header.Set("ce-id", uuid.NewString())
		msg.Header.Set("ce-time", time.Now().UTC().Format(time.RFC3339Nano))
		msg.Header.Set("ce-type", "commentd.comment.created")
		msg.Header.Set("ce-subject", "tickets/"+uuid.NewString())
		if _, err := s.PublishMsg(s.t.Context(), msg); err != nil {
			s.t.Fatal(err)
		}
	}
}

// readers runs a test with a consumer that was made for the caller, and with one's own.
func readers(t *testing.T, test func(*testing.T, *stand, client.SubscribeOptions)) {
	for _, consumer := range []string{"", "reader"} {
		t.Run("consumer "+consumer, func(t *testing.T) {
			s := newStand(t)
			cursor := client.FileCursor(filepath.Join(t.TempDir(), "cursor"))
			test(t, s, client.SubscribeOptions{Stream: s.name, Consumer: consumer, Cursor: cursor})
		})
	}
}

func TestSubscribeStopsTogetherWithItsContext(t *testing.T) {
	readers(t, func(t *testing.T, s *stand, o client.SubscribeOptions) {
		s.fill("one", 3)
		ctx, cancel := context.WithCancel(within(t))
		defer cancel()
		for _, err := range client.Subscribe(ctx, s, o) {
			if err != nil {
				t.Fatal(err)
			}
			cancel()
			break // and nothing is yielded after this: the runtime would panic
		}
		if ctx.Err() == nil {
			t.Error("nothing was yielded")
		}
	})
}

// The stream of another opening has other messages at the same sequences: the subscriber is
// told, be it under way or started later. One that was lost and filled again is the same.
func TestSubscribeToAStreamThatBeganAnew(t *testing.T) {
	readers(t, func(t *testing.T, s *stand, o client.SubscribeOptions) {
		s.fill("one", 5)
		read := func(upTo uint64, at func(uint64)) error {
			for m, err := range client.Subscribe(within(t), s, o) {
				if err != nil {
					return err
				}
				if at(m.Sequence); m.Sequence == upTo {
					return nil
				}
			}
			return errors.New("it ended")
		}
		nothing := func(uint64) {}
		if err := read(5, nothing); err != nil { // done with 4
			t.Fatal(err)
		}
		s.fill("one", 8)
		next := uint64(5)
		if err := read(8, func(n uint64) {
			if n != next {
				t.Errorf("got %d, want %d", n, next)
			}
			next++
		}); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{2, 12} { // shorter and longer than what was read
			s.fill("another", n)
			err := read(99, func(n uint64) { t.Errorf("got message %d of another stream", n) })
			if !errors.Is(err, client.ErrBegunAnew) {
				t.Errorf("%d messages: %v", n, err)
			}
		}
		o.Cursor = nil
		err := read(99, func(n uint64) {
			if n == 12 {
				s.fill("a third", 20)
			} else if n > 12 {
				t.Errorf("got message %d of another stream", n)
			}
		})
		if !errors.Is(err, client.ErrBegunAnew) {
			t.Errorf("under way: %v", err)
		}
	})
}

// aging is a stream whose first message expires, and to which another one comes, whenever a
// subscriber begins to read.
type aging struct{ *stand }

func (a aging) ResetConsumerToSequence(ctx context.Context, stream, consumer string, to uint64) (*jetstream.ConsumerResetResponse, error) {
	a.publish(1)
	s, err := a.Stream(ctx, stream)
	if err == nil {
		err = s.Purge(ctx, jetstream.WithPurgeSequence(s.CachedInfo().State.FirstSeq+1))
	}
	if err != nil {
		return nil, fmt.Errorf("age: %w", err)
	}
	return a.JetStream.ResetConsumerToSequence(ctx, stream, consumer, to)
}

func TestSubscribeToWhatIsLeftOfAnOldStream(t *testing.T) {
	s := newStand(t)
	s.fill("one", 10)
	var got []uint64
	for m, err := range client.Subscribe(within(t), aging{s}, client.SubscribeOptions{Stream: s.name, Consumer: "reader"}) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, m.Sequence); len(got) == 5 {
			break
		}
	}
	for i, n := range got {
		if n != got[0]+uint64(i) || n < 2 {
			t.Fatalf("got %d", got)
		}
	}
}

func TestSubscribeWithAConsumerThatIsNotThere(t *testing.T) {
	s := newStand(t)
	s.fill("one", 1)
	for _, err := range client.Subscribe(within(t), s, client.SubscribeOptions{Stream: s.name, Consumer: "nobody"}) {
		if !errors.Is(err, jetstream.ErrConsumerNotFound) {
			t.Errorf("%v", err)
		}
	}
}
