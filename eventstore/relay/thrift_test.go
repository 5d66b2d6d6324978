package relay

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
)

// A name is a query. One for each event costs twenty times what the rest of carrying
// the event does.
func TestRelayAsksOnceForTheNameOfAnAccount(t *testing.T) {
	r := newRig(t)
	r.append(2500)
	var asked atomic.Int64
	c := r.relay(func(r *Relay) {
		r.timing.ack = time.Hour // on a machine with much to do it begins anew, and asks anew
		r.encoder.slug = func(ctx context.Context, id domain.AccountID) (string, error) {
			asked.Add(1)
			return slugs(ctx, id)
		}
	})
	r.awaitRelayed()
	for range 20 {
		r.append(30)
		r.awaitRelayed()
	}
	r.wantHealthy(c)
	const accounts, tries = 3, 10
	if n := asked.Load(); n < accounts || n > accounts*tries {
		t.Errorf("the relay asked %d times for names of %d accounts", n, accounts)
	}
}

// In a database that was restored, the id of an account may be another one's.
func TestRelayAsksAgainAfterARestore(t *testing.T) {
	r := newRig(t)
	var restored atomic.Bool
	c := r.relay(func(r *Relay) {
		r.encoder.slug = func(_ context.Context, id domain.AccountID) (string, error) {
			return fmt.Sprintf("account-%d-%t", id, restored.Load()), nil
		}
	})
	r.append(100)
	r.awaitRelayed()
	r.exec(`BEGIN; DELETE FROM log.events WHERE position > 95; UPDATE log.heads SET position = 95; COMMIT`)
	r.awaitState(c, StateHalted)
	restored.Store(true)
	r.raiseEpoch()
	r.append(50)
	r.awaitRelayed()
	r.wantHealthy(c)
	for at := uint64(96); at <= 145; at++ {
		s, err := r.js.Stream(t.Context(), StreamName(0))
		if err != nil {
			t.Fatal(err)
		}
		msg, err := s.GetMsg(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(msg.Subject, "-true.") {
			t.Fatalf("message %d is on %s, by the name of before the restore", at, msg.Subject)
		}
	}
}

// countedLog counts how often its events are read.
type countedLog struct {
	*log
	reads atomic.Int64
}

func (l *countedLog) ReadAll(ctx context.Context, after eventstore.Position, limit int) ([]eventstore.Recorded, error) {
	l.reads.Add(1)
	return l.log.ReadAll(ctx, after, limit)
}

// That there is no more is known from a page that is not full: what is appended one by
// one would else be asked for twice.
func TestRelayKnowsTheEndWithoutAsking(t *testing.T) {
	r := newRig(t)
	counted := &countedLog{log: r.log}
	relay := New(counted, r.pool, r.nc, metrics.New(prometheus.NewRegistry()), Config{Slug: slugs})
	ctx, stop := context.WithCancel(t.Context())
	pages, ended := make(chan []eventstore.Recorded), make(chan error, 1)
	r.append(2500)
	go func() { ended <- relay.read(ctx, cursor{}, pages) }()
	wantPages := func(reads int64, sizes ...int) {
		t.Helper()
		for _, want := range sizes {
			if got := len(<-pages); got != want {
				t.Fatalf("a page of %d events, want %d", got, want)
			}
		}
		if n := counted.reads.Load(); n != reads {
			t.Errorf("the log was read %d times, want %d", n, reads)
		}
	}
	wantPages(3, 1000, 1000, 500, 0)
	r.appendUnheard(500)
	wantPages(4, 500, 0)
	r.appendUnheard(1000)
	wantPages(6, 1000, 0)
	stop()
	if err := <-ended; err != nil {
		t.Errorf("read: %v", err)
	}
}
