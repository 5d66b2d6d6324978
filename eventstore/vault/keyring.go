package vault

import (
	"context"
	"crypto/cipher"
	_ "embed"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/maypok86/otter/v2"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/insert_bucket.sql
	insertBucketSQL string
	//go:embed sql/foreign_bucket.sql
	foreignBucketSQL string
)

const (
	maxContents = 1024   // per bucket key
	maxBuckets  = 10_000 // in memory, about 1.5 KiB each
	maxWriters  = 10_000 // accounts and purposes with an open bucket
)

// Keyring is the table of bucket keys, and those of them that are in use. The
// table may lie in a database of its own. The database must not lose what it has
// committed: a lost key is a lost text.
type Keyring struct {
	pool    *pgxpool.Pool
	root    RootKey
	buckets *otter.Cache[int64, *bucket]
	writers *otter.Cache[writerKey, *writer]
}

// bucket is a bucket key, ready for use.
type bucket struct {
	id      int64
	account domain.AccountID
	purpose purpose
	aead    cipher.AEAD // nil: destroyed
}

// writer hands out the bucket that this process fills for an account and purpose.
// Every process fills buckets of its own, and leaves the last one unfilled.
type writer = renewable[*filling]

type writerKey struct {
	account domain.AccountID
	purpose purpose
}

type filling struct {
	bucket *bucket
	left   int // contents that it may still have
}

// NewKeyring returns the keyring in the database behind pool, whose keys root
// wraps.
func NewKeyring(pool *pgxpool.Pool, root RootKey) *Keyring {
	return &Keyring{
		pool:    pool,
		root:    root,
		buckets: newCache[int64, *bucket](maxBuckets),
		writers: newCache[writerKey, *writer](maxWriters),
	}
}

// newCache returns a cache that does its upkeep in its callers.
func newCache[K comparable, V any](size int) *otter.Cache[K, V] {
	return otter.Must(&otter.Options[K, V]{MaximumSize: size, Executor: func(upkeep func()) { upkeep() }})
}

// Check fails with ErrWrongRootKey if a living key is wrapped by another root key,
// and with ErrUnavailable. A process that went on would seal what the others cannot
// open.
func (k *Keyring) Check(ctx context.Context) error {
	var id int64
	var root string
	err := k.pool.QueryRow(ctx, foreignBucketSQL, k.root.ID()).Scan(&id, &root)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return unavailable("check the root key", err)
	}
	return k.wrongRoot(id, root)
}

// prefetch loads those of the buckets that are not in memory, in one query at most.
func (k *Keyring) prefetch(ctx context.Context, ids []int64) error {
	var missing []int64
	for _, id := range ids {
		if _, ok := k.buckets.GetIfPresent(id); !ok {
			missing = append(missing, id)
		}
	}
	if missing == nil {
		return nil
	}
	slices.Sort(missing)
	rows, err := k.read(ctx, slices.Compact(missing))
	for _, row := range rows {
		k.admit(ctx, row) // a key that cannot be had is reported where it is needed
	}
	return err
}

// Forget drops a bucket from the memory of this process: nothing more is sealed
// under it, and whether it opens anything is asked of the database again.
func (k *Keyring) Forget(id int64) {
	k.buckets.Invalidate(id)
	for _, w := range k.writers.All() {
		w.mu.Lock()
		if w.value != nil && w.value.bucket.id == id {
			w.value = nil
		}
		w.mu.Unlock()
	}
}

// current returns a bucket under which one more content may be sealed.
func (k *Keyring) current(ctx context.Context, account domain.AccountID, p purpose) (*bucket, error) {
	key := writerKey{account, p}
	w, ok := k.writers.GetIfPresent(key)
	if !ok {
		w, _ = k.writers.ComputeIfAbsent(key, func() (*writer, bool) { return new(writer), false })
	}
	f, err := w.get(ctx,
		func(f *filling) bool {
			if f == nil || f.left == 0 {
				return false
			}
			f.left--
			return true
		},
		func(ctx context.Context) (*filling, error) {
			b, err := k.create(ctx, account, p)
			return &filling{bucket: b, left: maxContents}, err
		})
	if err != nil {
		return nil, err
	}
	return f.bucket, nil
}

func (k *Keyring) create(ctx context.Context, account domain.AccountID, p purpose) (*bucket, error) {
	key, wrapped, err := k.newKey(ctx, account, p)
	if err != nil {
		return nil, err
	}
	b := &bucket{account: account, purpose: p, aead: newAEAD(key)}
	err = k.pool.QueryRow(ctx, insertBucketSQL, account, p, k.root.ID(), wrapped).Scan(&b.id)
	if err != nil {
		return nil, unavailable("create bucket key", err)
	}
	k.buckets.Set(b.id, b)
	return b, nil
}

// bucket returns a bucket that is not destroyed.
func (k *Keyring) bucket(ctx context.Context, id int64) (*bucket, error) {
	b, ok := k.buckets.GetIfPresent(id)
	if !ok {
		rows, err := k.read(ctx, []int64{id})
		switch {
		case err != nil:
			return nil, err
		case len(rows) == 0:
			return nil, fmt.Errorf("%w: bucket %d", ErrNoKey, id)
		}
		if b, err = k.admit(ctx, rows[0]); err != nil {
			return nil, err
		}
	}
	if b.aead == nil {
		return nil, fmt.Errorf("%w: bucket %d", ErrDestroyed, id)
	}
	return b, nil
}

// admit makes a row ready for use and keeps it. Tombstones are kept too: a key
// does not come back to life.
func (k *Keyring) admit(ctx context.Context, row keyRow) (*bucket, error) {
	b := &bucket{id: row.ID, account: row.Account, purpose: row.Purpose}
	if row.Wrapped != nil {
		key, err := k.unwrap(ctx, row)
		if err != nil {
			return nil, err
		}
		b.aead = newAEAD(key)
	}
	k.buckets.Set(b.id, b)
	return b, nil
}
