package relay

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
)

// StreamName is the name of the stream that holds the log of a shard.
func StreamName(shard int16) string {
	if shard == 0 {
		return "COMMENTD_LOG"
	}
	return fmt.Sprintf("COMMENTD_LOG_%d", shard)
}

// metadataEpoch is where a stream says which epoch the log had when it was made.
const metadataEpoch = "commentd-epoch"

// apiTimeout bounds a request to JetStream.
const apiTimeout = 5 * time.Second

// wanted returns have with all that matters to us as we need it.
func (r *Relay) wanted(have jetstream.StreamConfig) jetstream.StreamConfig {
	return fitting(have, StreamName(r.config.Shard), subjectPrefix(r.config.Shard), r.config.Replicas, r.config.MaxAge)
}

// fitting returns have as a stream of this name has to be. What an operator may choose,
// such as placement and compression, is left as it is.
func fitting(have jetstream.StreamConfig, name, prefix string, replicas int, maxAge time.Duration) jetstream.StreamConfig {
	c := have
	c.Name = name
	c.Subjects = []string{prefix + ".>"}
	c.Storage, c.Replicas = jetstream.FileStorage, replicas
	// The stream forgets by age alone, from its beginning.
	c.Retention, c.Discard, c.DiscardNewPerSubject = jetstream.LimitsPolicy, jetstream.DiscardOld, false
	c.MaxAge = maxAge
	c.MaxMsgs, c.MaxBytes, c.MaxMsgsPerSubject, c.MaxMsgSize, c.MaxConsumers = -1, -1, -1, -1, -1
	c.Sealed, c.AllowRollup, c.AllowMsgTTL, c.SubjectDeleteMarkerTTL = false, false, false, 0
	c.DenyDelete, c.DenyPurge = true, true
	// Every message is one that we published, acknowledged, as it was.
	c.NoAck, c.AllowMsgCounter, c.AllowMsgSchedules = false, false, false
	c.Mirror, c.Sources, c.SubjectTransform = nil, nil, nil
	// A copy would carry our sequences, and with them how much is hidden, elsewhere.
	c.RePublish, c.AllowDirect, c.MirrorDirect = nil, false, false
	// Asynchronous persistence silently cancels the server's sync_interval: always.
	c.PersistMode = jetstream.DefaultPersistMode
	c.AllowAtomicPublish = true
	return c
}

// stream returns the stream as it is, after making it or setting its configuration
// right where needed.
func (r *Relay) stream(ctx context.Context) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	s, err := r.js.Stream(ctx, StreamName(r.config.Shard))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return r.create(ctx, "stream missing")
	}
	if err != nil {
		return nil, fmt.Errorf("ask for the stream: %w", err)
	}
	info := s.CachedInfo()
	config := r.wanted(info.Config)
	if reflect.DeepEqual(config, info.Config) {
		return info, nil
	}
	s, err = r.js.UpdateStream(ctx, config)
	var refused *jetstream.APIError
	switch {
	case err == nil:
		r.shortOfPeer = false
		r.healed("configuration")
		return s.CachedInfo(), nil
	case errors.As(err, &refused) && unchangeable[refused.ErrorCode]:
		return r.recreate(ctx, "configuration unchangeable")
	case config.Replicas != info.Config.Replicas:
		// The data is safe as it is, and the peers may come.
		r.shortOfPeer = true
		r.logger.Warn("relay: replicas of the stream", "have", info.Config.Replicas, "want", config.Replicas, "error", err)
		config.Replicas = info.Config.Replicas
		if reflect.DeepEqual(config, info.Config) {
			return info, nil
		}
	}
	return nil, fmt.Errorf("configure the stream: %w", err)
}

// unchangeable are the error codes of a server that cannot turn the stream into what
// we need. Any other refusal, for want of space or peers, says nothing against the
// stream as it is.
var unchangeable = map[jetstream.ErrorCode]bool{
	10052: true, // invalid configuration, of an update
	10055: true, // mirror configuration cannot be updated
}

// recreate deletes the stream and makes it anew. The log fills it again.
func (r *Relay) recreate(ctx context.Context, cause string) (*jetstream.StreamInfo, error) {
	err := r.js.DeleteStream(ctx, StreamName(r.config.Shard))
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("delete the stream (%s): %w", cause, err)
	}
	return r.create(ctx, cause)
}

// create makes the stream so that its next sequence is the position of the first
// event that is not too old for it.
func (r *Relay) create(ctx context.Context, cause string) (*jetstream.StreamInfo, error) {
	head, err := r.log.Head(ctx)
	if err != nil {
		return nil, err
	}
	first, err := r.firstSince(ctx, head.Position, time.Now().Add(-r.config.MaxAge))
	if err != nil {
		return nil, err
	}
	config := r.wanted(jetstream.StreamConfig{
		FirstSeq: uint64(first),
		Metadata: map[string]string{metadataEpoch: strconv.Itoa(int(head.Epoch))},
	})
	s, err := r.js.CreateStream(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("create the stream: %w", err)
	}
	r.healed(cause)
	return s.CachedInfo(), nil
}

// firstSince returns the position of the first event recorded at or after t, or the
// one after head. Time never runs backwards along the log.
func (r *Relay) firstSince(ctx context.Context, head eventstore.Position, t time.Time) (eventstore.Position, error) {
	var failed error
	n := sort.Search(int(head), func(i int) bool {
		if failed != nil {
			return true
		}
		e, err := r.logged(ctx, eventstore.Position(i+1))
		failed = err
		return err == nil && !e.RecordedAt.Before(t)
	})
	return eventstore.Position(n + 1), failed
}

// logged returns the event at a position that the log has.
func (r *Relay) logged(ctx context.Context, at eventstore.Position) (eventstore.Recorded, error) {
	events, err := r.log.ReadAll(ctx, at-1, 1)
	if err == nil && (len(events) == 0 || events[0].Position != at) {
		err = inTrouble(StateWaitingForLog, "the log ends before position %d, where it had an event just now", at)
	}
	if err != nil {
		return eventstore.Recorded{}, err
	}
	return events[0], nil
}

// healed counts a repair of the stream and tells of it.
func (r *Relay) healed(cause string) {
	r.metrics.RelayHealed.WithLabelValues(cause).Inc()
	r.logger.Warn("relay: stream repaired", "cause", cause)
}
