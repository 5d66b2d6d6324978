package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

func newDir(t *testing.T) *Dir {
	t.Helper()
	d, err := OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// conform is what holds of every Store.
func conform(t *testing.T, store Store) {
	ctx := t.Context()
	t.Run("gives back what was stored, from anywhere", func(t *testing.T) {
		for _, size := range sizes {
			stored := bytesOf(size)
			id := put(t, store, stored)
			for _, offset := range []int64{0, size / 2, size - 1} {
				if offset < 0 {
					continue
				}
				body, err := store.Open(ctx, id, offset)
				if err != nil {
					t.Fatalf("Open(%d of %d) = %v", offset, size, err)
				}
				got, err := io.ReadAll(body)
				if err = errors.Join(err, body.Close()); err != nil || !bytes.Equal(got, stored[offset:]) {
					t.Errorf("%d of %d: %d bytes, %v", offset, size, len(got), err)
				}
			}
		}
	})
	t.Run("a large blob", func(t *testing.T) {
		key := NewKey()
		plain := bytesOf(2*partSize + 12345)
		id := put(t, store, sealed(t, key, plain))
		if got, err := read(t, store, id, key, int64(len(plain))); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("Open gave %d bytes, %v", len(got), err)
		}
	})
	t.Run("what is not there", func(t *testing.T) {
		if _, err := store.Open(ctx, NewID(), 0); !errors.Is(err, ErrNotFound) {
			t.Errorf("Open = %v; want ErrNotFound", err)
		}
		if err := store.Delete(ctx, NewID()); err != nil {
			t.Errorf("Delete = %v", err)
		}
	})
	t.Run("deletes, once and again", func(t *testing.T) {
		id := put(t, store, []byte("stored"))
		for range 2 {
			if err := store.Delete(ctx, id); err != nil {
				t.Errorf("Delete = %v", err)
			}
		}
		if _, err := store.Open(ctx, id, 0); !errors.Is(err, ErrNotFound) {
			t.Errorf("Open = %v; want ErrNotFound", err)
		}
	})
	t.Run("a source that fails leaves nothing", func(t *testing.T) {
		broken := errors.New("gone")
		for _, size := range []int64{0, 100, partSize + 1} {
			id := NewID()
			err := store.Put(ctx, id, io.MultiReader(bytes.NewReader(bytesOf(size)), iotest.ErrReader(broken)))
			if !errors.Is(err, broken) {
				t.Errorf("Put = %v; want the error of the source", err)
			}
			if _, err := store.Open(ctx, id, 0); !errors.Is(err, ErrNotFound) {
				t.Errorf("Open = %v; want ErrNotFound", err)
			}
		}
	})
	t.Run("a caller who gives up", func(t *testing.T) {
		ctx, stop := context.WithCancel(ctx)
		id := NewID()
		src := io.MultiReader(bytes.NewReader(bytesOf(100)), readerFunc(func([]byte) (int, error) {
			stop()
			return 0, nil
		}))
		if err := store.Put(ctx, id, src); !errors.Is(err, context.Canceled) {
			t.Errorf("Put = %v; want context.Canceled", err)
		}
		if _, err := store.Open(t.Context(), id, 0); !errors.Is(err, ErrNotFound) {
			t.Errorf("Open = %v; want ErrNotFound", err)
		}
	})
	t.Run("lists", func(t *testing.T) {
		var mu sync.Mutex
		want := map[ID]bool{}
		var writing sync.WaitGroup
		for range 50 {
			writing.Go(func() {
				id := put(t, store, []byte("listed"))
				mu.Lock()
				want[id] = true
				mu.Unlock()
			})
		}
		writing.Wait()
		err := store.Each(ctx, func(id ID, stored time.Time) error {
			if d := time.Since(stored); d < -time.Minute || d > time.Hour {
				t.Errorf("stored at %s", stored)
			}
			delete(want, id)
			return nil
		})
		if err != nil || len(want) > 0 {
			t.Errorf("Each = %v, without %d of 50", err, len(want))
		}
		enough := errors.New("enough")
		if err := store.Each(ctx, func(ID, time.Time) error { return enough }); !errors.Is(err, enough) {
			t.Errorf("Each = %v; want the error of do", err)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestDir(t *testing.T) { conform(t, newDir(t)) }

// TestDirFolder: nobody else may read the folder, what is half written is not there, and
// what a crash has left of it goes away.
func TestDirFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	store, err := OpenDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	kept := put(t, store, []byte("kept"))
	left, young := NewID(), NewID()
	for id, age := range map[ID]time.Duration{left: 2 * abandoned, young: 0} {
		name := filepath.Join(folder, place(id)+arriving)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "README"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var seen []ID
	if err := store.Each(t.Context(), func(id ID, _ time.Time) error {
		seen = append(seen, id)
		return nil
	}); err != nil || len(seen) != 1 || seen[0] != kept {
		t.Errorf("Each = %v, %v; want one", seen, err)
	}
	var names []string
	err = filepath.WalkDir(folder, func(name string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if info.Mode().Perm()&0o077 != 0 && entry.Name() != "README" {
			t.Errorf("%s has mode %s", name, info.Mode())
		}
		if filepath.Ext(name) == arriving {
			names = append(names, entry.Name())
		}
		return err
	})
	if err != nil || len(names) != 1 || names[0] != young.String()+arriving {
		t.Errorf("half written are %v, %v; want the young one", names, err)
	}
}

// TestDirRefuses: a folder in which nothing can be stored says so.
func TestDirRefuses(t *testing.T) {
	folder := t.TempDir()
	store, err := OpenDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	id := NewID()
	if err := os.WriteFile(filepath.Join(folder, id.String()[:2]), nil, 0o600); err != nil { // where a folder should be
		t.Fatal(err)
	}
	if err := store.Put(t.Context(), id, bytes.NewReader(nil)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Put = %v; want ErrUnavailable", err)
	}
}
