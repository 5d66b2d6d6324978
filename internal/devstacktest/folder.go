package devstacktest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/commentd/commentd/internal/devstack"
)

// Kinds of folders below root. They differ in when a folder is taken for one that
// a dead process has left: the shared server is held from its first moment to its
// last, one of a test may be stopped for a while.
const (
	sharedServers = "shared"
	testServers   = "own"
	pristine      = "pristine" // the cluster that all others are copies of
)

var abandonedAfter = map[string]time.Duration{sharedServers: time.Minute, testServers: time.Hour}

// root makes a folder for the test servers of this user. Others may pass through
// it, since as root the server is another user.
func root(kind string) (string, error) {
	dir := filepath.Join(os.TempDir(), "commentd-test-"+strconv.Itoa(os.Geteuid()))
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	// The name is easy to guess and the place open to all.
	if st := info.Sys().(*syscall.Stat_t); !info.IsDir() || int(st.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s is not a folder of ours alone: remove it", dir)
	}
	dir = filepath.Join(dir, kind)
	return dir, os.MkdirAll(dir, 0o711)
}

// newFolder makes an empty folder for one server, and clears away what earlier
// test binaries have left.
func newFolder(ctx context.Context, kind string) (string, error) {
	parent, err := root(kind)
	if err != nil {
		return "", err
	}
	if err := devstack.RemoveAbandoned(ctx, parent, abandonedAfter[kind]); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, "")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

// startServer starts a Postgres in a new folder, which Remove deletes.
func startServer(ctx context.Context, kind string, cfg devstack.PostgresConfig) (*devstack.Postgres, error) {
	var err error
	if cfg.Dir, err = newFolder(ctx, kind); err != nil {
		return nil, err
	}
	if cfg.Pristine, err = root(pristine); err != nil {
		return nil, err
	}
	p, err := devstack.StartPostgres(ctx, cfg)
	if err != nil {
		os.RemoveAll(cfg.Dir)
		return nil, err
	}
	return p, nil
}

// needsPostgres skips t when only short tests are wanted.
func needsPostgres(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Postgres")
	}
}
