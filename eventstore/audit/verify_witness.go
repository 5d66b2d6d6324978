package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// witnesses compares the heads that were kept outside with the tree. They are all that
// tells a log from one that was written anew and sealed anew.
func (r *run) witnesses(ctx context.Context) error {
	if len(r.trees) == 0 {
		return nil
	}
	hashes := hashReader{ctx: ctx, db: r.tx, shard: r.Shard, generation: r.generation, size: r.report.Sealed}
	for i, signed := range r.Witnessed {
		row := fmt.Sprintf("head %d", i+1)
		h, err := openHead(signed, r.Key.verifier)
		if err != nil || h.Shard != r.Shard {
			r.report.find("witness", row, "not signed by this key for this log")
			continue
		}
		r.report.Witnessed++
		row = fmt.Sprintf("generation %d size %d", h.Generation, h.Size)
		if r.lost(&h) {
			continue
		}
		if h.Size > r.report.Sealed {
			r.report.find("witness", row, "the tree ends at position %d", r.report.Sealed)
			continue
		}
		clear(hashes.cache)
		root, err := tlog.TreeHash(h.Size, &hashes)
		if err != nil && !errors.Is(err, errTile) {
			return err
		}
		if err != nil || root != h.Root {
			r.report.find("witness", row, "the tree of %d events is not the one that was witnessed", h.Size)
		}
	}
	return nil
}

// lost reports whether a head is of a generation whose loss, up to events that the head
// covers, was accepted.
func (r *run) lost(h *Head) bool {
	return h.Generation > 0 && int(h.Generation) < len(r.trees) && h.Size > r.trees[h.Generation-1].limit
}
