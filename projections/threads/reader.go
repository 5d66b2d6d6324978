package threads

import (
	"context"
	"errors"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
)

// Reader answers for threads. All its methods fail with domain.ErrTicketNotFound if
// there is no such ticket or none that the viewer may know of, and with
// eventstore.ErrUnavailable if Postgres or the keyring cannot be asked.
type Reader struct {
	pool    *pgxpool.Pool
	vault   *vault.Vault
	shard   int16
	streams chan struct{} // of half the pool: a stream waits for keys with a connection in hand
	shared  [2]pageStatements[*sharedPages]
}

// NewReader returns a reader of a shard. Its texts are opened with v.
func NewReader(pool *pgxpool.Pool, v *vault.Vault, shard int16) *Reader {
	streams := make(chan struct{}, max(1, pool.Config().MaxConns/2))
	r := &Reader{pool: pool, vault: v, shard: shard, streams: streams}
	for class, s := range [...]*statements{&forAll, &forPublic} {
		for filter := range s.pages {
			for direction, sql := range s.pages[filter] {
				r.shared[class][filter][direction] = newSharedPages(pool, shard, sql)
			}
		}
	}
	return r
}

// failed wraps what went wrong with a query, without what Postgres says of the data.
func failed(err error) error {
	return eventstore.Unavailable("read thread", err)
}

// open makes comments of the rows of a ticket. No connection is held meanwhile on
// their behalf: the keyring may need one.
func (r *Reader) open(ctx context.Context, account domain.AccountID, ticket domain.TicketID, rows []row, whole bool) ([]Comment, error) {
	buckets := make([]int64, 0, 4)
	size := 0
	for i := range rows {
		size += len(rows[i].sealed)
		if n := len(buckets); rows[i].sealed != nil && (n == 0 || buckets[n-1] != rows[i].bucket) {
			buckets = append(buckets, rows[i].bucket)
		}
	}
	if err := r.vault.Prefetch(ctx, buckets); err != nil {
		return nil, failed(err)
	}
	comments := make([]Comment, len(rows))
	documents := make([]byte, 0, size)
	var moved []int
	for i := range rows {
		c := &comments[i]
		*c = rows[i].Comment
		if rows[i].sealed == nil {
			if c.Destroyed = true; c.Content != (domain.ContentID{}) {
				// It was not erased: somebody has removed the row.
				slog.Error("a content is missing", "content", c.Content, "comment", c.ID)
			}
			continue
		}
		var err error
		place := vault.OfComment(account, ticket, c.ID, c.Content)
		documents, err = r.say(ctx, c, documents, place, rows[i].bucket, rows[i].sealed, whole)
		if errors.Is(err, vault.ErrDestroyed) {
			moved = append(moved, i)
		} else if err != nil {
			return nil, err
		}
	}
	return comments, r.openMoved(ctx, account, ticket, comments, rows, moved, whole)
}

// say opens a content into dst and has c say what is in it.
func (r *Reader) say(ctx context.Context, c *Comment, dst []byte, place vault.Place, bucket int64, sealed []byte, whole bool) (grown []byte, err error) {
	at := len(dst)
	if dst, c.BodyJSON, err = r.body(ctx, dst, place, bucket, sealed); err != nil || !whole {
		return dst, err
	}
	d, err := vault.DecodeDocument(dst[at:])
	c.Document = &Document{Body: d.Written(), Client: d.Client}
	return dst, err
}

// body opens a content into dst and finds the text in it.
func (r *Reader) body(ctx context.Context, dst []byte, place vault.Place, bucket int64, sealed []byte) (grown, body []byte, err error) {
	at := len(dst)
	if dst, err = r.vault.AppendOpen(ctx, dst, place, bucket, sealed); err != nil {
		return dst, nil, err
	}
	body, err = vault.BodyJSON(dst[at:])
	return dst, body, err
}
