package files

import (
	"embed"
	"testing"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
)

//go:embed sql/*.sql
var statements embed.FS

// TestStatements prepares every statement against the schema, so that a renamed column
// fails by file name, and sees to it that none of them reads a whole table.
func TestStatements(t *testing.T) {
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	devstacktest.SeeNoWholeTables(t, devstacktest.Plans(t, pool, statements))
}
