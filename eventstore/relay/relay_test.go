package relay

import (
	"testing"
	"time"

	"github.com/commentd/commentd/eventstore"
)

func TestRelayCarriesTheLog(t *testing.T) {
	r := newRig(t)
	r.append(2500)
	c := r.relay()
	r.awaitRelayed()
	r.wantDense(1)
	for range 50 {
		r.append(3)
	}
	r.awaitRelayed()
	r.wantDense(1)
	r.wantHealthy(c)
	eventually(t, func() error { return statusAt(c, 2650) })
}

// What nobody tells the relay of it finds by looking.
func TestRelayFindsWhatOthersAppend(t *testing.T) {
	r := newRig(t)
	r.relay()
	r.awaitRelayed()
	r.appendUnheard(10)
	r.awaitRelayed()
	r.wantDense(1)
}

func TestPokeWakesRelay(t *testing.T) {
	r := newRig(t)
	c := r.relay(func(r *Relay) { r.timing.check = time.Hour })
	r.wantHealthy(c)
	time.Sleep(50 * time.Millisecond)
	r.appendUnheard(1)
	Poke(r.nc, 0)
	r.awaitRelayed()
}

func TestStreamStartsWithWhatIsNotTooOld(t *testing.T) {
	for _, tt := range []struct {
		name       string
		old, young int
		from       eventstore.Position
	}{
		{"empty log", 0, 0, 1},
		{"all too old", 10, 0, 11},
		{"none too old", 0, 10, 1},
		{"some too old", 1000, 24, 1001},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.appendAged(tt.old, 31*24*time.Hour)
			r.append(tt.young)
			c := r.relay()
			r.wantHealthy(c)
			r.awaitRelayed()
			if got := r.info().Config.FirstSeq; got > 1 && got != uint64(tt.from) {
				t.Errorf("first sequence = %d, want %d", got, tt.from)
			}
			r.wantDense(tt.from)
			r.append(5)
			r.awaitRelayed()
			r.wantDense(tt.from)
		})
	}
}
