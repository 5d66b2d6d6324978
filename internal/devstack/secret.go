package devstack

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// secret returns the password kept in the file at path, and makes one up if there
// is none. Callers hold the lock of the folder. The password has letters and
// digits only, so it fits a URL and a shell as it is.
func secret(path string, owner *account) (string, error) {
	kept, err := os.ReadFile(path)
	if s := strings.TrimSpace(string(kept)); err == nil && s != "" {
		return s, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read password: %w", err)
	}
	s := rand.Text()
	if err := replaceFile(path, s+"\n", owner); err != nil {
		return "", fmt.Errorf("keep password: %w", err)
	}
	return s, nil
}

// replaceFile writes content to path, readable by owner alone, all of it or
// nothing. It goes by way of a new file, because a link that somebody planted at
// path must not lead root's hand elsewhere.
func replaceFile(path, content string, owner *account) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.WriteString(content)
	if err == nil && owner != nil {
		err = f.Chown(owner.uid, owner.gid)
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
