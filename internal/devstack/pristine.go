package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// copyPristine returns a way to fill a folder: with a copy of the cluster that is
// kept in the folder pristine as initdb made it, password and all. The first who
// comes makes it.
func (h home) copyPristine(ctx context.Context, bin Binaries, pristine string) func(string) error {
	return func(unfinished string) error {
		from, err := h.pristine(ctx, bin, pristine)
		if err != nil {
			return fmt.Errorf("make a cluster to copy: %w", err)
		}
		password, err := os.ReadFile(from.password())
		if err != nil {
			return err
		}
		return errors.Join(
			replaceFile(h.password(), string(password), h.as),
			os.CopyFS(unfinished, os.DirFS(from.data())),
			h.as.ownTree(unfinished))
	}
}

// pristine returns the home of the cluster to copy, where no server ever runs.
func (h home) pristine(ctx context.Context, bin Binaries, folder string) (home, error) {
	dir, err := makeFolder(filepath.Join(folder, strconv.Itoa(bin.Version)))
	if err != nil {
		return home{}, err
	}
	from := home{dir: dir, base: dir, as: h.as}
	lock, err := waitForFolder(ctx, from.lock())
	if err != nil {
		return home{}, err
	}
	defer lock.release()
	if version, err := dataVersion(from.data()); err != nil || version != 0 {
		return from, err
	}
	return from, from.initialise(from.initdb(ctx, bin))
}

// waitForFolder takes a lock that others hold for moments only.
func waitForFolder(ctx context.Context, path string) (*folderLock, error) {
	for {
		lock, err := lockFolder(path)
		if locked := (*LockedError)(nil); !errors.As(err, &locked) {
			return lock, err
		}
		if !sleep(ctx, 20*time.Millisecond) {
			return nil, errors.Join(ctx.Err(), err)
		}
	}
}
