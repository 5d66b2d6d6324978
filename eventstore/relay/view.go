package relay

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// view is the stream beside the log.
type view struct {
	first, last eventstore.Position // sequences of the stream; first is last+1 when it is empty
	empty       bool
	unused      bool  // nothing was ever published into the stream
	madeIn      int32 // epoch in which the stream was made; 0 if it does not say

	// The last of the latest messages, or the first of them that the log does not
	// bear out; nil if the latest messages are gone.
	tail    *eventstore.Recorded
	foreign bool // tail is not even the message of an event
	gone    bool // there is no message with the last sequence

	head   eventstore.Head
	same   *eventstore.Recorded // the log's event at the position of tail
	before *eventstore.Recorded // the log's event at first-1
}

// verdict is what is to be done about a view. The zero value: go on.
type verdict struct {
	recreate string // why the stream must be made anew
	halt     string // why nothing may be published
}

// look reads the stream first and the log after it: the log can then only be
// further than it needs to be.
func (r *Relay) look(ctx context.Context, info *jetstream.StreamInfo) (v view, err error) {
	state := info.State
	v.first, v.last = eventstore.Position(state.FirstSeq), eventstore.Position(state.LastSeq)
	v.empty = state.Msgs == 0
	v.unused = v.empty && state.LastSeq < max(info.Config.FirstSeq, 1)
	if epoch, err := strconv.ParseInt(info.Config.Metadata[metadataEpoch], 10, 32); err == nil {
		v.madeIn = int32(epoch)
	}
	if v.empty {
		v.first = v.last + 1
	}
	latest, err := r.latest(ctx, v)
	if err != nil {
		return v, err
	}
	if !v.empty && (len(latest) == 0 || latest[len(latest)-1].position < v.last) {
		if err := confirmGone(ctx, r.js, StreamName(r.config.Shard), uint64(v.last)); err != nil {
			return v, err
		}
		v.gone = true
	}
	if v.head, err = r.log.Head(ctx); err != nil {
		return v, err
	}
	if err := r.compare(ctx, latest, &v); err != nil {
		return v, err
	}
	if before := v.first - 1; before >= 1 && before <= v.head.Position {
		e, err := r.logged(ctx, before)
		if err != nil {
			return v, err
		}
		v.before = &e
	}
	return v, nil
}

// message is one that was read from the stream; event is nil if it is none of ours.
type message struct {
	position eventstore.Position
	event    *eventstore.Recorded
}

// latest reads as many of the stream's last messages as may have been on their way
// at once. A stranger's message among them does not break the chain of expected
// sequences if it took the place of just one of ours.
func (r *Relay) latest(ctx context.Context, v view) ([]message, error) {
	if v.empty {
		return nil, nil
	}
	raw, err := lastOf(ctx, r.js, StreamName(r.config.Shard), uint64(v.first), uint64(v.last), r.config.Window)
	if err != nil {
		return nil, err
	}
	messages := make([]message, len(raw))
	for i, msg := range raw {
		messages[i].position = eventstore.Position(msg.sequence)
		if e, err := Decode(msg.sequence, msg.Headers(), msg.Data()); err == nil {
			messages[i].event = &e
		}
	}
	return messages, nil
}

// stored is a message with its sequence in the stream.
type stored struct {
	jetstream.Msg
	sequence uint64
}

// lastOf reads the last n messages of a stream from first to last, and what has come
// since.
func lastOf(ctx context.Context, js jetstream.JetStream, stream string, first, last uint64, n int) ([]stored, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	consumer, err := js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(first, last-min(last, uint64(n))+1),
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: 2 * apiTimeout,
	})
	if err != nil {
		return nil, fmt.Errorf("read the stream's last messages: %w", err)
	}
	defer js.DeleteConsumer(ctx, stream, consumer.CachedInfo().Name) //nolint:errcheck // it expires by itself
	batch, err := consumer.FetchNoWait(n)
	if err != nil {
		return nil, fmt.Errorf("read the stream's last messages: %w", err)
	}
	var messages []stored
	for msg := range batch.Messages() {
		meta, err := msg.Metadata()
		if err != nil {
			return nil, fmt.Errorf("read the stream's last messages: %w", err)
		}
		messages = append(messages, stored{msg, meta.Sequence.Stream})
	}
	if err := batch.Error(); err != nil {
		return nil, fmt.Errorf("read the stream's last messages: %w", err)
	}
	return messages, nil
}

