package relay

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/internal/devstack"
)

func TestOutletsTellOfTheirAccount(t *testing.T) {
	r := newRig(t)
	r.append(2500)
	r.open(1, AudiencePublic, 0)
	r.open(1, AudienceAll, 0)
	r.open(2, AudienceAll, 1200)
	o := r.outlets()
	for range 20 {
		r.append(7)
	}
	r.wantOutlet(1, AudiencePublic, 0)
	r.wantOutlet(1, AudienceAll, 0)
	r.wantOutlet(2, AudienceAll, 1200)
	r.wantOutletsHealthy(o)
	if r.outletInfo(outletOf(2, AudiencePublic)) != nil || r.outletInfo(outletOf(3, AudienceAll)) != nil {
		t.Error("there are outlets that nobody asked for")
	}
}

// What is lost comes back at the same sequences, with the same bytes.
func TestOutletsHeal(t *testing.T) {
	name := outletOf(1, AudiencePublic)
	change := func(f func(*jetstream.StreamConfig)) func(*rig) error {
		return func(r *rig) error {
			config := r.outletInfo(name).Config
			f(&config)
			_, err := r.js.UpdateStream(context.Background(), config)
			return err
		}
	}
	unprotected := func(r *rig) (jetstream.Stream, error) {
		config := r.outletInfo(name).Config
		if err := r.js.DeleteStream(context.Background(), name); err != nil {
			return nil, err
		}
		config.DenyDelete, config.DenyPurge = false, false
		return r.js.CreateStream(context.Background(), config)
	}
	for _, tt := range []struct {
		name string
		do   func(*rig) error
	}{
		{"deleted", func(r *rig) error { return r.js.DeleteStream(context.Background(), name) }},
		{"emptied", func(r *rig) error { _, err := unprotected(r); return err }},
		{"a foreign message", func(r *rig) error {
			_, err := r.js.Publish(context.Background(), "commentd.out.a-1.public.comment.created", []byte("{}"))
			return err
		}},
		{"a message once more", func(r *rig) error {
			old := r.copyOf(name)[3]
			old.Header.Del(headerExpectedLast)
			_, err := r.js.PublishMsg(context.Background(), &nats.Msg{Subject: old.Subject, Header: old.Header, Data: []byte(old.Data)})
			return err
		}},
		{"of another opening", change(func(c *jetstream.StreamConfig) { c.Metadata = nil })},
		{"five messages", change(func(c *jetstream.StreamConfig) { c.MaxMsgs = 5 })},
		{"for an hour", change(func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour })},
		{"republished", change(func(c *jetstream.StreamConfig) {
			c.RePublish = &jetstream.RePublish{Source: ">", Destination: "copy.>"}
		})},
		{"more subjects", change(func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "elsewhere") })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.open(1, AudiencePublic, 0)
			o := r.outlets()
			r.append(900)
			before := r.wantOutlet(1, AudiencePublic, 0)
			want := r.outletInfo(name).Config
			if err := tt.do(r); err != nil {
				t.Fatal(err)
			}
			r.append(60)
			eventually(t, func() error {
				info := r.outletInfo(name)
				if info == nil || info.Config.MaxAge != want.MaxAge || info.Config.MaxMsgs != want.MaxMsgs || len(info.Config.Subjects) != 1 ||
					info.Config.RePublish != nil || info.Config.Metadata[metadataOutlet] != want.Metadata[metadataOutlet] || !info.Config.DenyDelete {
					return fmt.Errorf("stream is %+v, want %+v", info, want)
				}
				due := r.due(1, AudiencePublic, 0)
				if info.State.Msgs != uint64(len(due)) || info.State.FirstSeq != 1 {
					return fmt.Errorf("stream is %+v, want %d messages", info.State, len(due))
				}
				// What was on its way when the stream changed may have been taken: the number is
				// right then before the messages are.
				stream, err := r.js.Stream(t.Context(), name)
				for i := 0; err == nil && i < len(due); i++ {
					var m *jetstream.RawStreamMsg
					if m, err = stream.GetMsg(t.Context(), uint64(i+1)); err == nil && m.Header.Get("ce-id") != due[i].ID.String() {
						err = fmt.Errorf("message %d is of another event", i+1)
					}
				}
				return err
			})
			wantSame(t, before, r.wantOutlet(1, AudiencePublic, 0))
			r.wantOutletsHealthy(o)
		})
	}
}

