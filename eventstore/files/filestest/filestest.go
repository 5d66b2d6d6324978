// Package filestest makes the files of a test.
package filestest

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/vault"
)

// New returns the files of log, with their blobs in a folder that goes when the test ends.
func New(t testing.TB, log *eventstore.Store, pool *pgxpool.Pool, v *vault.Vault) *files.Store {
	t.Helper()
	return files.New(log, pool, v, Dir(t), files.Config{})
}

// Dir returns a place for blobs that goes when the test ends.
func Dir(t testing.TB) *blob.Dir {
	t.Helper()
	dir, err := blob.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir
}
