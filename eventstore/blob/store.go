package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

var (
	// ErrNotFound: there is no such blob, or no longer.
	ErrNotFound = errors.New("blob not found")
	// ErrDamaged: the blob is not what was sealed, or not under this key.
	ErrDamaged = errors.New("blob is damaged")
	// ErrUnavailable: the store cannot be asked, or has not confirmed what it was told.
	ErrUnavailable = errors.New("blob store is unavailable")
)

// ID names a blob. It is random, and says nothing of what is in it.
type ID uuid.UUID

// NewID draws an id.
func NewID() ID { return ID(uuid.New()) }

// ParseID reads what String wrote.
func ParseID(s string) (ID, error) {
	id, err := uuid.Parse(s)
	if err != nil || id.String() != s {
		return ID{}, errors.New("not the name of a blob")
	}
	return ID(id), nil
}

// String returns the 36 characters of a UUID.
func (id ID) String() string { return uuid.UUID(id).String() }

// Store is where sealed blobs lie. All errors are ErrNotFound, ErrUnavailable, that of
// the reader that was to be stored, or that of the context.
type Store interface {
	// Put stores what src gives until io.EOF. When it returns nil, the blob survives a
	// power cut; if it fails, there may be a blob that nobody knows of.
	Put(ctx context.Context, id ID, src io.Reader) error
	// Open reads a blob from an offset in bytes, which lies within it.
	Open(ctx context.Context, id ID, offset int64) (io.ReadCloser, error)
	// Delete removes a blob in all its versions. One that is not there is no error.
	Delete(ctx context.Context, id ID) error
	// Each calls do for every blob, in no order, with the time at which it was stored.
	Each(ctx context.Context, do func(id ID, stored time.Time) error) error
}

// unavailable wraps what went wrong without hiding that the caller has given up.
func unavailable(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, err)
}
