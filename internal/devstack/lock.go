package devstack

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// A folderLock keeps a second process off a folder. The kernel frees it when the
// process ends, however it ends.
type folderLock struct{ f *os.File }

// A LockedError says that another process uses the folder.
type LockedError struct {
	Path string // of the lock file
	PID  string // of the holder, as it wrote it there; may be empty
}

func (e *LockedError) Error() string {
	by := "another process"
	if e.PID != "" {
		by = "process " + e.PID
	}
	return fmt.Sprintf("in use by %s (%s is locked); stop it, or choose another folder", by, e.Path)
}

// lockFolder takes the lock at path, or fails at once with a *LockedError.
func lockFolder(path string) (*folderLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		holder, _ := io.ReadAll(io.LimitReader(f, 32)) // only to say who; the lock is what counts
		return nil, &LockedError{Path: path, PID: strings.TrimSpace(string(holder))}
	}
	// Errors here would cost a name in somebody's error message.
	_ = f.Truncate(0)
	_, _ = f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	return &folderLock{f}, nil
}

// release leaves the file in place: to remove it would let two processes lock two
// files of the same name.
func (l *folderLock) release() {
	_ = l.f.Truncate(0)
	l.f.Close()
}
