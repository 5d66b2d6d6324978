package threads

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// maxMoves bounds how often a content is looked for again because its key has just
// been destroyed. Between two moves of one content lies a whole round of re-keying.
const maxMoves = 3

// openMoved opens the comments whose keys were destroyed after their rows were read:
// the contents are under other keys by now, or they were removed.
func (r *Reader) openMoved(ctx context.Context, account domain.AccountID, ticket domain.TicketID, comments []Comment, rows []row, moved []int, whole bool) error {
	if len(moved) == 0 {
		return nil
	}
	for range maxMoves {
		ids := make([]pgtype.UUID, len(moved))
		for n, i := range moved {
			ids[n] = asID(comments[i].Content)
		}
		now, err := r.contents(ctx, ids)
		if err != nil {
			return err
		}
		var again []int
		for _, i := range moved {
			c, found := &comments[i], now[comments[i].Content]
			if found.sealed == nil || found.bucket == rows[i].bucket {
				c.Destroyed = true
				continue
			}
			rows[i].bucket = found.bucket
			_, err = r.say(ctx, c, nil, vault.OfComment(account, ticket, c.ID, c.Content), found.bucket, found.sealed, whole)
			if errors.Is(err, vault.ErrDestroyed) {
				again = append(again, i)
			} else if err != nil {
				return err
			}
		}
		if moved = again; len(moved) == 0 {
			return nil
		}
	}
	return failed(errMoving)
}

var errMoving = errors.New("contents are moved all the time")

// contents returns those of the contents that are there.
func (r *Reader) contents(ctx context.Context, ids []pgtype.UUID) (map[domain.ContentID]row, error) {
	rows, err := r.pool.Query(ctx, contentsSQL, r.shard, ids)
	if err != nil {
		return nil, failed(err)
	}
	found := make(map[domain.ContentID]row, len(ids))
	var id pgtype.UUID
	var c row
	if _, err := pgx.ForEachRow(rows, []any{&id, &c.bucket, &c.sealed}, func() error {
		found[id.Bytes] = c
		c.sealed = nil
		return nil
	}); err != nil {
		return nil, failed(err)
	}
	return found, nil
}
