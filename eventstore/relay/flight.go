package relay

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
)

// InboxPrefix is what the subjects begin with on which commentd's connections to NATS
// get their answers: give it to nats.CustomInboxPrefix. Nobody else may listen or
// speak there.
const InboxPrefix = "_INBOX_COMMENTD"

// target is a stream that is published into.
type target struct {
	stream  string
	window  int // messages sent before the first of them is acknowledged
	encoder *encoder
	single  bool // a message is stored as it would be if it came alone: no batches
	slow    bool // the server brings every message to disk
	// taken is told that the stream has taken n more messages, up to a sequence.
	taken func(at uint64, n int)
}

// flight is the messages that are on their way to the stream. It is for one
// goroutine and one uninterrupted run of sequences.
type flight struct {
	*target
	nc    *nats.Conn
	ack   time.Duration // for an acknowledgement, before the stream is suspect
	inbox string
	sub   *nats.Subscription
	acks  chan *nats.Msg

	sent, acked uint64
	proven      bool      // the stream has taken at least one message
	moved       time.Time // when it last did, or was first sent one after a pause
}

// takeOff begins a flight of what follows a sequence.
func (t *target) takeOff(nc *nats.Conn, ack time.Duration, from uint64) (*flight, error) {
	f := &flight{
		target: t, nc: nc, ack: ack, inbox: InboxPrefix + "." + rand.Text() + ".",
		// Whoever floods the inbox makes acknowledgements get lost, no more.
		acks: make(chan *nats.Msg, 2*t.window),
		sent: from, acked: from,
	}
	var err error
	if f.sub, err = nc.ChanSubscribe(f.inbox+"*", f.acks); err != nil {
		return nil, fmt.Errorf("subscribe to acknowledgements: %w", err)
	}
	return f, nil
}

// land forgets what is still on its way.
func (f *flight) land() { _ = f.sub.Unsubscribe() }

// publish sends events, as far ahead of what the stream has taken as the window
// allows. The first message of a flight goes alone: if it is refused, the answer
// says why, while those behind it could only be told that they do not follow.
func (f *flight) publish(ctx context.Context, events []eventstore.Recorded) error {
	began, from := time.Now(), f.acked
	for i, e := range events {
		if int(f.sent-f.acked) >= f.window {
			// Half of the window at a time: a message for each acknowledgement would
			// cost a system call for each.
			if err := f.makeRoom(ctx, f.window/2); err != nil {
				return err
			}
			f.clock(began, from)
		} else if err := f.makeRoom(ctx, f.window); err != nil {
			return err
		}
		if rest := events[i:]; f.slow && !f.single && f.proven && len(rest) >= minBatch {
			return f.publishBatches(ctx, rest)
		}
		msg, err := f.encode(ctx, e)
		if err != nil {
			return err
		}
		msg.Reply = f.replyOf(f.sent + 1)
		if err := f.send(msg); err != nil {
			return err
		}
	}
	return nil
}

// encode returns the message of e as the next of the stream.
func (f *flight) encode(ctx context.Context, e eventstore.Recorded) (*nats.Msg, error) {
	msg, err := f.encoder.encode(ctx, e, f.sent)
	if err != nil {
		return nil, &trouble{StateWaitingForLog, err.Error()}
	}
	return msg, nil
}

func (f *flight) replyOf(at uint64) string {
	return f.inbox + strconv.FormatUint(at, 10)
}

// send sends the next message.
func (f *flight) send(msg *nats.Msg) error {
	err := f.nc.PublishMsg(msg)
	if errors.Is(err, nats.ErrMaxPayload) {
		return fmt.Errorf("%w: message %d", err, f.sent+1)
	}
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if f.sent == f.acked {
		f.moved = time.Now()
	}
	f.sent++
	return nil
}

// makeRoom waits until no more than n messages are on their way, or none before the
// first one has arrived.
func (f *flight) makeRoom(ctx context.Context, n int) error {
	var late <-chan time.Time
	for {
		if !f.proven {
			n = 0
		}
		select {
		case msg := <-f.acks:
			if err := f.take(msg); err != nil {
				return err
			}
			continue
		default:
		}
		if int(f.sent-f.acked) <= n {
			return nil
		}
		if late == nil {
			late = time.After(f.ack)
		}
		select {
		case msg := <-f.acks:
			if err := f.take(msg); err != nil {
				return err
			}
		case <-late:
			if err := f.overdue(); err != nil {
				return err
			}
			late = nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// errOverdue: the stream has not answered for too long.
var errOverdue = errors.New("the stream does not acknowledge")

// errNotNext: the stream's last sequence is not the one before the message's. Another
// relay was faster, or the stream has lost its tail.
var errNotNext = errors.New("the message is not the next of the stream")

func (f *flight) overdue() error {
	if f.sent > f.acked && time.Since(f.moved) >= f.ack {
		return errOverdue
	}
	return nil
}

// pubAck is the answer of a stream to a message.
type pubAck struct {
	Stream string              `json:"stream"`
	Seq    uint64              `json:"seq"`
	Error  *jetstream.APIError `json:"error"`
}

// codeNotNext is the server's error code for errNotNext.
const codeNotNext = 10071

// take judges an answer. An acknowledgement is a hint: it paces the relay, while what
// the stream holds is read from the stream.
func (f *flight) take(msg *nats.Msg) error {
	at, err := strconv.ParseUint(msg.Subject[len(f.inbox):], 10, 64)
	if err != nil {
		return errors.New("an acknowledgement of nothing that was sent")
	}
	if msg.Header.Get("Status") == "503" {
		return errors.New("nothing takes the messages: there is no stream, or no JetStream")
	}
	var ack pubAck
	if err := json.Unmarshal(msg.Data, &ack); err != nil {
		return errors.New("an acknowledgement that cannot be read")
	}
	switch {
	case ack.Error != nil && ack.Error.ErrorCode == codeNotNext:
		return errNotNext
	case ack.Error != nil:
		return inTrouble(StateRefused, "the stream does not take message %d: %s (%d)",
			at, ack.Error.Description, ack.Error.ErrorCode)
	case ack.Stream != f.stream || ack.Seq != at || at > f.sent:
		return fmt.Errorf("%w: acknowledged as %d of another", errNotNext, ack.Seq)
	case at > f.acked:
		f.taken(at, int(at-f.acked))
		f.acked, f.proven, f.moved = at, true, time.Now()
	}
	return nil
}
