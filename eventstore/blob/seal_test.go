package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// sizes are those at which something begins or ends.
var sizes = []int64{0, 1, 15, pieceSize - 1, pieceSize, pieceSize + 1, 2 * pieceSize, 2*pieceSize + 1, 3*pieceSize + 77}

func bytesOf(size int64) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(size)})
	_, _ = r.Read(b)
	return b
}

func sealed(t *testing.T, key Key, plain []byte) []byte {
	t.Helper()
	b, err := io.ReadAll(Seal(key, bytes.NewReader(plain)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// put stores bytes as they are, sealed or not.
func put(t *testing.T, s Store, stored []byte) ID {
	t.Helper()
	id := NewID()
	if err := s.Put(t.Context(), id, bytes.NewReader(stored)); err != nil {
		t.Fatalf("Put = %v", err)
	}
	return id
}

func read(t *testing.T, s Store, id ID, key Key, size int64) ([]byte, error) {
	t.Helper()
	r := Open(t.Context(), s, id, key, size)
	defer r.Close()
	return io.ReadAll(r)
}

// TestSealed: what was sealed is opened, however it is read, and takes up SealedSize.
func TestSealed(t *testing.T) {
	store := newDir(t)
	for _, size := range sizes {
		plain, key := bytesOf(size), NewKey()
		s := Seal(key, iotest.OneByteReader(bytes.NewReader(plain)))
		stored, err := io.ReadAll(iotest.HalfReader(s))
		if err != nil || s.Size() != size || int64(len(stored)) != SealedSize(size) {
			t.Fatalf("Seal of %d bytes gave %d, says %d, %v", size, len(stored), s.Size(), err)
		}
		id := put(t, store, stored)
		if got, err := read(t, store, id, key, size); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("Open of %d bytes gave %d, %v", size, len(got), err)
		}
		r := Open(t.Context(), store, id, key, size)
		if err := iotest.TestReader(r, plain); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		r.Close()
	}
}

// TestSealFails: what could not be read to its end is never sealed as if it had one.
func TestSealFails(t *testing.T) {
	broken := errors.New("gone")
	for _, size := range sizes {
		src := io.MultiReader(bytes.NewReader(bytesOf(size)), iotest.ErrReader(broken))
		got, err := io.ReadAll(Seal(NewKey(), src))
		if !errors.Is(err, broken) || int64(len(got)) >= SealedSize(size) {
			t.Errorf("Seal of %d bytes and an error gave %d bytes, %v", size, len(got), err)
		}
	}
}

// TestSeek: any part of a blob is what it is in the whole.
func TestSeek(t *testing.T) {
	store := newDir(t)
	plain, key := bytesOf(3*pieceSize+77), NewKey()
	r := Open(t.Context(), store, put(t, store, sealed(t, key, plain)), key, int64(len(plain)))
	defer r.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		from := random.IntN(len(plain) + 1)
		n := random.IntN(2*pieceSize) % (len(plain) - from + 1)
		whence, offset := io.SeekStart, int64(from)
		if random.IntN(2) == 0 {
			whence, offset = io.SeekEnd, int64(from-len(plain))
		}
		if at, err := r.Seek(offset, whence); err != nil || at != int64(from) {
			t.Fatalf("Seek(%d, %d) = %d, %v", offset, whence, at, err)
		}
		got := make([]byte, n)
		if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, plain[from:from+n]) {
			t.Fatalf("%d bytes from %d: %v", n, from, err)
		}
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("Seek before the beginning succeeded")
	}
}

// TestDamage: whatever is done to a stored blob, no byte that was not sealed at its
// place is ever given.
// opening is a store that counts how often a blob is opened.
type opening struct {
	Store
	times int
}

func (o *opening) Open(ctx context.Context, id ID, offset int64) (io.ReadCloser, error) {
	o.times++
	return o.Store.Open(ctx, id, offset)
}

// TestSeekBack: who looks at the beginning, asks how long it is and reads it from the
// beginning on, as net/http does, opens the blob once.
func TestSeekBack(t *testing.T) {
	store, key, plain := &opening{Store: newDir(t)}, NewKey(), bytesOf(2*pieceSize+100)
	id := put(t, store, sealed(t, key, plain))
	r := Open(t.Context(), store, id, key, int64(len(plain)))
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
	for _, whence := range []int{io.SeekEnd, io.SeekStart} {
		if _, err := r.Seek(0, whence); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, plain) || store.times != 1 {
		t.Errorf("%d bytes of %d, %v, opened %d times", len(got), len(plain), err, store.times)
	}
	if _, err := r.Seek(10, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, plain[10:]) {
		t.Errorf("again from 10: %d bytes, %v", len(got), err)
	}
}

func TestDamage(t *testing.T) {
	store := newDir(t)
	plain, key := bytesOf(3*pieceSize+77), NewKey()
	stored := sealed(t, key, plain)
	const full = pieceSize + overhead
	other := sealed(t, NewKey(), plain)
	damages := map[string][]byte{
		"cut to nothing":         nil,
		"cut by a byte":          stored[:len(stored)-1],
		"cut after a piece":      stored[:2*full],
		"two pieces swapped":     slices.Concat(stored[full:2*full], stored[:full], stored[2*full:]),
		"a piece left out":       slices.Concat(stored[:full], stored[2*full:]),
		"a piece doubled":        slices.Concat(stored[:full], stored[:full], stored[full:]),
		"a piece of another one": slices.Concat(stored[:full], other[full:2*full], stored[2*full:]),
	}
	for _, at := range []int{0, 1000, full - 1, full, 2*full + 5, len(stored) - 1} {
		flipped := bytes.Clone(stored)
		flipped[at] ^= 1
		damages[fmt.Sprintf("a bit turned over at %d", at)] = flipped
	}
	for name, damaged := range damages {
		got, err := read(t, store, put(t, store, damaged), key, int64(len(plain)))
		if !errors.Is(err, ErrDamaged) || !bytes.HasPrefix(plain, got) {
			t.Errorf("%s: %d bytes, %v; want ErrDamaged", name, len(got), err)
		}
	}
	id := put(t, store, stored)
	if _, err := read(t, store, id, NewKey(), int64(len(plain))); !errors.Is(err, ErrDamaged) {
		t.Errorf("another key: %v", err)
	}
	for _, size := range []int64{0, 1, pieceSize, 2*pieceSize + 77, int64(len(plain)) - 1, int64(len(plain)) + 1, 9 * pieceSize} {
		got, err := read(t, store, id, key, size)
		if !errors.Is(err, ErrDamaged) || !bytes.HasPrefix(plain, got) {
			t.Errorf("another size, %d: %d bytes, %v; want ErrDamaged", size, len(got), err)
		}
	}
}

// A source that breaks off is not taken for one that ends: half a file would be sealed as
// a whole one.
func TestSealOfWhatBreaksOff(t *testing.T) {
	for _, size := range []int{0, 1, pieceSize, pieceSize + 1, 3 * pieceSize} {
		src := io.MultiReader(strings.NewReader(strings.Repeat("x", size)), iotest.ErrReader(io.ErrUnexpectedEOF))
		if n, err := io.Copy(io.Discard, Seal(NewKey(), src)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes, then cut off: %d bytes sealed, %v; want io.ErrUnexpectedEOF", size, n, err)
		}
	}
}
