package webhook

import (
	"embed"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

//go:embed sql/*.sql
var statements embed.FS

// TestStatements prepares every statement against the schema, so that a renamed column
// fails by file name, and sees to it that none of them reads a whole table but that of
// members, who are few.
func TestStatements(t *testing.T) {
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	files, err := statements.ReadDir("sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := statements.ReadFile("sql/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		prepared, err := conn.Conn().Prepare(t.Context(), file.Name(), string(text))
		if err != nil {
			t.Errorf("%s: %v", file.Name(), err)
			continue
		}
		arguments := strings.TrimSuffix(strings.Repeat("NULL,", len(prepared.ParamOIDs)), ",")
		if arguments != "" {
			arguments = "(" + arguments + ")"
		}
		rows, err := conn.Query(t.Context(), `EXPLAIN EXECUTE "`+file.Name()+`"`+arguments)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Errorf("%s: %v", file.Name(), err)
			continue
		}
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan on") && !strings.Contains(text, "members") {
			t.Errorf("%s reads a whole table:\n%s", file.Name(), text)
		}
	}
}