// A power cut may take what the broker has acknowledged.
func TestOutletTailLostComesBack(t *testing.T) {
	r := newRig(t)
	dir := filepath.Join(t.TempDir(), "nats")
	r.nats.Stop()
	n, err := devstack.StartNATS(t.Context(), devstack.NATSConfig{StoreDir: dir, Port: r.nats.Port()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Stop)
	r.nats, r.broker = n, n.URL()
	r.nc = connect(t, r.broker)
	if r.js, err = jetstream.New(r.nc); err != nil {
		t.Fatal(err)
	}
	r.open(1, AudiencePublic, 0)
	o := r.outlets()
	r.append(300)
	r.wantOutlet(1, AudiencePublic, 0)
	n.Stop()
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.CopyFS(kept, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := n.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.append(900)
	before := r.wantOutlet(1, AudiencePublic, 0)
	n.Stop()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(kept)); err != nil {
		t.Fatal(err)
	}
	if err := n.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if got := o.outletHealed("tail lost"); got != 1 {
			return fmt.Errorf("healed by tail lost %d times, want 1", got)
		}
		return nil
	})
	wantSame(t, before, r.wantOutlet(1, AudiencePublic, 0))
	r.wantOutletsHealthy(o)
}

// These two believe that they are one and the same, so that each thinks the lease its own.
func TestFillersWithoutLease(t *testing.T) {
	r := newRig(t)
	r.append(3000)
	r.open(1, AudiencePublic, 0)
	r.open(1, AudienceAll, 0)
	all := []*outletFiller{r.outlets()}
	all = append(all, r.outlets(func(o *Outlets) { o.member = all[0].member }))
	r.load(60).Wait()
	r.wantOutlet(1, AudiencePublic, 0)
	r.wantOutlet(1, AudienceAll, 0)
	for _, o := range all {
		r.wantOutletsHealthy(o)
		for _, cause := range []string{"foreign message", "tail missing", "epoch raised", "messages missing", "configuration"} {
			if n := o.outletHealed(cause); n != 0 {
				t.Errorf("an outlet was healed by %s %d times", cause, n)
			}
		}
	}
}

func TestOneFillerAtATimeAndTheNextTakesOver(t *testing.T) {
	r := newRig(t)
	r.open(1, AudienceAll, 0)
	one := r.outlets()
	r.append(10)
	r.wantOutlet(1, AudienceAll, 0)
	other := r.outlets()
	r.append(10)
	r.wantOutlet(1, AudienceAll, 0)
	if n := metricOf(other.registry, "commentd_outlet_published_total", ""); n != 0 {
		t.Errorf("the other has published %v messages", n)
	}
	one.stop()
	r.append(10)
	r.wantOutlet(1, AudienceAll, 0)
	if n := metricOf(other.registry, "commentd_outlet_published_total", ""); n == 0 {
		t.Error("the other has published nothing")
	}
}

func TestFillersKilledUnderLoad(t *testing.T) {
	r := newRig(t)
	r.open(1, AudiencePublic, 0)
	r.open(2, AudienceAll, 0)
	start := func() *child { return startChild(t, "outlets", "LOG_URL="+r.url, "NATS_URL="+r.broker) }
	fillers := []*child{start(), start()}
	appending := r.load(150)
	for range 8 {
		time.Sleep(rand.N(100 * time.Millisecond))
		i := rand.N(len(fillers))
		fillers[i].kill()
		fillers[i] = start()
	}
	appending.Wait()
	r.wantOutlet(1, AudiencePublic, 0)
	r.wantOutlet(2, AudienceAll, 0)
}

func TestBrokerOfOutletsKilledUnderLoad(t *testing.T) {
	r, n := newProcessRig(t)
	r.open(1, AudiencePublic, 0)
	o := r.outlets()
	appending := r.load(150)
	for range 5 {
		time.Sleep(rand.N(150 * time.Millisecond))
		n.restart()
	}
	appending.Wait()
	r.wantOutlet(1, AudiencePublic, 0)
	r.wantOutletsHealthy(o)
}

