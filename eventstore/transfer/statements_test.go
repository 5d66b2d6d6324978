package transfer

import (
	"embed"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
)

//go:embed sql/*.sql
var statements embed.FS

// TestStatements prepares every statement against the schema, so that a renamed column
// fails by file name, and sees to it that none of them reads the whole table.
func TestStatements(t *testing.T) {
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	entries, err := statements.ReadDir("sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := statements.ReadFile("sql/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		prepared, err := conn.Conn().Prepare(t.Context(), entry.Name(), string(text))
		if err != nil {
			t.Errorf("%s: %v", entry.Name(), err)
			continue
		}
		arguments := ""
		if n := len(prepared.ParamOIDs); n > 0 {
			arguments = " (" + strings.TrimSuffix(strings.Repeat("NULL,", n), ",") + ")"
		}
		rows, err := conn.Query(t.Context(), `EXPLAIN EXECUTE "`+entry.Name()+`"`+arguments)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", entry.Name(), err)
		}
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan") {
			t.Errorf("%s reads the whole table:\n%s", entry.Name(), text)
		}
	}
}
