package projections

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/ensure.sql
	ensureSQL string
	//go:embed sql/lease.sql
	leaseSQL string
	//go:embed sql/release.sql
	releaseSQL string
)

// keepLeases renews the leases until ctx ends. It is also the watch that the
// projector keeps on itself: what the log has had for a whole round without it
// being applied, or delivered at all, is read from the log.
func (p *Projector) keepLeases(ctx context.Context) {
	every := time.NewTicker(p.config.Lease / 3)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if err := p.round(ctx); err != nil && ctx.Err() == nil {
			p.logger.Warn("projector: leases not renewed", "error", sqlState(err))
		}
	}
}

func (p *Projector) round(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, heldBefore := p.head, p.held
	if err := p.lease(ctx); err != nil {
		return err
	}
	silent := p.fed == p.fedBefore
	p.fedBefore = p.fed
	for i, c := range p.held {
		if c == nil || c.halted != "" {
			continue
		}
		due := before.partitions[i]
		if heldBefore[i] == nil { // taken over: the feed may be past what its last owner left
			due = p.head.partitions[i]
		}
		if c.position < due && (silent || p.fed >= due || heldBefore[i] == nil) {
			_, err := p.catchUp(ctx, p.head.position)
			return err
		}
	}
	return nil
}

// lease renews, takes and gives back leases, and learns where the log ends.
func (p *Projector) lease(ctx context.Context) error {
	rows, err := p.pool.Query(ctx, leaseSQL, p.projection.Name(), p.config.Shard, p.member, p.config.Lease)
	if err != nil {
		return fmt.Errorf("renew leases: %w", err)
	}
	var (
		seen        head
		now         time.Time
		quarantined int64
		held        [domain.Partitions]*cursor
	)
	var partition *int16
	var position, readTo *eventstore.Position
	var epoch *int32
	var ends []eventstore.Position
	_, err = pgx.ForEachRow(rows, []any{&seen.position, &seen.epoch, &ends, &now, &quarantined,
		&partition, &position, &readTo, &epoch}, func() error {
		copy(seen.partitions[:], ends)
		if partition != nil {
			c := &cursor{position: *position, readTo: *readTo}
			switch {
			case c.position > seen.partitions[*partition]:
				c.halted = haltAbove
			case *epoch != seen.epoch:
				c.halted = haltGone
			}
			held[*partition] = c
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("renew leases: %w", err)
	}
	for i, c := range held {
		// Nobody has moved it: it leads nowhere still.
		if old := p.held[i]; c != nil && c.halted == "" && old != nil && old.halted == haltStray && old.position == c.position {
			c.halted = haltStray
		}
	}
	p.held, p.head = held, seen
	p.report(now, quarantined)
	return nil
}

// report brings the gauges up to date, and says again what must not be overlooked.
func (p *Projector) report(now time.Time, quarantined int64) {
	name := p.projection.Name()
	var halted int
	var lag eventstore.Position
	for i, c := range p.held {
		switch {
		case c == nil:
		case c.halted != "":
			halted++
			p.logger.Error("projector halted", "partition", i, "checkpoint", c.position,
				"partition_end", p.head.partitions[i], "head", p.head.position, "reason", c.halted)
		case c.position < p.head.partitions[i]:
			done := max(c.position, c.readTo)
			if p.fed < p.head.partitions[i] { // it is still on its way
				done = max(done, p.fed)
			}
			lag = max(lag, p.head.position-done)
		}
	}
	var age time.Duration
	if lag > 0 && !p.last.IsZero() {
		age = now.Sub(p.last)
	}
	p.metrics.ProjectorLag.WithLabelValues(name).Set(float64(lag))
	p.metrics.ProjectorAge.WithLabelValues(name).Set(age.Seconds())
	p.metrics.ProjectorHalted.WithLabelValues(name).Set(float64(halted))
	p.metrics.Quarantined.WithLabelValues(name).Set(float64(quarantined))
}

// release gives all leases back.
func (p *Projector) release(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.held[:])
	_, err := p.pool.Exec(ctx, releaseSQL, p.projection.Name(), p.config.Shard, p.member)
	return err
}