// Postgres is restored to an earlier moment and written to.
func TestOutletHaltsWhenTheLogLosesItsTail(t *testing.T) {
	r := newRig(t)
	r.open(1, AudienceAll, 0)
	o := r.outlets()
	r.append(99)
	before := r.wantOutlet(1, AudienceAll, 0)
	o.stop()
	r.loseTail(50)
	r.append(30)
	o = r.outlets()
	eventually(t, func() error {
		if err := o.Health(); err == nil || metricOf(o.registry, "commentd_outlets", string(StateHalted)) != 1 {
			return fmt.Errorf("the outlet is not halted: %v", err)
		}
		return nil
	})
	if last := r.outletInfo(outletOf(1, AudienceAll)).State.LastSeq; last != uint64(len(before)) {
		t.Errorf("the stream ends at %d, want %d", last, len(before))
	}
	r.raiseEpoch()
	r.append(3)
	eventually(t, func() error {
		if n := o.outletHealed("epoch raised"); n != 1 {
			return fmt.Errorf("made anew %d times", n)
		}
		return nil
	})
	r.wantOutlet(1, AudienceAll, 0)
	r.wantOutletsHealthy(o)
}

// The log falls back and grows again under a filler that lives on: all that the stream
// holds is still logged, and what comes where the filler was already is other events.
func TestOutletForgetsWhereItWasInALogThatLostItsTail(t *testing.T) {
	for _, raised := range []bool{false, true} {
		t.Run(fmt.Sprintf("raised %v", raised), func(t *testing.T) {
			r := newRig(t)
			r.open(1, AudiencePublic, 0)
			o := r.outlets()
			r.append(20)
			before := r.wantOutlet(1, AudiencePublic, 0)
			noted := func() (position int64) {
				if err := r.pool.QueryRow(t.Context(), "SELECT mark_position FROM outlets.outlets").Scan(&position); err != nil {
					t.Fatal(err)
				}
				return position
			}
			r.exec(hiddenSQL, 2000)
			r.signal.Wake()
			eventually(t, func() error {
				if n := noted(); n < 2000 {
					return fmt.Errorf("noted is position %d", n)
				}
				return nil
			})
			r.loseTail(20)
			if raised {
				r.raiseEpoch()
			}
			eventually(t, func() error {
				if n := noted(); n > 20 {
					return fmt.Errorf("noted is position %d of a log that ends with 20", n)
				}
				return nil
			})
			r.append(60)
			r.exec(hiddenSQL, 2000)
			r.signal.Wake()
			wantSame(t, before, r.wantOutlet(1, AudiencePublic, 0))
			r.wantOutletsHealthy(o)
		})
	}
}

// It begins with what the log has lost: nothing can be told.
func TestOutletAheadOfTheLogIsHalted(t *testing.T) {
	r := newRig(t)
	r.append(99)
	r.open(1, AudienceAll, 99)
	r.loseTail(50)
	o := r.outlets()
	eventually(t, func() error {
		if err := o.Health(); err == nil || metricOf(o.registry, "commentd_outlets", string(StateHalted)) != 1 {
			return fmt.Errorf("the outlet is not halted: %v", err)
		}
		return nil
	})
}

// The readers of an outlet that was closed are none of the next, whenever that is opened.
func TestReadersGoWithTheirOutlet(t *testing.T) {
	r := newRig(t)
	r.open(1, AudiencePublic, 0)
	if err := r.outletStore().AddReader(t.Context(), 1, AudiencePublic, "portal"); err != nil {
		t.Fatal(err)
	}
	if err := r.outletStore().Close(t.Context(), 1, AudiencePublic); err != nil { // and nobody removes it
		t.Fatal(err)
	}
	r.open(1, AudiencePublic, 0)
	outlets, err := r.outletStore().List(t.Context(), 1)
	if err != nil || len(outlets) != 1 || len(outlets[0].Readers) > 0 {
		t.Errorf("%+v, %v", outlets, err)
	}
}

// All messages have expired. Sequences go on nevertheless.
func TestOutletGoesOnWhenAllHasExpired(t *testing.T) {
	r := newRig(t)
	r.open(1, AudiencePublic, 0)
	young := func(o *Outlets) { o.config.MaxAge = time.Second }
	o := r.outlets(young)
	r.append(100)
	r.awaitOutlet(1, AudiencePublic, 0)
	name, n := outletOf(1, AudiencePublic), uint64(len(r.due(1, AudiencePublic, 0)))
	eventually(t, func() error {
		if state := r.outletInfo(name).State; state.Msgs > 0 {
			return fmt.Errorf("%d messages have not expired", state.Msgs)
		}
		var noted uint64
		if err := r.pool.QueryRow(t.Context(), "SELECT mark_sequence FROM outlets.outlets").Scan(&noted); err != nil || noted != n {
			return fmt.Errorf("noted is %d, want %d: %w", noted, n, err)
		}
		return nil
	})
	o.stop()
	o = r.outlets(young)
	r.append(3)
	r.awaitOutlet(1, AudiencePublic, 0)
	r.wantOutletsHealthy(o)
	if healed := o.outletHealed("tail missing"); healed != 0 {
		t.Errorf("the stream was made anew %d times", healed)
	}
}

