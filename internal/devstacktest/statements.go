package devstacktest

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Plans prepares every statement in statements, a file each, in a session of pool, so
// that one that does not fit the schema fails by its name, and returns their plans by
// that name.
func Plans(t testing.TB, pool *pgxpool.Pool, statements fs.FS) map[string]string {
	t.Helper()
	files, err := fs.Glob(statements, "sql/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no statements: %v", err)
	}
	plans := make(map[string]string, len(files))
	for _, file := range files {
		text, err := fs.ReadFile(statements, file)
		if err != nil {
			t.Fatal(err)
		}
		name := path.Base(file)
		if plans[name], err = explain(t, pool, string(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	return plans
}

// SeeNoWholeTables fails the test for every plan that reads a whole table other than those
// that are named, which are short.
func SeeNoWholeTables(t testing.TB, plans map[string]string, short ...string) {
	t.Helper()
	for name, plan := range plans {
		for line := range strings.Lines(plan) {
			_, table, scanned := strings.Cut(line, "Seq Scan on ")
			if scanned && !slices.Contains(short, strings.Fields(table)[0]) {
				t.Errorf("%s reads a whole table:\n%s", name, plan)
				break
			}
		}
	}
}

// explain returns the plan of a statement, whatever its arguments.
func explain(t testing.TB, pool *pgxpool.Pool, sql string) (string, error) {
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		return "", err
	}
	defer conn.Release()
	prepared, err := conn.Conn().Prepare(t.Context(), "s", sql)
	if err != nil {
		return "", err
	}
	arguments := strings.TrimSuffix(strings.Repeat("NULL,", len(prepared.ParamOIDs)), ",")
	if arguments != "" {
		arguments = "(" + arguments + ")"
	}
	rows, err := conn.Query(t.Context(), "EXPLAIN EXECUTE s"+arguments)
	if err != nil {
		return "", err
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	return strings.Join(plan, "\n"), conn.Conn().Deallocate(t.Context(), "s")
}
