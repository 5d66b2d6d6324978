package relay

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// metadataOutlet is where a stream says for which opening of an outlet it was made.
const metadataOutlet = "commentd-outlet"

// metadataReader marks the consumers that were made for readers.
const metadataReader = "commentd-reader"

// wanted returns have with all that matters to us as we need it.
func (f *filler) wanted(have jetstream.StreamConfig) jetstream.StreamConfig {
	return fitting(have, f.target.stream, f.prefix, f.config.Replicas, f.config.MaxAge)
}

// inspect brings the stream in order, and finds the place from where to go on.
func (f *filler) inspect(ctx context.Context) error {
	head, err := f.log.Head(ctx)
	if err != nil {
		return err
	}
	f.epoch, f.ahead = head.Epoch, nil
	if f.outlet.Start > head.Position {
		return inTrouble(StateHalted, "the log has lost what comes before position %d, where the outlet begins. Switch the outlet off and on", f.outlet.Start)
	}
	if err := f.doubt(ctx, head); err != nil {
		return err
	}
	info, err := f.ensure(ctx)
	if err != nil {
		return err
	}
	at, broken, err := f.find(ctx, info)
	if err != nil {
		return err
	}
	if broken != "" {
		if info, err = f.recreate(ctx, broken); err != nil {
			return err
		}
		at = place{0, f.outlet.Start}
	}
	if at.sequence < f.at.sequence && broken == "" && info.Created.Equal(f.created) {
		f.healed("tail lost")
	}
	f.at, f.created = at, info.Created
	return f.admit(ctx)
}

// doubt forgets the place that was noted if the log has lost its end since: what will be
// up to there are other events.
func (f *filler) doubt(ctx context.Context, head eventstore.Head) error {
	if f.noted.epoch == head.Epoch && f.noted.position <= head.Position {
		return nil
	}
	if err := f.store.unmark(ctx, f.outlet, head); err != nil {
		return err
	}
	f.noted = mark{place{0, f.outlet.Start}, head.Epoch}
	return nil
}

// ensure returns the stream as it is, after making it or setting it right where needed.
// One that was changed may have let go of messages: it is made anew, except when all that
// is different is how many replicas it has and how long messages are kept.
func (f *filler) ensure(ctx context.Context) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	s, err := f.js.Stream(ctx, f.target.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return f.create(ctx, "stream missing")
	}
	if err != nil {
		return nil, fmt.Errorf("ask for the stream: %w", err)
	}
	info := s.CachedInfo()
	config := f.wanted(info.Config)
	settings := info.Config
	settings.Replicas, settings.MaxAge = config.Replicas, config.MaxAge
	switch {
	case !f.isMine(info):
		return f.recreate(ctx, "opened anew")
	case !reflect.DeepEqual(config, settings):
		return f.recreate(ctx, "configuration")
	case info.State.NumDeleted > 0:
		return f.recreate(ctx, "messages missing")
	case reflect.DeepEqual(config, info.Config):
		return info, nil
	}
	if s, err = f.js.UpdateStream(ctx, config); err == nil {
		return s.CachedInfo(), nil
	}
	if config.MaxAge == info.Config.MaxAge { // the data is safe as it is, and the peers may come
		f.logger.Warn("outlet: replicas of the stream", "have", info.Config.Replicas, "want", config.Replicas, "error", err)
		return info, nil
	}
	return nil, fmt.Errorf("configure the stream: %w", err)
}

// isMine reports whether a stream was made for this opening of the outlet.
func (f *filler) isMine(info *jetstream.StreamInfo) bool {
	return info.Config.Metadata[metadataOutlet] == f.outlet.id.String()
}

func (f *filler) recreate(ctx context.Context, cause string) (*jetstream.StreamInfo, error) {
	err := f.js.DeleteStream(ctx, f.target.stream)
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("delete the stream (%s): %w", cause, err)
	}
	return f.create(ctx, cause)
}

// create makes the stream, which the log fills from its start: what has the sequence 1
// does not depend on when that is.
func (f *filler) create(ctx context.Context, cause string) (*jetstream.StreamInfo, error) {
	s, err := f.js.CreateStream(ctx, f.wanted(jetstream.StreamConfig{Metadata: map[string]string{
		metadataOutlet: f.outlet.id.String(), metadataEpoch: strconv.Itoa(int(f.epoch)),
	}}))
	if err != nil {
		return nil, fmt.Errorf("create the stream: %w", err)
	}
	f.healed(cause)
	return s.CachedInfo(), nil
}

func (f *filler) healed(cause string) {
	f.metrics.OutletHealed.WithLabelValues(cause).Inc()
	f.logger.Warn("outlet: stream repaired", "cause", cause)
}

// find finds the place of the stream, or says why the stream is not what it should be.
// The last message says where it is: its event is in the log. What is noted of the outlet
// helps when all messages have expired, and saves reading on through what is not told.
func (f *filler) find(ctx context.Context, info *jetstream.StreamInfo) (at place, broken string, err error) {
	state := info.State
	at = place{0, f.outlet.Start}
	if state.LastSeq > 0 {
		if at, broken, err = f.last(ctx, info); err != nil || broken != "" {
			return at, broken, err
		}
	}
	if f.noted.sequence == at.sequence {
		at.position = max(at.position, f.noted.position)
	}
	return at, "", nil
}