// What is not told is not read again and again.
func TestOutletNotesWhereItIsInWhatItDoesNotTell(t *testing.T) {
	r := newRig(t)
	r.append(20)
	r.open(1, AudiencePublic, 0)
	r.outlets()
	r.wantOutlet(1, AudiencePublic, 0)
	r.exec(hiddenSQL, 5000)
	r.signal.Wake()
	eventually(t, func() error {
		var noted int64
		if err := r.pool.QueryRow(t.Context(), "SELECT mark_position FROM outlets.outlets").Scan(&noted); err != nil || noted < 4000 {
			return fmt.Errorf("noted is position %d: %w", noted, err)
		}
		return nil
	})
	r.append(20)
	r.wantOutlet(1, AudiencePublic, 0)
}

// hiddenSQL adds $1 internal events of account 1.
const hiddenSQL = `
WITH head AS (UPDATE log.heads SET position = position + $1 WHERE shard = 0 RETURNING position - $1 AS position, epoch, recorded_at)
INSERT INTO log.events (position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous, shard, schema_version,
                        internal, event_id, ticket_id, comment_id, type, data)
SELECT p, 0, head.recorded_at, head.epoch, 1, p + 1000, 0, 0, 1, true, gen_random_uuid(), md5('1')::uuid, gen_random_uuid(), 'comment.edited', '{}'
  FROM head, generate_series(head.position + 1, head.position + $1) AS p`

func TestOutletClosedAndOpenedAnew(t *testing.T) {
	r := newRig(t)
	r.append(200)
	r.open(1, AudiencePublic, 0)
	o := r.outlets()
	r.wantOutlet(1, AudiencePublic, 0)
	if err := r.outletStore().Close(t.Context(), 1, AudiencePublic); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		left, err := r.outletStore().List(t.Context(), 1)
		if r.outletInfo(outletOf(1, AudiencePublic)) != nil || err != nil || len(left) > 0 {
			return fmt.Errorf("it is still there: %+v, %w", left, err)
		}
		return nil
	})
	r.open(1, AudiencePublic, 150)
	r.wantOutlet(1, AudiencePublic, 150)
	o.stop() // closed and opened before anybody looks
	if err := r.outletStore().Close(t.Context(), 1, AudiencePublic); err != nil {
		t.Fatal(err)
	}
	r.open(1, AudiencePublic, 100)
	r.outlets()
	r.wantOutlet(1, AudiencePublic, 100)
}

// Each reader has a consumer, for as long as it is admitted.
func TestReadersHaveConsumers(t *testing.T) {
	r := newRig(t)
	r.append(60)
	r.open(1, AudiencePublic, 0)
	r.outlets()
	r.wantOutlet(1, AudiencePublic, 0)
	name, store := outletOf(1, AudiencePublic), r.outletStore()
	want := func(readers ...string) {
		t.Helper()
		eventually(t, func() error {
			s, err := r.js.Stream(t.Context(), name)
			if err != nil {
				return err
			}
			var have []string
			for info := range s.ListConsumers(t.Context()).Info() {
				if info.Config.Metadata[metadataReader] != "" {
					have = append(have, info.Name)
				}
			}
			if fmt.Sprint(have) != fmt.Sprint(readers) {
				return fmt.Errorf("consumers are %v, want %v", have, readers)
			}
			return nil
		})
	}
	for _, reader := range []string{"one", "two"} {
		if err := store.AddReader(t.Context(), 1, AudiencePublic, reader); err != nil {
			t.Fatal(err)
		}
	}
	want("one", "two")
	if err := r.js.DeleteConsumer(t.Context(), name, "two"); err != nil {
		t.Fatal(err)
	}
	want("one", "two")
	if err := store.RemoveReader(t.Context(), 1, AudiencePublic, "one"); err != nil {
		t.Fatal(err)
	}
	want("two")
	if err := r.js.DeleteStream(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	want("two")
}
