package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// Dir is a Store in a folder: a file for each blob, in 256 folders.
type Dir struct{ root *os.Root }

// arriving is the ending of a file that is being written. What a crash leaves of it is
// removed by Each.
const arriving = ".part"

// OpenDir opens the folder, and makes it if there is none. Only its owner can read what
// is in it.
func OpenDir(folder string) (*Dir, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("blob store: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("blob store: %w", err)
	}
	return &Dir{root}, nil
}

// Close closes the folder.
func (d *Dir) Close() error { return d.root.Close() }

func place(id ID) string {
	name := id.String()
	return path.Join(name[:2], name)
}

// Put writes a file under another name, and gives it its own when it is on the disk.
func (d *Dir) Put(ctx context.Context, id ID, src io.Reader) error {
	name := place(id)
	folder := path.Dir(name)
	if err := d.root.Mkdir(folder, 0o700); err == nil {
		err = d.sync(".")
		if err != nil {
			return unavailable(ctx, "store", err)
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return unavailable(ctx, "store", err)
	}
	if err := d.write(ctx, name+arriving, src); err != nil {
		_ = d.root.Remove(name + arriving) // else Each does
		return err
	}
	if err := d.root.Rename(name+arriving, name); err != nil {
		return unavailable(ctx, "store", err)
	}
	if err := d.sync(folder); err != nil {
		return unavailable(ctx, "store", err)
	}
	return nil
}

func (d *Dir) write(ctx context.Context, name string, src io.Reader) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return unavailable(ctx, "store", err)
	}
	source := &watched{ctx: ctx, Reader: src}
	_, err = io.Copy(f, source)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	switch {
	case source.err != nil:
		return source.err
	case err != nil:
		return unavailable(ctx, "store", err)
	}
	return nil
}

// watched notes whether it was the source that failed, and gives up with its context.
type watched struct {
	ctx context.Context // io.Reader has no other way
	io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		w.err = context.Cause(w.ctx)
		return 0, w.err
	}
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// sync makes the names in a folder survive a power cut.
func (d *Dir) sync(folder string) error {
	f, err := d.root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open opens the file.
func (d *Dir) Open(ctx context.Context, id ID, offset int64) (io.ReadCloser, error) {
	f, err := d.root.Open(place(id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNotFound
	case err != nil:
		return nil, unavailable(ctx, "open", err)
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(unavailable(ctx, "open", err), f.Close())
	}
	return f, nil
}

// Delete removes the file.
func (d *Dir) Delete(ctx context.Context, id ID) error {
	err := d.root.Remove(place(id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil:
		err = d.sync(path.Dir(place(id)))
	}
	if err != nil {
		return unavailable(ctx, "delete", err)
	}
	return nil
}

// abandoned is how old a file that is being written must be for nobody to be writing it.
const abandoned = 24 * time.Hour

// Each walks the folder. Files whose names are of no blob are none of its business.
func (d *Dir) Each(ctx context.Context, do func(id ID, stored time.Time) error) error {
	return fs.WalkDir(d.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, fs.ErrNotExist): // deleted meanwhile
			return nil
		case err != nil:
			return unavailable(ctx, "list", err)
		case entry.IsDir():
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil // as above
		}
		if base, part := strings.CutSuffix(path.Base(name), arriving); part {
			if _, err := ParseID(base); err == nil && time.Since(info.ModTime()) > abandoned {
				_ = d.root.Remove(name) // else the next time
			}
			return nil
		}
		if id, err := ParseID(path.Base(name)); err == nil && place(id) == name {
			return do(id, info.ModTime())
		}
		return nil
	})
}
