package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// downloads are the builds that can be fetched, by major version; newCluster is
// the version for a new cluster.
var downloads = map[int]embeddedpostgres.PostgresVersion{
	15: embeddedpostgres.V15, 16: embeddedpostgres.V16, 17: embeddedpostgres.V17, 18: embeddedpostgres.V18,
}

const newCluster = 17

// download fetches server binaries and keeps them, where none are installed.
func (p *Postgres) download(ctx context.Context, version int) (Binaries, error) {
	if version == 0 {
		version = newCluster
	}
	build, ok := downloads[version]
	if !ok {
		return Binaries{}, fmt.Errorf("the data in %s need PostgreSQL %d: %w", p.home.data(), version, ErrNoPostgres)
	}
	cache, err := p.cacheDir()
	if err != nil {
		return Binaries{}, err
	}
	dir := filepath.Join(cache, "postgres-"+string(build))
	bin := filepath.Join(dir, "bin")
	if b, err := inspect(ctx, bin); err == nil {
		return b, nil
	}
	p.cfg.Logger.Info("no PostgreSQL is installed: downloading one, this once", "version", build, "to", dir)
	from := embeddedpostgres.DefaultConfig().Version(build)
	if p.cfg.repository != "" {
		from = from.BinaryRepositoryURL(p.cfg.repository)
	}
	if err := fetch(ctx, from, cache, dir); err != nil {
		return Binaries{}, fmt.Errorf("%w (tried to download PostgreSQL %s: %w)", ErrNoPostgres, build, err)
	}
	return inspect(ctx, bin)
}

// cacheDir returns a folder that the server's user can enter.
func (p *Postgres) cacheDir() (string, error) {
	dir := p.cfg.CacheDir
	if dir == "" {
		dir = filepath.Join(p.home.dir, "cache")
		if user, err := os.UserCacheDir(); err == nil {
			dir = filepath.Join(user, "commentd")
		}
	}
	dir, err := makeFolder(dir)
	if err != nil {
		return "", err
	}
	if p.home.as.reaches(dir) {
		return dir, nil
	}
	return makeFolder(filepath.Join(elsewhere, "cache"))
}

// fetch unpacks a build into dir, all of it or nothing.
//
// The library can only fetch in order to start a server. We start our own, so it
// is given a data directory that it cannot make (no path may end in a dot) and
// gives up right after unpacking. What counts is whether the programs are there.
//
// It cannot be interrupted either: when ctx ends first, its goroutine stays until
// the download has ended, and what that brings is in the cache the next time.
func fetch(ctx context.Context, from embeddedpostgres.Config, cache, dir string) error {
	tmp, err := os.MkdirTemp(cache, "unpack-")
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	unpacked := filepath.Join(tmp, "postgres")
	library := embeddedpostgres.NewDatabase(from.Port(uint32(port)).Logger(io.Discard).
		CachePath(cache).BinariesPath(unpacked).RuntimePath(filepath.Join(tmp, "run")).
		DataPath(filepath.Join(tmp, "none") + "/."))
	result := make(chan error, 1)
	go func() { result <- library.Start() }()
	select {
	case err = <-result:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer os.RemoveAll(tmp)
	if _, missing := os.Stat(filepath.Join(unpacked, "bin", "postgres")); missing != nil {
		return errors.Join(err, missing)
	}
	if err := openToAll(unpacked); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil { // a copy that does not work
		return err
	}
	return os.Rename(unpacked, dir)
}

// openToAll lets everybody read and run what its owner may, whatever the umask it
// was unpacked under: root's server is another user.
func openToAll(root string) error {
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm()
		return os.Chmod(path, mode|mode&0o500>>3|mode&0o500>>6)
	})
}
