package retention

import (
	"embed"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed sql/*.sql
var statements embed.FS

// TestStatements prepares every statement against the schema, so that a renamed column
// fails by file name, and sees to it that none of them reads or sorts a whole table, on
// an empty log and on one with statistics.
func TestStatements(t *testing.T) {
	w := newWorld(t)
	files, err := statements.ReadDir("sql")
	if err != nil {
		t.Fatal(err)
	}
	explainAll := func() {
		for _, file := range files {
			sql, err := statements.ReadFile("sql/" + file.Name())
			if err != nil {
				t.Fatal(err)
			}
			plan := explain(t, w.pool, string(sql))
			if strings.Contains(plan, "Seq Scan") {
				t.Errorf("%s reads a whole table:\n%s", file.Name(), plan)
			}
			if name := file.Name(); strings.Contains(name, "deleted") && !strings.Contains(plan, "comments_deleted_idx") {
				t.Errorf("%s does not use the index of deleted comments:\n%s", name, plan)
			}
		}
	}
	explainAll()
	ticket := w.ticket(ours, ana, "subject")
	for range 300 {
		w.comment(ours, ticket, ana, "text")
	}
	if _, err := w.pool.Exec(t.Context(), "ANALYZE log.events, log.comments, log.tickets, log.contents"); err != nil {
		t.Fatal(err)
	}
	explainAll()
}

func explain(t *testing.T, pool *pgxpool.Pool, sql string) string {
	t.Helper()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	prepared, err := conn.Conn().Prepare(t.Context(), "s", sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	arguments := strings.TrimSuffix(strings.Repeat("NULL,", len(prepared.ParamOIDs)), ",")
	rows, err := conn.Query(t.Context(), "EXPLAIN EXECUTE s("+arguments+")")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Conn().Deallocate(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "\n")
}
