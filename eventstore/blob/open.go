package blob

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
)

// Reader reads a blob, from wherever it is sought to. It is an io.ReadSeekCloser, and
// not for use by several goroutines.
type Reader struct {
	ctx   context.Context // io.Reader has no other way
	store Store
	id    ID
	aead  cipher.AEAD
	size  int64

	at     int64         // of the next byte to be read
	body   io.ReadCloser // the sealed blob from piece on; nil: not open
	piece  int64         // the next one that body gives
	sealed []byte
	opened []byte // the piece before that, as a whole; nil: it is not in memory any more
	plain  []byte // what was opened and not read yet; at is its first byte
}

// Open returns a reader of a blob of size bytes. Nothing is asked of the store until
// something is read; ctx bounds all of it. Errors of Read: those of Store, ErrDamaged.
func Open(ctx context.Context, store Store, id ID, key Key, size int64) *Reader {
	return &Reader{ctx: ctx, store: store, id: id, aead: key.cipher(), size: size, sealed: make([]byte, pieceSize+overhead)}
}

// Read gives only what was sealed at this place. At the end of the blob it has seen that
// this is the end.
func (r *Reader) Read(p []byte) (int, error) {
	if r.at >= r.size && (r.size > 0 || r.piece > 0) {
		return 0, io.EOF
	}
	if len(r.plain) == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
		if len(r.plain) == 0 {
			return 0, io.EOF // of an empty blob
		}
	}
	n := copy(p, r.plain)
	r.plain, r.at = r.plain[n:], r.at+int64(n)
	return n, nil
}

// next opens the piece in which at lies, unless it is the one that was opened last: who
// looks at the beginning and seeks back to it asks the store once.
func (r *Reader) next() error {
	want := r.at / pieceSize
	if r.opened != nil && want == r.piece-1 {
		r.plain = r.opened[r.at-want*pieceSize:]
		return nil
	}
	r.opened = nil // its memory is used again
	if r.body != nil && r.piece != want {
		r.close()
	}
	if r.body == nil {
		body, err := r.store.Open(r.ctx, r.id, want*(pieceSize+overhead))
		if err != nil {
			return err
		}
		r.body, r.piece = body, want
	}
	last := want == pieces(r.size)-1
	length := pieceSize
	if last {
		length = int(r.size - want*pieceSize)
	}
	sealed := r.sealed[:length+overhead]
	if _, err := io.ReadFull(r.body, sealed); err != nil {
		r.close()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: it ends in piece %d", ErrDamaged, want)
		}
		return unavailable(r.ctx, "read", err)
	}
	plain, err := r.aead.Open(sealed[:0], nonce(want, last), sealed, nil)
	if err != nil {
		r.close()
		return fmt.Errorf("%w: piece %d", ErrDamaged, want)
	}
	r.piece++
	r.opened, r.plain = plain, plain[r.at-want*pieceSize:]
	return nil
}

// Seek sets where the next Read begins.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning of a blob")
	}
	if offset != r.at {
		r.at, r.plain = offset, nil
	}
	return offset, nil
}

// Close gives back what reading has taken.
func (r *Reader) Close() error {
	r.close()
	return nil
}

func (r *Reader) close() {
	if r.body != nil {
		_ = r.body.Close() // which was only read
		r.body = nil
	}
}
