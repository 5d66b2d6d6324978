package files

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
)

var (
	//go:embed sql/add.sql
	addSQL string
	//go:embed sql/add_more.sql
	addMoreSQL string
	//go:embed sql/lock_uploader.sql
	lockUploaderSQL string
	//go:embed sql/waiting.sql
	waitingSQL string
	//go:embed sql/upload.sql
	uploadSQL string
	//go:embed sql/drop.sql
	dropSQL string
	//go:embed sql/locate.sql
	locateSQL string
)

// Upload is files that wait to be attached.
type Upload struct {
	Account  domain.AccountID
	Uploader domain.UserID // nobody else can attach them, or add others
	Token    vault.UploadToken
}

// Uploaded is what is in an upload.
type Uploaded struct {
	Files     []domain.Attachment // in the order in which they were added
	ExpiresAt time.Time           // UTC
	rows      int
}

// Begin draws the token of an upload and adds its first file. The file is returned with
// the number that it has from now on. The error is domain.ErrUploadQuota if the uploader
// has too much that waits to be attached already.
func (s *Store) Begin(ctx context.Context, account domain.AccountID, uploader domain.UserID, a domain.Attachment) (Upload, domain.Attachment, error) {
	u := Upload{account, uploader, vault.NewUploadToken()}
	a, err := s.add(ctx, addSQL, u, a, s.config.Life)
	return u, a, err
}

// Add adds a file to an upload. The error is domain.ErrUploads if that is not there (any
// more), or as for Begin.
func (s *Store) Add(ctx context.Context, u Upload, a domain.Attachment) (domain.Attachment, error) {
	return s.add(ctx, addMoreSQL, u, a, nil)
}

// add writes the row of a file and those of its thumbnails, of which nothing is sealed:
// the row of the file says it all.
func (s *Store) add(ctx context.Context, sql string, u Upload, a domain.Attachment, life any) (domain.Attachment, error) {
	a.Thumbnails = slices.Clone(a.Thumbnails)
	first, err := s.log.Numbers().Draw(ctx, u.Account, 1+len(a.Thumbnails))
	if err != nil {
		return a, err
	}
	a.Number = first
	numbers, sizes, blobs, sealed := []int64{first}, []int64{a.Size}, []uuid.UUID{uuid.UUID(a.Blob)}, [][]byte{nil}
	for i := range a.Thumbnails {
		t := &a.Thumbnails[i]
		t.Number = first + 1 + int64(i)
		numbers, sizes, blobs, sealed = append(numbers, t.Number), append(sizes, t.Size), append(blobs, uuid.UUID(t.Blob)), append(sealed, []byte{})
	}
	sealed[0] = s.vault.SealUpload(u.Account, u.Token, a)
	digest := s.vault.UploadDigest(u.Account, u.Token)
	args := []any{s.config.Shard, u.Account, uuid.UUID(u.Uploader), digest[:], numbers, sizes, blobs, sealed}
	if life != nil {
		args = append(args, life)
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.room(ctx, tx, u, sizes); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, sql, args...)
		if err == nil && tag.RowsAffected() == 0 {
			err = domain.ErrUploads
		}
		return err
	})
	if err != nil && !errors.Is(err, domain.ErrUploads) && !errors.Is(err, domain.ErrUploadQuota) {
		err = eventstore.Unavailable("note an upload", err)
	}
	return a, err
}

// room returns nil if files of these sizes may wait beside those of the uploader that do.
// Whoever adds to these waits for the end of the transaction.
func (s *Store) room(ctx context.Context, tx pgx.Tx, u Upload, sizes []int64) error {
	var waits int
	var bytes int64
	var batch pgx.Batch
	batch.Queue(lockUploaderSQL, u.Account, uuid.UUID(u.Uploader))
	batch.Queue(waitingSQL, s.config.Shard, u.Account, uuid.UUID(u.Uploader)).
		QueryRow(func(row pgx.Row) error { return row.Scan(&waits, &bytes) })
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	for _, size := range sizes {
		waits, bytes = waits+1, bytes+size
	}
	if waits > s.config.MostFiles || bytes > s.config.MostBytes {
		return domain.ErrUploadQuota
	}
	return nil
}

// Uploaded returns what is in an upload. The error is domain.ErrUploads if it is not
// there (any more).
func (s *Store) Uploaded(ctx context.Context, u Upload) (Uploaded, error) {
	digest := s.vault.UploadDigest(u.Account, u.Token)
	rows, err := s.pool.Query(ctx, uploadSQL, s.config.Shard, u.Account, uuid.UUID(u.Uploader), digest[:])
	if err != nil {
		return Uploaded{}, eventstore.Unavailable("read an upload", err)
	}
	var up Uploaded
	var number int64
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&number, &sealed, &up.ExpiresAt}, func() error {
		up.rows++
		if len(sealed) == 0 {
			return nil
		}
		a, err := s.vault.OpenUpload(u.Account, u.Token, number, sealed)
		up.Files = append(up.Files, a)
		return err
	})
	switch {
	case errors.Is(err, vault.ErrDamaged):
		return Uploaded{}, fmt.Errorf("read an upload: %w", err)
	case err != nil:
		return Uploaded{}, eventstore.Unavailable("read an upload", err)
	case up.rows == 0:
		return Uploaded{}, domain.ErrUploads
	}
	up.ExpiresAt = up.ExpiresAt.UTC()
	return up, nil
}

// Claim has a text attach the files of uploads, in their order. Whether they are there
// when it is written, the log judges, also of those that are not there now: it knows
// whether the command was obeyed before, and has used them up.
func (s *Store) Claim(ctx context.Context, account domain.AccountID, uploader domain.UserID, tokens []vault.UploadToken, text *domain.Text) error {
	for i, token := range tokens {
		if slices.Contains(tokens[:i], token) {
			continue
		}
		up, err := s.Uploaded(ctx, Upload{account, uploader, token})
		if errors.Is(err, domain.ErrUploads) {
			up.rows = impossible
		} else if err != nil {
			return err
		}
		text.Attachments = append(text.Attachments, up.Files...)
		text.Claims = append(text.Claims, domain.Claim{Upload: s.vault.UploadDigest(account, token), Files: up.rows})
	}
	return nil
}

// impossible is how many files no upload has.
const impossible = -1

// Drop ends an upload. The error is domain.ErrUploads if it is not there (any more).
func (s *Store) Drop(ctx context.Context, u Upload) error {
	digest := s.vault.UploadDigest(u.Account, u.Token)
	tag, err := s.pool.Exec(ctx, dropSQL, s.config.Shard, u.Account, uuid.UUID(u.Uploader), digest[:])
	switch {
	case err != nil:
		return eventstore.Unavailable("drop an upload", err)
	case tag.RowsAffected() == 0:
		return domain.ErrUploads
	}
	return nil
}

// Locate returns the comment that a file is attached to. The error is
// domain.ErrNoAttachment if it is attached to none (any more).
func (s *Store) Locate(ctx context.Context, account domain.AccountID, number int64) (domain.TicketID, domain.CommentID, error) {
	var ticket, comment uuid.UUID
	err := s.pool.QueryRow(ctx, locateSQL, s.config.Shard, account, number).Scan(&ticket, &comment)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return domain.TicketID{}, domain.CommentID{}, domain.ErrNoAttachment
	case err != nil:
		return domain.TicketID{}, domain.CommentID{}, eventstore.Unavailable("look for a file", err)
	}
	return domain.TicketID(ticket), domain.CommentID(comment), nil
}
