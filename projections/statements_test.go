package projections

import (
	"embed"
	"testing"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
)

//go:embed sql/*.sql
var statements embed.FS

// TestStatements prepares every statement against the schema, so that a renamed column
// fails by file name.
func TestStatements(t *testing.T) {
	if testing.Short() {
		t.Skip("needs Postgres")
	}
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	files, err := statements.ReadDir("sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := statements.ReadFile("sql/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Conn().Prepare(t.Context(), file.Name(), string(text)); err != nil {
			t.Errorf("%s: %v", file.Name(), err)
		}
		conn.Release()
	}
}
