package audit

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
)

//go:embed sql/content_rows.sql
var contentRowsSQL string

// named is a text that there should be.
type named struct {
	brought
	in *stream
}

// sealedRow is a row of log.contents.
type sealedRow struct {
	id     domain.ContentID
	bucket int64
	sealed []byte
}

// compareContents opens the texts that there should be, and compares them with the
// digests in their events.
func (r *run) compareContents(ctx context.Context) error {
	wanted := map[domain.ContentID]named{}
	var ids []uuid.UUID
	for _, s := range r.folded {
		for id, b := range s.contents {
			wanted[id] = named{b, s}
			ids = append(ids, uuid.UUID(id))
			r.contents.add(id)
		}
	}
	for part := range slices.Chunk(ids, r.enough) {
		rows, err := readContents(ctx, r.tx, r.Shard, part)
		if err != nil {
			return err
		}
		if err := r.prefetch(ctx, rows); err != nil {
			return err
		}
		for _, row := range rows {
			if err := r.open(ctx, row, wanted[row.id]); err != nil {
				return err
			}
			delete(wanted, row.id)
		}
	}
	for id, b := range wanted {
		r.report.find("log.contents", "content "+id.String(), "missing: the event at position %d has brought it, and none has removed it", b.position)
	}
	return nil
}

func readContents(ctx context.Context, db querier, shard int16, ids []uuid.UUID) ([]sealedRow, error) {
	rows, err := db.Query(ctx, contentRowsSQL, shard, ids)
	if err != nil {
		return nil, eventstore.Unavailable("read log.contents", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s sealedRow, err error) {
		return s, row.Scan((*uuid.UUID)(&s.id), &s.bucket, &s.sealed)
	})
	if err != nil {
		return nil, eventstore.Unavailable("read log.contents", err)
	}
	return all, nil
}

func (r *run) prefetch(ctx context.Context, rows []sealedRow) error {
	buckets := make([]int64, len(rows))
	for i := range rows {
		buckets[i] = rows[i].bucket
	}
	return r.Vault.Prefetch(ctx, buckets)
}

// open opens a text. What does not open is looked at again: its key may have been
// destroyed, and it with it, since the moment that is being checked.
func (r *run) open(ctx context.Context, row sealedRow, want named) error {
	r.report.Contents++
	document, err := r.Vault.OpenVerified(ctx, want.place, row.bucket, row.sealed, want.digest)
	if err == nil {
		want.in.names(want.comment, document)
		return nil
	}
	if errors.Is(err, vault.ErrUnavailable) {
		return err
	}
	want.in.unread[want.comment] = true
	now, readErr := readContents(ctx, r.Pool, r.Shard, []uuid.UUID{uuid.UUID(row.id)})
	switch {
	case readErr != nil:
		return readErr
	case len(now) == 0:
		return nil
	case now[0].bucket != row.bucket:
		if document, again := r.Vault.OpenVerified(ctx, want.place, now[0].bucket, now[0].sealed, want.digest); again == nil {
			delete(want.in.unread, want.comment)
			want.in.names(want.comment, document)
			return nil
		}
	}
	r.report.find("log.contents", "content "+row.id.String(), "%s; the event at position %d has brought it", reason(err), want.position)
	return nil
}

// reason says why a text does not open.
func reason(err error) string {
	for _, known := range []struct {
		is  error
		say string
	}{
		{vault.ErrDigest, "another text than its event speaks of"},
		{vault.ErrDamaged, "damaged, or moved here from another place"},
		{vault.ErrDestroyed, "its key was destroyed, and no event has removed it"},
		{vault.ErrNoKey, "its key is not in the keyring"},
		{vault.ErrWrongRootKey, "its key is wrapped by another root key"},
	} {
		if errors.Is(err, known.is) {
			return known.say
		}
	}
	return "does not open"
}

// contentSet remembers ids in 8 bytes each. Two in 2^64 are taken for one; nobody can
// choose which.
type contentSet struct {
	salt   [16]byte
	hashes []uint64
	sorted bool
}

func (s *contentSet) hash(id domain.ContentID) uint64 {
	sum := sha256.Sum256(append(s.salt[:], id[:]...))
	return binary.BigEndian.Uint64(sum[:])
}

func (s *contentSet) add(id domain.ContentID) { s.hashes = append(s.hashes, s.hash(id)) }

func (s *contentSet) has(id domain.ContentID) bool {
	if !s.sorted {
		slices.Sort(s.hashes)
		s.sorted = true
	}
	_, found := slices.BinarySearch(s.hashes, s.hash(id))
	return found
}
