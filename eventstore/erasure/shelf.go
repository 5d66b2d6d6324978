package erasure

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/commentd/commentd/eventstore/vault"
)

var (
	//go:embed sql/contents.sql
	contentsSQL string
	//go:embed sql/rewrap_contents.sql
	rewrapContentsSQL string
	//go:embed sql/newest_content.sql
	newestContentSQL string
	//go:embed sql/refused.sql
	refusedSQL string
)

// A Shelf is a table whose rows are sealed under bucket keys, given by its statements.
//
// Under selects id and head of rows: $1 is the bucket, $2 the id after which they come,
// $3 the length of a head, $4 how many. Rewrap gives rows that are still under bucket
// $1, and that nobody has locked, new buckets and heads: $2 are their ids, $3 the
// buckets, of which it leaves out those in log.retired_buckets, $4 the heads. Newest
// selects the highest bucket that there is, 0 if there is none.
type Shelf struct {
	Under, Rewrap string
	Args          []any // of both, from $5 on
	Newest        string
}

// Contents is the shelf of comments and subjects.
func Contents(shard int16) Shelf {
	return Shelf{Under: contentsSQL, Rewrap: rewrapContentsSQL, Args: []any{shard}, Newest: newestContentSQL}
}

// head is the part of a row that holds its data key.
type head struct {
	ID    uuid.UUID
	Bytes []byte
}

// rewrapBatch is how many rows are locked at a time. A redaction that wants one of them
// waits for it.
const rewrapBatch = 128

// clear moves all rows of the shelf that are under a retired bucket to another one. It
// returns when a look at the whole of them has found none, but for those that no key
// opens.
func (w *Worker) clear(ctx context.Context, s Shelf, bucket int64) (moved int, err error) {
	for {
		seen, damaged := 0, 0
		var after uuid.UUID
		for full := true; full; {
			rows, err := w.under(ctx, s, bucket, after)
			if err != nil {
				return moved, err
			}
			if full = len(rows) == rewrapBatch; len(rows) > 0 {
				after = rows[len(rows)-1].ID
			}
			opened, changed, err := w.rewrap(ctx, s, bucket, rows)
			if err != nil {
				return moved, err
			}
			seen, damaged, moved = seen+len(rows), damaged+len(rows)-opened, moved+changed
			w.step("batch")
		}
		if seen == damaged {
			return moved, nil
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil { // for those who hold rows
			return moved, err
		}
	}
}

func (w *Worker) under(ctx context.Context, s Shelf, bucket int64, after uuid.UUID) ([]head, error) {
	args := append([]any{bucket, after, vault.HeadSize, rewrapBatch}, s.Args...)
	rows, err := w.pool.Query(ctx, s.Under, args...)
	if err == nil {
		var heads []head
		if heads, err = pgx.CollectRows(rows, pgx.RowToStructByPos[head]); err == nil {
			return heads, nil
		}
	}
	return nil, fmt.Errorf("read what is sealed under bucket %d: %w", bucket, err)
}

// rewrap moves rows, and returns how many could be opened and how many have changed.
func (w *Worker) rewrap(ctx context.Context, s Shelf, bucket int64, rows []head) (opened, changed int, err error) {
	ids, buckets, heads := make([]uuid.UUID, 0, len(rows)), make([]int64, 0, len(rows)), make([][]byte, 0, len(rows))
	for _, row := range rows {
		to, head, err := w.keyring.Rewrap(ctx, bucket, row.ID, row.Bytes)
		switch {
		case errors.Is(err, vault.ErrDamaged):
			slog.Error("a content cannot be opened, and is lost with its key", "content", row.ID, "bucket", bucket)
			continue
		case errors.Is(err, vault.ErrDestroyed), errors.Is(err, vault.ErrNoKey):
			continue // as good as gone
		case err != nil:
			return opened, changed, err
		}
		ids, buckets, heads = append(ids, row.ID), append(buckets, to), append(heads, head)
	}
	if len(ids) == 0 {
		return 0, 0, nil
	}
	var batch pgx.Batch
	batch.Queue("SELECT log.hold_buckets()")
	batch.Queue(refusedSQL, buckets).Query(func(rows pgx.Rows) error {
		refused, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		for _, id := range refused {
			w.keyring.Forget(id) // the next pass takes another
		}
		return err
	})
	batch.Queue(s.Rewrap, append([]any{bucket, ids, buckets, heads}, s.Args...)...).Exec(func(tag pgconn.CommandTag) error {
		changed = int(tag.RowsAffected())
		return nil
	})
	if err := w.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return len(ids), changed, fmt.Errorf("rewrap what is sealed under bucket %d: %w", bucket, err)
	}
	return len(ids), changed, nil
}
