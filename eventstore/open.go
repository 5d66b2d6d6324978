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

// document opens a content. What can no longer be opened by anybody, or was removed
// meanwhile, is an empty document: what is decided on a content that a command has
// removed is refused when it is appended.
func (s *Store) document(ctx context.Context, place vault.Place, id domain.ContentID, row sealedRow) (d vault.Document, err error) {
	_, err = s.opening(ctx, place, id, row, func(row sealedRow) error {
		document, err := s.vault.Open(ctx, place, row.bucket, row.bytes)
		if err == nil {
			d, err = vault.DecodeDocument(document)
		}
		return err
	})
	return d, err
}

// opening calls open on a content. If its key was destroyed after the row was read, the
// content is under another one by now; there is none if it can no longer be opened by
// anybody, or was removed meanwhile.
func (s *Store) opening(ctx context.Context, place vault.Place, id domain.ContentID, row sealedRow, open func(sealedRow) error) (there bool, err error) {
	for range maxMoves {
		if err := open(row); !errors.Is(err, vault.ErrDestroyed) {
			return err == nil, err
		}
		rows, err := s.contents(ctx, []uuid.UUID{uuid.UUID(id)})
		if err != nil {
			return false, err
		}
		now, found := rows[uuid.UUID(id)]
		if !found || now.bucket == row.bucket {
			return false, nil
		}
		row = now
	}
	return false, fmt.Errorf("open %s: %w: it is moved all the time", place, ErrBusy)
}

// TextAt is a text as its event names it.
type TextAt struct {
	domain.ContentRef
	Place vault.Place
}

// Disclosed is a text as it was sealed, and the salt that its digest is made with.
type Disclosed struct{ Document, Salt []byte }

// Disclose returns those of the texts that are there still, each checked against the
// digest in its event. The error is that of vault.Disclose, ErrUnavailable or ErrBusy.
func (s *Store) Disclose(ctx context.Context, texts []TextAt) (map[domain.ContentID]Disclosed, error) {
	ids := make([]uuid.UUID, len(texts))
	for i := range texts {
		ids[i] = uuid.UUID(texts[i].ID)
	}
	rows, err := s.contents(ctx, ids)
	if err != nil {
		return nil, err
	}
	buckets := make([]int64, 0, len(rows))
	for _, row := range rows {
		buckets = append(buckets, row.bucket)
	}
	if err := s.vault.Prefetch(ctx, buckets); err != nil {
		return nil, err
	}
	disclosed := make(map[domain.ContentID]Disclosed, len(rows))
	for i, text := range texts {
		row, found := rows[ids[i]]
		if !found {
			continue
		}
		var d Disclosed
		there, err := s.opening(ctx, text.Place, text.ID, row, func(row sealedRow) (err error) {
			d.Document, d.Salt, err = s.vault.Disclose(ctx, text.Place, row.bucket, row.bytes, text.Digest)
			return err
		})
		if err != nil {
			return nil, err
		}
		if there {
			disclosed[text.ID] = d
		}
	}
	return disclosed, nil
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
