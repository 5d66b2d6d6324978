package relay

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
)

// What a relay makes of a stream that it finds.
func TestRelayTakesOverAStream(t *testing.T) {
	type found struct {
		*rig
		stream jetstream.Stream
	}
	delete := func(positions ...uint64) func(*found) error {
		return func(f *found) error {
			for _, p := range positions {
				if err := f.stream.DeleteMsg(context.Background(), p); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, tt := range []struct {
		name   string
		do     func(*found) error
		healed string // cause, if the stream is made anew
		holes  []eventstore.Position
		halted bool
	}{
		{name: "as it should be", do: delete()},
		{name: "some missing in the middle", do: delete(20, 21, 50), holes: []eventstore.Position{20, 21, 50}},
		{name: "last missing", do: delete(100), healed: "tail missing"},
		{name: "several last missing", do: delete(100, 99, 98, 20), healed: "tail missing"},
		{name: "first missing", do: delete(1, 2), healed: "beginning missing"},
		{name: "purged", do: func(f *found) error { return f.stream.Purge(context.Background()) }, healed: "beginning missing"},
		{name: "purged but for three", do: func(f *found) error {
			return f.stream.Purge(context.Background(), jetstream.WithPurgeKeep(3))
		}, healed: "beginning missing"},
		{name: "foreign message at the end", do: func(f *found) error {
			_, err := f.js.Publish(context.Background(), "commentd.log.0.x", []byte("hello"))
			return err
		}, healed: "foreign message"},
		{name: "foreign message in place of an event", do: func(f *found) error {
			f.append(2)
			if _, err := f.js.Publish(context.Background(), "commentd.log.0.x", []byte("hello")); err != nil {
				return err
			}
			return f.publishLog(102, 102)
		}, healed: "foreign message"},
		{name: "another event at the end", do: func(f *found) error {
			f.append(1)
			err := f.publishLog(101, 101)
			f.exec(`UPDATE log.events SET event_id = gen_random_uuid() WHERE position = 101`)
			return err
		}, halted: true},
		{name: "another event in place of one", do: func(f *found) error {
			f.exec(`UPDATE log.events SET event_id = gen_random_uuid() WHERE position = 70`)
			return nil
		}, halted: true},
		{name: "of an earlier epoch, but the same", do: func(f *found) error { f.raiseEpoch(); return nil }},
		{name: "of an earlier epoch, and another event", do: func(f *found) error {
			f.exec(`UPDATE log.events SET event_id = gen_random_uuid() WHERE position = 70`)
			f.raiseEpoch()
			return nil
		}, healed: "epoch raised"},
		{name: "ahead of the log", do: func(f *found) error { f.loseTail(99); return nil }, halted: true},
		{name: "ahead of the log, of an earlier epoch", do: func(f *found) error {
			f.loseTail(60)
			f.raiseEpoch()
			return nil
		}, healed: "epoch raised"},
		{name: "ahead of the log and purged", do: func(f *found) error {
			f.loseTail(60)
			return f.stream.Purge(context.Background())
		}, halted: true},
		{name: "ahead of an empty log", do: func(f *found) error { f.loseTail(0); return nil }, halted: true},
		{name: "of a log that was empty", do: func(f *found) error {
			f.loseTail(0)
			f.raiseEpoch()
			f.append(1)
			return nil
		}, healed: "epoch raised"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &found{rig: newRig(t)}
			var err error
			if f.stream, err = f.js.CreateStream(t.Context(), jetstream.StreamConfig{
				Name: StreamName(0), Subjects: []string{"commentd.log.0.>"}, Metadata: map[string]string{metadataEpoch: "1"},
			}); err != nil {
				t.Fatal(err)
			}
			f.append(100)
			if err := f.publishLog(1, 100); err != nil {
				t.Fatal(err)
			}
			if err := tt.do(f); err != nil {
				t.Fatal(err)
			}
			c := f.relay()
			if tt.halted {
				before := f.info().State
				f.awaitState(c, StateHalted)
				f.append(20)
				wantError(t, c.Health(), "raise-epoch")
				if after := f.info().State; after.LastSeq != before.LastSeq || after.Msgs != before.Msgs {
					t.Errorf("stream went from %+v to %+v while halted", before, after)
				}
				if got := c.metric("commentd_relay_state", string(StateHalted)); got != 1 {
					t.Errorf("relay_state{halted} = %v, want 1", got)
				}
				f.raiseEpoch()
			}
			f.wantHealthy(c)
			f.append(10)
			f.awaitRelayed()
			f.wantAllBut(1, tt.holes)
			if tt.halted {
				tt.healed = "epoch raised"
			}
			for _, cause := range []string{"tail missing", "beginning missing", "foreign message", "epoch raised", "first sequence", "stream missing"} {
				want := 0
				if cause == tt.healed {
					want = 1
				}
				if got := c.healedBy(cause); got != want {
					t.Errorf("healed by %s %d times, want %d", cause, got, want)
				}
			}
		})
	}
}

// publishLog publishes what the log has at the given positions, as a relay would.
func (r *rig) publishLog(first, last eventstore.Position) error {
	events, err := r.ReadAll(context.Background(), first-1, int(last-first+1))
	if err != nil {
		return err
	}
	encoder := newEncoder(logForm(0), "http://localhost", slugs)
	for _, e := range events {
		var msg *nats.Msg
		if msg, err = encoder.encode(context.Background(), e, uint64(e.Position-1)); err != nil {
			return err
		}
		if _, err = r.js.PublishMsg(context.Background(), msg); err != nil {
			return err
		}
	}
	return nil
}