// confirmGone returns nil if the server says that it has no such message. That it did
// not come with the others may mean that the server was slow.
func confirmGone(ctx context.Context, js jetstream.JetStream, stream string, at uint64) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	s, err := js.Stream(ctx, stream)
	if err == nil {
		_, err = s.GetMsg(ctx, at)
	}
	switch {
	case err == nil:
		return errors.New("read the stream's last messages: not all of them came")
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil
	}
	return fmt.Errorf("read the stream's last message: %w", err)
}

// compare finds the first of the messages that the log does not bear out.
func (r *Relay) compare(ctx context.Context, messages []message, v *view) error {
	if len(messages) == 0 {
		return nil
	}
	last := messages[len(messages)-1].position
	v.last = max(v.last, last)
	from := messages[0].position
	events, err := r.log.ReadAll(ctx, from-1, int(last-from+1))
	if err != nil {
		return err
	}
	for _, m := range messages {
		v.tail, v.foreign, v.same = m.event, m.event == nil, nil
		if i := int(m.position - from); i < len(events) {
			v.same = &events[i]
		}
		if v.foreign || v.differs() {
			return nil
		}
	}
	return nil
}

// differs reports whether stream and log hold different events at one position.
func (v view) differs() bool { return v.same != nil && v.same.ID != v.tail.ID }

// judge decides what is to be done. A message that contradicts the log is deleted,
// with all others, if an operator has raised the log's epoch since it was published:
// that is how one says that the log, though shorter, is the truth. Else it may be the
// only trace of what Postgres has lost.
func (v view) judge(maxAge time.Duration, now time.Time) verdict {
	streamEpoch := v.madeIn
	if v.tail != nil {
		streamEpoch = v.tail.Epoch
	}
	declared := v.head.Epoch > streamEpoch
	ahead := v.last > v.head.Position
	switch {
	case v.foreign:
		return verdict{recreate: "foreign message"}
	case ahead && v.unused:
		return verdict{recreate: "first sequence"}
	case (ahead || v.differs()) && declared:
		return verdict{recreate: "epoch raised"}
	case v.differs():
		return verdict{halt: fmt.Sprintf("JetStream and Postgres hold different events at position %d. %s", v.tail.Position, advice)}
	case ahead:
		return verdict{halt: fmt.Sprintf("JetStream is ahead of Postgres: the stream ends at position %d, the log at %d. %s",
			v.last, v.head.Position, advice)}
	case v.gone:
		return verdict{recreate: "tail missing"}
	case v.before != nil && young(*v.before, maxAge, now):
		return verdict{recreate: "beginning missing"}
	}
	return verdict{}
}

const advice = "If Postgres was restored or failed over and has lost its tail, say that it is the truth nonetheless: commentd log raise-epoch"

// young reports whether a stream that keeps events for maxAge should still have e.
// The twentieth is for those that expire while we look.
func young(e eventstore.Recorded, maxAge time.Duration, now time.Time) bool {
	return e.RecordedAt.After(now.Add(-maxAge + maxAge/20))
}

// cursor is the last event that the stream has.
type cursor struct {
	position eventstore.Position
	id       domain.EventID // zero at position 0
}

// inspect brings the stream in order and returns where to go on from.
func (r *Relay) inspect(ctx context.Context) (cursor, error) {
	info, err := r.stream(ctx)
	if err != nil {
		return cursor{}, err
	}
	v, err := r.look(ctx, info)
	if err != nil {
		return cursor{}, err
	}
	switch what := v.judge(r.config.MaxAge, time.Now()); {
	case what.halt != "":
		return cursor{}, &trouble{StateHalted, what.halt}
	case what.recreate != "":
		if info, err = r.recreate(ctx, what.recreate); err != nil {
			return cursor{}, err
		}
		v.last = eventstore.Position(info.State.LastSeq)
	case v.last < eventstore.Position(r.high.Load()):
		r.healed("tail lost")
	}
	r.seen = seenOf(info)
	r.high.Store(int64(v.last))
	at := cursor{position: v.last}
	if at.position > 0 {
		e, err := r.logged(ctx, at.position)
		if err != nil {
			return cursor{}, err
		}
		at.id = e.ID
	}
	return at, nil
}

// seen is what shows that a stream is no longer the one that was inspected.
type seen struct {
	created time.Time
	first   uint64
	deleted int
}

func seenOf(info *jetstream.StreamInfo) seen {
	return seen{created: info.Created, first: info.State.FirstSeq, deleted: info.State.NumDeleted}
}
