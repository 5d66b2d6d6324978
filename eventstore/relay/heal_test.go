package relay

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

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
