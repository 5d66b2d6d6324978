package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/eventstore"
)

// WitnessError: the log is not the one that a witness was told of.
type WitnessError struct{ Reason string }

func (e *WitnessError) Error() string {
	return "the log is not the one that was witnessed: " + e.Reason
}

// CheckWitnessed makes sure that the log goes on from a head that was published. The
// error is a *WitnessError if it does not: events were lost, or exchanged.
func (r *Reader) CheckWitnessed(ctx context.Context, log logReader, signed []byte) error {
	h, err := openHead(signed, r.key.verifier)
	if err != nil {
		return &WitnessError{"its last head was not signed by this key"}
	}
	st, err := readState(ctx, r.pool, r.shard)
	switch {
	case errors.Is(err, errTile):
		return &WitnessError{err.Error()}
	case err != nil:
		return err
	case st.logSize < h.Size:
		return &WitnessError{fmt.Sprintf("it ends at position %d, and once had %d", st.logSize, h.Size)}
	}
	root, err := r.rootAt(ctx, log, st, h.Size)
	switch {
	case errors.Is(err, errTile):
		return &WitnessError{err.Error()}
	case err != nil:
		return err
	case root != h.Root:
		return &WitnessError{fmt.Sprintf("its first %d events are not those that they were", h.Size)}
	}
	return r.checkLast(ctx, log, st, h.Size)
}

// checkLast makes sure that the log itself reaches as far as its tree and log.heads say:
// all of it is for Verify to read, but of a tail that was cut off the last row is gone.
func (r *Reader) checkLast(ctx context.Context, log logReader, st state, size int64) error {
	if size == 0 {
		return nil
	}
	events, err := log.ReadAll(ctx, eventstore.Position(size-1), 1)
	switch {
	case err != nil:
		return err
	case len(events) == 0 || int64(events[0].Position) != size:
		return &WitnessError{fmt.Sprintf("there is no event at position %d", size)}
	case size > st.size: // its root was made of the events just now
		return nil
	}
	hashes := hashReader{ctx: ctx, db: r.pool, shard: r.shard, generation: st.generation, size: st.size}
	sealed, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, size-1)})
	switch {
	case errors.Is(err, errTile):
		return &WitnessError{err.Error()}
	case err != nil:
		return err
	case sealed[0] != LeafHash(r.shard, &events[0]):
		return &WitnessError{fmt.Sprintf("the event at position %d is not the one that it was", size)}
	}
	return nil
}

// rootAt returns the root of the log's first size events, as the tree has them and
// beyond the tree as the log has them.
func (r *Reader) rootAt(ctx context.Context, log logReader, st state, size int64) (tlog.Hash, error) {
	if size <= st.size {
		hashes := hashReader{ctx: ctx, db: r.pool, shard: r.shard, generation: st.generation, size: st.size}
		return tlog.TreeHash(size, &hashes)
	}
	e, err := readEdge(ctx, r.pool, r.shard, st.generation, st.size)
	if err != nil {
		return tlog.Hash{}, err
	}
	for e.size < size {
		events, err := log.ReadAll(ctx, eventstore.Position(e.size), int(min(1000, size-e.size)))
		if err != nil {
			return tlog.Hash{}, err
		}
		if len(events) == 0 {
			return tlog.Hash{}, fmt.Errorf("%w: there is no event at position %d", errTile, e.size+1)
		}
		for i := range events {
			if int64(events[i].Position) != e.size+1 {
				return tlog.Hash{}, fmt.Errorf("%w: there is no event at position %d", errTile, e.size+1)
			}
			e.add(LeafHash(r.shard, &events[i]), func(tile) {})
		}
	}
	return e.root(), nil
}
