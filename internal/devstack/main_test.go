package devstack

import (
	"os"
	"path/filepath"
	"testing"
)

// testFolder makes a folder that the server's user can enter when the tests run as
// root; what t.TempDir makes is closed to it.
func testFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "devstack-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "dev")
}
