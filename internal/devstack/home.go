package devstack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// elsewhere holds the clusters of a root whose folders the server's user cannot
// enter. It is a variable for the tests.
var elsewhere = "/var/lib/commentd"

// A home is the place of one cluster.
type home struct {
	dir  string   // what the caller named; holds the server's log
	base string   // holds data, password, lock and sockets; dir, or a folder elsewhere
	as   *account // whom the server runs as
}

func (h home) data() string     { return filepath.Join(h.base, "postgres") }
func (h home) password() string { return filepath.Join(h.base, "postgres.password") }
func (h home) lock() string     { return filepath.Join(h.base, "postgres.lock") }
func (h home) sockets() string  { return filepath.Join(h.base, "postgres.run") }
func (h home) link() string     { return filepath.Join(h.dir, "postgres") }
func (h home) log() string      { return filepath.Join(h.dir, "postgres.log") }

// findHome decides where the cluster of dir lives and whom it belongs to. A
// cluster that exists stays where it is.
func findHome(dir string, logger *slog.Logger) (home, error) {
	dir, err := makeFolder(dir)
	if err != nil {
		return home{}, err
	}
	h, err := whereabouts(dir)
	if err != nil {
		return home{}, err
	}
	switch _, err := os.Stat(h.data()); {
	case err == nil:
		return h.claim()
	case !errors.Is(err, fs.ErrNotExist):
		return home{}, err
	case h.base != dir: // the link points nowhere: the data were removed, or never finished
		if err := os.Remove(h.link()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return home{}, err
		}
		h.base = dir
	}
	if h.as, err = serverAccount(); err != nil {
		return home{}, err
	}
	if h.as.reaches(dir) {
		return h, nil
	}
	return h.moveElsewhere(logger)
}

// whereabouts follows the link that moveElsewhere may have left in dir. The base
// is free of links itself, so that it compares with what the kernel says of a
// server's working directory.
func whereabouts(dir string) (home, error) {
	h := home{dir: dir, base: dir}
	target, err := os.Readlink(h.link())
	if err != nil {
		return h, nil // no link
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(dir, target)
	}
	h.base = filepath.Dir(target)
	if base, err := filepath.EvalSymlinks(h.base); err == nil {
		h.base = base
	} else if !errors.Is(err, fs.ErrNotExist) {
		return home{}, err
	}
	return h, nil
}

// makeFolder makes dir, with those above it that are missing, and returns its name
// free of links.
func makeFolder(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("no folder is named for the data")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := makeFolders(dir); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// makeFolders is os.MkdirAll, but that root lets others pass through what it makes,
// whatever its umask, because the server is one of them.
func makeFolders(dir string) error {
	if os.Geteuid() != 0 {
		return os.MkdirAll(dir, 0o700)
	}
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := makeFolders(parent); err != nil {
			return err
		}
	}
	switch err := os.Mkdir(dir, 0o700); {
	case errors.Is(err, fs.ErrExist):
		return nil // somebody was faster, or it is no folder, as will be seen
	case err != nil:
		return err
	}
	return os.Chmod(dir, 0o711)
}

// claim finds out whom an existing cluster belongs to. One that belongs to root
// was copied there; Postgres would refuse it, so it is given to the server's user.
func (h home) claim() (home, error) {
	var err error
	if h.as, err = ownerOf(h.data()); err != nil {
		return home{}, err
	}
	if h.as != nil && h.as.uid == 0 {
		if h.as, err = serverAccount(); err != nil {
			return home{}, err
		}
		if err := h.as.ownTree(h.data()); err != nil {
			return home{}, err
		}
	}
	if !h.as.reaches(h.base) {
		return home{}, fmt.Errorf("user %s, whom %s belongs to, cannot enter that folder: let others pass through the folders above it (chmod o+x), or move it", h.as.name, h.data())
	}
	return h, nil
}

// moveElsewhere finds a place that the server's user can enter, and leaves a link
// to it where the data would have been.
func (h home) moveElsewhere(logger *slog.Logger) (home, error) {
	name := sha256.Sum256([]byte(h.dir))
	h.base = filepath.Join(elsewhere, hex.EncodeToString(name[:6]))
	if err := makeFolders(h.base); err != nil {
		return home{}, fmt.Errorf("%s is closed to user %s, whom Postgres has to run as, and there is no other place: %w", h.dir, h.as.name, err)
	}
	if !h.as.reaches(h.base) {
		return home{}, fmt.Errorf("neither %s nor %s is open to user %s, whom Postgres has to run as", h.dir, h.base, h.as.name)
	}
	// Of two processes that come here at once, both make the same link.
	if err := os.Symlink(h.data(), h.link()); err != nil && !errors.Is(err, fs.ErrExist) {
		return home{}, err
	}
	logger.Info("keeping Postgres elsewhere, because its user cannot enter the folder",
		"folder", h.dir, "user", h.as.name, "data", h.data())
	return h, nil
}
