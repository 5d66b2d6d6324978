package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// Remove stops the server and deletes its data, password, log and lock. The
// folder stays if there is anything else in it.
func (p *Postgres) Remove(ctx context.Context) error {
	return errors.Join(p.Stop(ctx), p.home.remove())
}

func (h home) remove() error {
	h.sweep()
	var errs []error
	for _, path := range []string{h.data(), h.password(), h.sockets(), h.log(), h.log() + oldLog, h.lock(), h.link()} {
		errs = append(errs, os.RemoveAll(path))
	}
	_ = os.Remove(h.base) // fails if it is not empty, which is the point
	_ = os.Remove(h.dir)
	return errors.Join(errs...)
}

// RemoveAbandoned deletes the Postgres of each folder in parent that no process
// holds, and stops it if it still runs. Folders are left alone until they are
// older than age, since there is a moment before a folder is locked, and a server
// that was stopped for a while is not held.
func RemoveAbandoned(ctx context.Context, parent string, age time.Duration) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < age {
			continue
		}
		if err := removeAbandoned(ctx, filepath.Join(parent, e.Name())); err != nil {
			errs = append(errs, fmt.Errorf("remove %s: %w", e.Name(), err))
		}
	}
	return errors.Join(errs...)
}

func removeAbandoned(ctx context.Context, dir string) error {
	h, err := whereabouts(dir)
	if err != nil {
		return err
	}
	lock, err := lockFolder(h.lock())
	if locked := (*LockedError)(nil); errors.As(err, &locked) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.release()
	if err := clearOrphan(ctx, h.data(), slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	return h.remove()
}
