package erasure_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Obligations that come together cost one rewrite. What no key opens is left behind, and
// holds up nothing.
func TestObligationsAreFulfilledTogether(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		ids := w.write(w.another(), 30)
		w.erase(w.process, ids[:10]...)
	}
	lost := w.write(w.process, 3)
	w.erase(w.process, lost[0])
	row, content := w.row(lost[1])
	if _, err := w.pool.Exec(t.Context(), "UPDATE log.contents SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) WHERE shard = 0 AND content_id = $1", content); err != nil {
		t.Fatal(err)
	}
	rewritten := 0
	p := w.another()
	p.worker.OnStep(func(step string) {
		if step == "rewritten" {
			rewritten++
		}
	})
	if err := p.worker.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rewritten != 1 {
		t.Errorf("31 obligations took %d rewrites of the keyring; want 1", rewritten)
	}
	if left, _ := w.row(lost[1]); left.bucket != row.bucket {
		t.Errorf("a content that does not open has moved from bucket %d to %d", row.bucket, left.bucket)
	}
	delete(w.texts, lost[1])
	if _, err := w.pool.Exec(t.Context(), "DELETE FROM log.contents WHERE shard = 0 AND content_id = $1", content); err != nil {
		t.Fatal(err)
	}
	w.check()
}

// Keys that were destroyed by others, such as those of receipts, are gone soon, without
// an obligation.
func TestKeysOfReceiptsAreBuried(t *testing.T) {
	w := newWorld(t)
	if _, err := w.vault.Fingerprint(t.Context(), uuid.New(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.pool.Exec(t.Context(), "UPDATE keyring.buckets SET bucket_id = bucket_id + 4"); err != nil { // hours ago
		t.Fatal(err)
	}
	if n, err := w.vault.ExpireReceiptKeys(t.Context(), 2*time.Hour); n != 1 || err != nil {
		t.Fatalf("ExpireReceiptKeys = %d, %v; want 1", n, err)
	}
	w.run(w.another())
	eventually(t, func() error {
		remains, err := w.keyring.Remains(t.Context())
		if err == nil && remains.Keys > 0 {
			err = fmt.Errorf("%+v", remains)
		}
		return err
	})
}

// The horizon is as far back as a text that could be recovered: one whose keys are not
// destroyed, or were so while the oldest copy of the keyring was made.
func TestHorizon(t *testing.T) {
	w := newWorld(t)
	horizon := func(open int, from, to time.Duration) {
		t.Helper()
		if err := w.worker.Measure(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := valueOf(t, w.metrics.ObligationsOpen); got != float64(open) {
			t.Errorf("%v obligations are open; want %d", got, open)
		}
		got := time.Duration(valueOf(t, w.metrics.ErasureHorizon) * float64(time.Second))
		if got < from || got > to {
			t.Errorf("the horizon is %v; want %v to %v", got, from, to)
		}
	}
	const day = 24 * time.Hour
	// age has all have happened so long ago; destroyed is negative if it is yet to come.
	age := func(event, destroyed time.Duration) {
		t.Helper()
		if _, err := w.pool.Exec(t.Context(), `UPDATE log.obligations SET recorded_at = now() - $1::interval,
			completed_at = CASE WHEN $2 > interval '0' THEN now() END,
			key_destroyed_at = CASE WHEN $2 > interval '0' THEN now() - $2::interval END`, event, destroyed); err != nil {
			t.Fatal(err)
		}
		if _, err := w.pool.Exec(t.Context(), `UPDATE log.retired_buckets SET retired_at = now() - $1::interval,
			destroyed_at = CASE WHEN $2 > interval '0' THEN now() - $2::interval END`, event, destroyed); err != nil {
			t.Fatal(err)
		}
	}
	horizon(0, 0, 0)
	w.erase(w.process, w.write(w.process, 2)...)
	horizon(2, 0, time.Hour)
	age(3*day, -1)
	horizon(2, 3*day, 3*day+time.Hour)
	if err := w.worker.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	horizon(0, 3*day, 3*day+time.Hour)
	age(32*day, 29*day) // it took long to destroy the keys
	horizon(0, 32*day, 32*day+time.Hour)
	age(32*day, 31*day) // by default copies are gone after 30
	horizon(0, 0, 0)
	age(50*day, -1)
	horizon(2, 50*day, 50*day+time.Hour)
}

func valueOf(t *testing.T, g prometheus.Gauge) float64 {
	t.Helper()
	var m dto.Metric
	if err := g.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetGauge().GetValue()
}
