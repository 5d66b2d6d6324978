package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
)

// diagnose says why the stream does not acknowledge, and tries what may help.
func (r *Relay) diagnose(ctx context.Context) error {
	err := diagnose(ctx, r.nc, r.js, StreamName(r.config.Shard))
	if asTrouble(err).state == StateSick {
		r.sick++
		r.restart(context.WithoutCancel(ctx))
	}
	return err
}

// diagnose says why a stream does not acknowledge. It may have stored what it did not
// acknowledge; whoever goes on asks for its last sequence first.
func diagnose(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, stream string) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if err := nc.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("NATS does not answer: %w", err)
	}
	s, err := js.Stream(ctx, stream)
	if err != nil {
		return fmt.Errorf("JetStream does not answer: %w", err)
	}
	if c := s.CachedInfo().Cluster; c != nil && c.Leader == "" {
		return errors.New("the stream has no leader")
	}
	return inTrouble(StateSick, "NATS answers, but its stream %s stores nothing. Its disk is full, or has failed once; "+
		"when there is space again, restart nats-server", stream)
}

// restart restarts the server of this process if it was found sick twice in a row: a
// machine that was merely busy is forgiven.
func (r *Relay) restart(ctx context.Context) {
	if r.config.RestartNATS == nil || r.sick < 2 || time.Since(r.restarted) < r.timing.restart {
		return
	}
	r.restarted = time.Now()
	r.logger.Warn("relay: restarting the NATS server, whose stream stores nothing")
	if err := r.config.RestartNATS(ctx); err != nil {
		r.logger.Error("relay: restart of NATS failed", "error", err)
	}
}

// watched is how a relay on standby sees the others get on.
type watched struct {
	last  eventstore.Position
	since time.Time
}

// mayWork reports whether it is this relay's turn: it has the lease, or nobody knows
// who has it, or whoever has it does not get on. A process that is stopped keeps its
// session, and a pooler may keep one for nobody.
func (r *Relay) mayWork(ctx context.Context) bool {
	have, err := r.lease.held(ctx)
	if have || err != nil {
		return true
	}
	head, err := r.log.Head(ctx)
	if err != nil {
		return false
	}
	r.head.Store(&sighting{head, time.Now()})
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	last := eventstore.Position(-1)
	s, err := r.js.Stream(ctx, StreamName(r.config.Shard))
	switch {
	case err == nil:
		last = eventstore.Position(s.CachedInfo().State.LastSeq)
	case !errors.Is(err, jetstream.ErrStreamNotFound):
		return false
	}
	r.measure(ctx, max(0, last)) // what this relay said when it was its turn is not so any more
	if last == head.Position || last != r.watched.last || r.watched.since.IsZero() {
		r.watched = watched{last, time.Now()}
	}
	return time.Since(r.watched.since) >= r.timing.stall
}
