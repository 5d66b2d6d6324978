package eventstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// sealedRow is where a content is and how it is sealed.
type sealedRow struct {
	bucket int64
	bytes  []byte
}

// maxMoves bounds how often a content is looked for again because its key has just
// been destroyed. Between two moves of one content lies a whole round of re-keying.
const maxMoves = 3

// document opens a content. If its key was destroyed after the row was read, the content
// is under another one by now. What can no longer be opened by anybody, or was removed
// meanwhile, is an empty document: what is decided on a content that a command has
// removed is refused when it is appended.
func (s *Store) document(ctx context.Context, place vault.Place, id domain.ContentID, row sealedRow) (vault.Document, error) {
	for range maxMoves {
		document, err := s.vault.Open(ctx, place, row.bucket, row.bytes)
		if err == nil {
			return vault.DecodeDocument(document)
		}
		if !errors.Is(err, vault.ErrDestroyed) {
			return vault.Document{}, err
		}
		rows, err := s.contents(ctx, []uuid.UUID{uuid.UUID(id)})
		if err != nil {
			return vault.Document{}, err
		}
		now, found := rows[uuid.UUID(id)]
		if !found || now.bucket == row.bucket {
			return vault.Document{}, nil
		}
		row = now
	}
	return vault.Document{}, fmt.Errorf("open %s: %w: it is moved all the time", place, ErrBusy)
}

// contents returns those of the contents that are there.
func (s *Store) contents(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]sealedRow, error) {
	rows, err := s.pool.Query(ctx, contentsSQL, s.config.Shard, ids)
	if err != nil {
		return nil, fmt.Errorf("%w: read contents: %s", ErrUnavailable, sqlState(err))
	}
	found := make(map[uuid.UUID]sealedRow, len(ids))
	var id uuid.UUID
	var row sealedRow
	if _, err := pgx.ForEachRow(rows, []any{&id, &row.bucket, &row.bytes}, func() error {
		found[id] = row
		row.bytes = nil
		return nil
	}); err != nil {
		return nil, fmt.Errorf("%w: read contents: %s", ErrUnavailable, sqlState(err))
	}
	return found, nil
}
