package devstacktest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// root is the folder of all test servers of this user. Others may pass through it,
// since as root the server is another user.
func root() (string, error) {
	dir := filepath.Join(os.TempDir(), "commentd-test-"+strconv.Itoa(os.Geteuid()))
	return dir, os.MkdirAll(dir, 0o711)
}

// newFolder makes an empty folder for one server.
func newFolder() (string, error) {
	dir, err := root()
	if err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp(dir, ""); err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

// folder is newFolder for one test.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
