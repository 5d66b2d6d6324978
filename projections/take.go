package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/commentd/commentd/eventstore"
)

// take applies what a delivered batch holds for the partitions of this instance. If
// anything about the batch is odd, the log is read instead.
func (p *Projector) take(ctx context.Context, batch []eventstore.Recorded) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for chunk := range slices.Chunk(batch, p.config.MaxBatch) {
		if err := p.takeChunk(ctx, chunk); err != nil {
			// Look again at leases, checkpoints and epoch: they may not be what this
			// instance believes.
			return errors.Join(err, p.lease(ctx))
		}
	}
	return nil
}

func (p *Projector) takeChunk(ctx context.Context, chunk []eventstore.Recorded) error {
	accepted, moved, odd := p.accept(chunk, p.head.epoch)
	end := chunk[len(chunk)-1].Position
	if odd < 0 {
		err := p.apply(ctx, accepted, moved, "feed")
		if err == nil {
			p.fed = max(p.fed, end)
		}
		if !errors.Is(err, errFenced) {
			return err
		}
		// A lease may be lost, or the batch may come from a future that the log has not.
		if err := p.lease(ctx); err != nil {
			return err
		}
	}
	for _, r := range chunk {
		end = max(end, r.Position)
	}
	reached, err := p.catchUp(ctx, end)
	if err == nil {
		p.fed = max(p.fed, reached)
	}
	return err
}

// moves are the checkpoints that a batch moves: the new position by partition.
type moves map[int]eventstore.Position

// accept picks the events that are next in partitions held here. epoch is that of
// the log: events of another one are not trusted unless they come from the log, for
// which epoch is 0. odd is the partition of an event that is neither next nor past,
// or -1.
func (p *Projector) accept(batch []eventstore.Recorded, epoch int32) (accepted []eventstore.Recorded, moved moves, odd int) {
	moved = make(moves)
	for _, r := range batch {
		i := r.Partition()
		c := p.held[i]
		if c == nil || c.halted != "" {
			continue
		}
		at, ok := moved[i]
		if !ok {
			at = c.position
		}
		switch {
		case r.Position <= at:
		case r.PrevInPartition != at || epoch != 0 && r.Epoch != epoch:
			return nil, nil, i
		default:
			accepted = append(accepted, r)
			moved[i] = r.Position
		}
	}
	return accepted, moved, -1
}

// catchUp reads the log, from where any partition held here may lack something, to
// the given position or the end, whichever comes first, and returns how far it came.
func (p *Projector) catchUp(ctx context.Context, to eventstore.Position) (eventstore.Position, error) {
	from := p.start()
	for from < to {
		batch, err := p.log.ReadAll(ctx, from, p.config.MaxBatch)
		if err != nil {
			return from, fmt.Errorf("catch up: %w", err)
		}
		if len(batch) == 0 {
			break
		}
		accepted, moved, odd := p.accept(batch, 0)
		if odd >= 0 {
			p.distrust(odd)
			from = p.start()
			continue
		}
		if err := p.apply(ctx, accepted, moved, "log"); err != nil {
			return from, err
		}
		from = batch[len(batch)-1].Position
	}
	return from, nil
}

// distrust is for a partition where the log does not go on from the checkpoint: all
// that follows the checkpoint is read once more, and if that does not help the
// partition halts.
func (p *Projector) distrust(partition int) {
	c := p.held[partition]
	if c.readTo > c.position {
		c.readTo = c.position
		return
	}
	c.halted = haltStray
}
