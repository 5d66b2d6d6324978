package client

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Cursor remembers how far a subscriber has come. To have each event take effect once,
// keep it where the effects are, and in their transaction.
type Cursor interface {
	// Load returns what was saved last, "" if nothing was.
	Load(ctx context.Context) (string, error)
	Save(ctx context.Context, cursor string) error
}

// FileCursor keeps a cursor in a file of this name, which is replaced as a whole.
type FileCursor string

// Load reads the file. That there is none is no error.
func (f FileCursor) Load(context.Context) (string, error) {
	content, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(content)), err
}

// Save returns once the file would survive a power cut.
func (f FileCursor) Save(_ context.Context, cursor string) error {
	dir := filepath.Dir(string(f))
	next, err := os.CreateTemp(dir, filepath.Base(string(f))+".*")
	if err != nil {
		return err
	}
	_, err = next.WriteString(cursor + "\n")
	err = errors.Join(err, next.Sync(), next.Close())
	if err == nil {
		err = os.Rename(next.Name(), string(f))
	}
	if err != nil {
		_ = os.Remove(next.Name())
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