// last is find for a stream that was used.
func (f *filler) last(ctx context.Context, info *jetstream.StreamInfo) (at place, broken string, err error) {
	state := info.State
	if state.Msgs == 0 {
		if f.noted.sequence != state.LastSeq {
			return at, "tail missing", nil
		}
		return f.noted.place, "", nil
	}
	messages, err := lastOf(ctx, f.js, f.target.stream, state.FirstSeq, state.LastSeq, f.window)
	if err != nil {
		return at, "", err
	}
	if len(messages) == 0 || messages[len(messages)-1].sequence < state.LastSeq {
		return at, "tail missing", confirmGone(ctx, f.js, f.target.stream, state.LastSeq)
	}
	return f.compare(ctx, messages)
}

// compare looks whether the log bears the messages out: their events are in it, one after
// the other. The place is that of the last.
func (f *filler) compare(ctx context.Context, messages []stored) (at place, broken string, err error) {
	told := make([]eventstore.Recorded, len(messages))
	var tickets []domain.TicketID
	var ids []domain.EventID
	for i, msg := range messages {
		if told[i], err = decodeOutlet(msg.Headers()); err != nil {
			return at, "foreign message", nil
		}
		ids = append(ids, told[i].ID)
		if !slices.Contains(tickets, told[i].Ticket) {
			tickets = append(tickets, told[i].Ticket)
		}
	}
	events, err := f.log.FindEvents(ctx, f.outlet.Account, tickets, ids)
	if err != nil {
		return at, "", err
	}
	logged := make(map[domain.EventID]eventstore.Position, len(events))
	for i := range events {
		if f.outlet.Audience.admits(&events[i]) {
			logged[events[i].ID] = events[i].Position
		}
	}
	for i, e := range told {
		position, ok := logged[e.ID]
		switch {
		case !ok && e.Epoch < f.epoch:
			return at, "epoch raised", nil
		case !ok:
			return at, "", inTrouble(StateHalted, "the stream %s holds an event at %d that Postgres does not. %s", f.target.stream, messages[i].sequence, advice)
		case position <= at.position:
			return at, "foreign message", nil // it is one of ours, and not in its place
		}
		at = place{messages[i].sequence, position}
	}
	return at, "", nil
}

// check makes sure that the stream is still there, as it should be, and holds what it has
// acknowledged; and notes the place from time to time.
func (f *filler) check(ctx context.Context, flight *flight) error {
	if err := flight.overdue(); err != nil {
		return err
	}
	acked := flight.acked
	bounded, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	s, err := f.js.Stream(bounded, f.target.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return errChanged
	}
	if err != nil {
		return fmt.Errorf("ask for the stream: %w", err)
	}
	info := s.CachedInfo()
	if info.State.LastSeq < acked || info.State.LastSeq > flight.sent {
		return errNotNext
	}
	config := f.wanted(info.Config)
	config.Replicas = info.Config.Replicas
	if !reflect.DeepEqual(config, info.Config) || !f.isMine(info) || !info.Created.Equal(f.created) || info.State.NumDeleted > 0 ||
		info.State.Consumers < len(f.outlet.Readers) {
		return errChanged
	}
	return f.note(ctx)
}

// stride is how far a place is from the last one noted, at least, to be noted soon.
const stride = 1000

// note notes the place, if it is far from what was noted or has not changed for a while.
func (f *filler) note(ctx context.Context) error {
	far := f.at.position-f.noted.position >= stride
	if !far && (f.at.sequence == f.noted.sequence || time.Since(f.since) < f.timing.note) {
		return nil
	}
	noted := mark{f.at, f.epoch}
	if err := f.store.note(ctx, f.outlet, noted); err != nil {
		return err
	}
	f.noted, f.since = noted, time.Now()
	return nil
}

// admit makes the consumers of the readers, and deletes those of former ones.
func (f *filler) admit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	s, err := f.js.Stream(ctx, f.target.stream)
	if err != nil {
		return fmt.Errorf("ask for the stream: %w", err)
	}
	have := s.ListConsumers(ctx)
	for info := range have.Info() {
		if info.Config.Metadata[metadataReader] != "" && !slices.Contains(f.outlet.Readers, info.Name) {
			if err := s.DeleteConsumer(ctx, info.Name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
				return fmt.Errorf("delete a consumer: %w", err)
			}
		}
	}
	if err := have.Err(); err != nil {
		return fmt.Errorf("list the consumers: %w", err)
	}
	made := s.CachedInfo().Config.Metadata // by which readers tell one stream from the next
	for _, name := range f.outlet.Readers {
		// It remembers nothing that matters: the reader says where to go on.
		if _, err := s.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
			Durable: name, DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckNonePolicy,
			Metadata: map[string]string{metadataReader: name, metadataOutlet: made[metadataOutlet], metadataEpoch: made[metadataEpoch]},
		}); err != nil {
			return fmt.Errorf("make a consumer: %w", err)
		}
	}
	return nil
}
