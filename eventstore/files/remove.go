package files

import (
	"context"
	_ "embed"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/blob"
)

var (
	//go:embed sql/marked.sql
	markedSQL string
	//go:embed sql/expired.sql
	expiredSQL string
	//go:embed sql/delete.sql
	deleteSQL string
	//go:embed sql/known.sql
	knownSQL string
)

// some is how many files are looked at together.
const some = 500

// file is a row whose blob is to go.
type file struct {
	Number int64
	Blob   *uuid.UUID // nil: there is none
}

// RemoveMarked deletes the files that events up to a position have removed. Each step may
// be repeated. The first error does not keep it from the others; rows of blobs that could
// not be deleted stay.
func (s *Store) RemoveMarked(ctx context.Context, upTo eventstore.Position) error {
	_, err := s.remove(ctx, func(after int64) (pgx.Rows, error) {
		return s.pool.Query(ctx, markedSQL, s.config.Shard, upTo, after, some)
	})
	return err
}

// remove deletes the blobs and then the rows of what next returns, page by page.
func (s *Store) remove(ctx context.Context, next func(after int64) (pgx.Rows, error)) (removed int, err error) {
	for after, full := int64(0), true; full; {
		rows, queryErr := next(after)
		if queryErr != nil {
			return removed, eventstore.Unavailable("read files", queryErr)
		}
		page, queryErr := pgx.CollectRows(rows, pgx.RowToStructByPos[file])
		if queryErr != nil {
			return removed, eventstore.Unavailable("read files", queryErr)
		}
		var gone []int64
		for _, f := range page {
			after = f.Number
			if f.Blob != nil {
				if failed := s.blobs.Delete(ctx, blob.ID(*f.Blob)); failed != nil {
					err = failed
					continue
				}
			}
			gone = append(gone, f.Number)
		}
		if full = len(page) == some; len(gone) == 0 {
			continue
		}
		if _, deleteErr := s.pool.Exec(ctx, deleteSQL, s.config.Shard, gone); deleteErr != nil {
			return removed, eventstore.Unavailable("delete files", deleteErr)
		}
		removed += len(gone)
	}
	return removed, err
}

// orphaned is how old a blob is that no row knows before it is deleted. No upload takes
// so long.
const orphaned = 24 * time.Hour

// Expire deletes uploads that nothing came of.
func (s *Store) Expire(ctx context.Context) (int, error) {
	return s.remove(ctx, func(after int64) (pgx.Rows, error) {
		return s.pool.Query(ctx, expiredSQL, s.config.Shard, after, some)
	})
}

// Sweep deletes blobs that no row has known for a day. It looks at every blob there is,
// and takes all of them for its own: two databases cannot share a place for blobs.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	var old []uuid.UUID
	swept := 0
	sweep := func() error {
		n, err := s.sweep(ctx, old)
		swept, old = swept+n, old[:0]
		return err
	}
	err := s.blobs.Each(ctx, func(id blob.ID, stored time.Time) error {
		if time.Since(stored) < orphaned {
			return nil
		}
		if old = append(old, uuid.UUID(id)); len(old) < some {
			return nil
		}
		return sweep()
	})
	if err == nil {
		err = sweep()
	}
	return swept, err
}

// sweep deletes those of the blobs that no row knows.
func (s *Store) sweep(ctx context.Context, ids []uuid.UUID) (swept int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	rows, err := s.pool.Query(ctx, knownSQL, ids)
	if err != nil {
		return 0, eventstore.Unavailable("look for blobs", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, eventstore.Unavailable("look for blobs", err)
	}
	known := make(map[uuid.UUID]bool, len(found))
	for _, id := range found {
		known[id] = true
	}
	for _, id := range ids {
		if known[id] {
			continue
		}
		if err := s.blobs.Delete(ctx, blob.ID(id)); err != nil {
			return swept, err
		}
		swept++
	}
	return swept, nil
}

// How often uploads are looked for that have expired, and blobs that nobody knows.
const (
	expiring = 10 * time.Minute
	sweeping = 24 * time.Hour
)

// Run deletes what nothing came of, until ctx ends. Any number may run at once: they do
// the same, which is done once.
func (s *Store) Run(ctx context.Context) error {
	ticker := time.NewTicker(expiring)
	defer ticker.Stop()
	var swept time.Time
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		expired, err := s.Expire(ctx)
		orphans := 0
		if err == nil && time.Since(swept) > sweeping {
			if orphans, err = s.Sweep(ctx); err == nil {
				swept = time.Now()
			}
		}
		if err != nil && ctx.Err() == nil {
			slog.Warn("files: what has expired stays for now", "error", err)
		}
		if expired > 0 || orphans > 0 {
			slog.Info("files deleted", "expired", expired, "orphans", orphans)
		}
	}
}
