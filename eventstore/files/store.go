package files

import (
	"context"
	"crypto/sha256"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/eventstore/vault"
)

// Config is what a Store may be told beyond what it needs.
type Config struct {
	Shard int16 // of the log; default 0
	// Life is for how long an upload waits to be attached; default one hour.
	Life time.Duration
	// MostFiles and MostBytes are how much of a user may wait to be attached, thumbnails
	// included; default 1,000 files and 4 GiB.
	MostFiles int
	MostBytes int64
}

// Store is the files of one shard.
type Store struct {
	log    *eventstore.Store
	pool   *pgxpool.Pool
	vault  *vault.Vault
	blobs  blob.Store
	config Config
}

// New returns the files in the database behind pool, whose bytes are in blobs. All blobs
// in there are taken to be its own: see Sweep. Redactions of log make e-mails anew from then
// on. It starts nothing.
func New(log *eventstore.Store, pool *pgxpool.Pool, v *vault.Vault, blobs blob.Store, config Config) *Store {
	if config.Life == 0 {
		config.Life = time.Hour
	}
	if config.MostFiles == 0 {
		config.MostFiles = 1000
	}
	if config.MostBytes == 0 {
		config.MostBytes = 4 << 30
	}
	s := &Store{log: log, pool: pool, vault: v, blobs: blobs, config: config}
	log.RewriteOriginals(s)
	return s
}

// Put stores what src gives until io.EOF, sealed under a new key. The attachment says
// where, and how large it is; the rest of it is for the caller to fill in. No row knows
// of it yet. Errors: those of src, blob.ErrUnavailable.
func (s *Store) Put(ctx context.Context, src io.Reader) (domain.Attachment, error) {
	id, key, hash := blob.NewID(), blob.NewKey(), sha256.New()
	sealed := blob.Seal(key, io.TeeReader(src, hash))
	if err := s.blobs.Put(ctx, id, sealed); err != nil {
		s.forget(ctx, id)
		return domain.Attachment{}, err
	}
	return domain.Attachment{
		Size: sealed.Size(), Blob: domain.BlobID(id), Key: key, Digest: [sha256.Size]byte(hash.Sum(nil)),
	}, nil
}

// Forget deletes the blobs of a file that came to nothing, thumbnails included. What it
// fails to delete, Sweep does.
func (s *Store) Forget(ctx context.Context, a domain.Attachment) {
	s.forget(ctx, blob.ID(a.Blob))
	for _, t := range a.Thumbnails {
		s.Forget(ctx, t)
	}
}

func (s *Store) forget(ctx context.Context, id blob.ID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = s.blobs.Delete(ctx, id)
}

// Open returns the bytes of a file, which are authenticated as they are read. ctx bounds
// all reading. Errors of Read: blob.ErrNotFound, blob.ErrDamaged, blob.ErrUnavailable.
func (s *Store) Open(ctx context.Context, a domain.Attachment) io.ReadSeekCloser {
	return blob.Open(ctx, s.blobs, blob.ID(a.Blob), blob.Key(a.Key), a.Size)
}
