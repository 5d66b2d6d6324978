package relay

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstack"
)

func TestStreamDeletedComesBack(t *testing.T) {
	r := newRig(t)
	c := r.relay()
	for range 3 {
		r.append(700)
		r.awaitRelayed()
		if err := r.js.DeleteStream(t.Context(), StreamName(0)); err != nil {
			t.Fatal(err)
		}
	}
	r.append(1)
	r.awaitRelayed()
	r.wantDense(1)
	r.wantHealthy(c)
	if got := c.healedBy("stream missing"); got != 4 {
		t.Errorf("stream was made %d times, want 4", got)
	}
}

// A power cut may take what the broker has acknowledged: here a folder of some time
// ago takes the place of today's.
func TestTailLostComesBack(t *testing.T) {
	r := newRig(t)
	dir := filepath.Join(t.TempDir(), "nats")
	start := func() {
		n, err := devstack.StartNATS(t.Context(), devstack.NATSConfig{StoreDir: dir, Port: r.nats.Port()})
		if err != nil {
			t.Fatal(err)
		}
		r.nats = n
		t.Cleanup(n.Stop)
		r.broker = n.URL()
		r.nc = connect(t, r.broker)
		r.js, _ = jetstream.New(r.nc)
	}
	r.nats.Stop()
	start()
	c := r.relay(func(r *Relay) { r.config.RestartNATS = nil })
	r.append(300)
	r.awaitRelayed()
	c.stop()
	r.nats.Stop()
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.CopyFS(kept, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	start()
	c = r.relay()
	r.append(900)
	r.awaitRelayed()
	r.nats.Stop()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(kept)); err != nil {
		t.Fatal(err)
	}
	if err := r.nats.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.awaitRelayed()
	r.wantDense(1)
	r.wantHealthy(c)
	if got := c.healedBy("tail lost"); got != 1 {
		t.Errorf("healed by tail lost %d times, want 1", got)
	}
}

func TestStreamMisconfiguredIsPutRight(t *testing.T) {
	change := func(f func(*jetstream.StreamConfig)) func(*rig) error {
		return func(r *rig) error {
			config := r.info().Config
			f(&config)
			_, err := r.js.UpdateStream(context.Background(), config)
			return err
		}
	}
	replace := func(f func(*jetstream.StreamConfig)) func(*rig) error {
		return func(r *rig) error {
			config := jetstream.StreamConfig{Name: StreamName(0), Subjects: []string{"commentd.log.0.>"}}
			f(&config)
			if err := r.js.DeleteStream(context.Background(), config.Name); err != nil {
				return err
			}
			_, err := r.js.CreateStream(context.Background(), config)
			return err
		}
	}
	for _, tt := range []struct {
		name string
		do   func(*rig) error
	}{
		{"sealed", change(func(c *jetstream.StreamConfig) { c.Sealed = true })},
		{"kept for an hour", change(func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour })},
		{"five messages", change(func(c *jetstream.StreamConfig) { c.MaxMsgs = 5 })},
		{"new ones discarded", change(func(c *jetstream.StreamConfig) { c.Discard, c.MaxMsgs = jetstream.DiscardNew, 100 })},
		{"other subjects", change(func(c *jetstream.StreamConfig) { c.Subjects = []string{"elsewhere"} })},
		{"more subjects", change(func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "elsewhere") })},
		{"small messages", change(func(c *jetstream.StreamConfig) { c.MaxMsgSize = 100 })},
		{"silent", change(func(c *jetstream.StreamConfig) { c.NoAck = true })},
		{"republished", change(func(c *jetstream.StreamConfig) {
			c.RePublish = &jetstream.RePublish{Source: ">", Destination: "copy.>"}
		})},
		{"per-message life times", change(func(c *jetstream.StreamConfig) { c.AllowMsgTTL = true })},
		{"by interest", change(func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy })},
		{"work queue", replace(func(c *jetstream.StreamConfig) { c.Retention = jetstream.WorkQueuePolicy })},
		{"in memory", replace(func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage })},
		{"asynchronous", replace(func(c *jetstream.StreamConfig) { c.PersistMode = jetstream.AsyncPersistMode })},
		{"counters", replace(func(c *jetstream.StreamConfig) { c.AllowMsgCounter = true })},
		{"schedules", replace(func(c *jetstream.StreamConfig) { c.AllowMsgSchedules = true })},
		{"mirror", replace(func(c *jetstream.StreamConfig) {
			c.Subjects, c.Mirror = nil, &jetstream.StreamSource{Name: "ELSEWHERE"}
		})},
		{"first sequence too high", replace(func(c *jetstream.StreamConfig) { c.FirstSeq = 5000 })},
		{"first sequence next", replace(func(c *jetstream.StreamConfig) { c.FirstSeq = 201 })},
		{"first sequence in the middle", replace(func(c *jetstream.StreamConfig) { c.FirstSeq = 100 })},
		{"fresh", replace(func(c *jetstream.StreamConfig) {})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			c := r.relay()
			r.append(200)
			r.awaitRelayed()
			want := r.info().Config
			if err := tt.do(r); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() error {
				info := r.info()
				if info == nil {
					return fmt.Errorf("no stream")
				}
				got := c.wanted(info.Config)
				if info.Config.Name != want.Name || fmt.Sprint(got) != fmt.Sprint(info.Config) {
					return fmt.Errorf("configuration is %+v, want %+v", info.Config, got)
				}
				return nil
			})
			r.append(5)
			r.awaitRelayed()
			eventually(t, func() error {
				if info := r.info(); info == nil || info.State.Msgs != 205 {
					return fmt.Errorf("stream is %+v, want 205 messages", info)
				}
				return nil
			})
			r.wantDense(1)
			r.wantHealthy(c)
		})
	}
}

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
	encoder := newEncoder(0, "http://localhost", slugs)
	for _, e := range events {
		var msg *nats.Msg
		if msg, err = encoder.encode(context.Background(), e); err != nil {
			return err
		}
		if _, err = r.js.PublishMsg(context.Background(), msg); err != nil {
			return err
		}
	}
	return nil
}

// Postgres is restored to an earlier moment while the relay runs, and written to
// before anybody looks.
func TestRelayHaltsWhenTheLogLosesItsTail(t *testing.T) {
	for _, rewritten := range []int{0, 3, 5, 50} {
		t.Run(fmt.Sprint(rewritten, " appended since"), func(t *testing.T) {
			r := newRig(t)
			c := r.relay()
			r.append(100)
			r.awaitRelayed()
			rd := r.feed(0)
			rd.wantAll(0)
			r.exec(`BEGIN; DELETE FROM log.events WHERE position > 95; UPDATE log.heads SET position = 95; COMMIT`)
			if rewritten > 0 {
				r.append(rewritten)
			}
			r.awaitState(c, StateHalted)
			if last := r.info().State.LastSeq; last != 100 {
				t.Errorf("stream ends at %d, want 100", last)
			}
			r.raiseEpoch()
			r.append(1)
			r.awaitRelayed()
			r.wantHealthy(c)
			r.wantDense(1)
		})
	}
}
