package threads

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// What a rebuild makes is what the migrations make, to the last name.
func TestRebuiltTablesAreThoseOfTheMigrations(t *testing.T) {
	pool := connect(t)
	other := Projection{}.In("threads_other")
	schema := other.Schema()
	texts := []string{"CREATE SCHEMA threads_other"}
	for _, some := range [][]string{schema.Tables, schema.Indexes, schema.Constraints} {
		texts = append(texts, some...)
	}
	for _, sql := range texts {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if diff := cmp.Diff(described(t, pool, Name), described(t, pool, "threads_other")); diff != "" {
		t.Errorf("the tables of a rebuild are not those of the migrations (-migrations +rebuild):\n%s", diff)
	}
}

// described is all that matters of the tables of a schema.
func described(t *testing.T, pool *pgxpool.Pool, schema string) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `
		WITH tables AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1)
		SELECT concat_ws(' ', 'table', relname, relkind, relpersistence, reloptions::text) FROM tables
		 UNION ALL
		SELECT concat_ws(' ', 'column', t.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.atthasdef)
		  FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid WHERE a.attnum > 0 AND t.relkind = 'r'
		 UNION ALL
		SELECT concat_ws(' ', 'index', replace(pg_get_indexdef(i.indexrelid), $1 || '.', ''), i.indisprimary, i.indisunique, i.indisvalid)
		  FROM tables t JOIN pg_index i ON i.indrelid = t.oid
		 UNION ALL
		SELECT concat_ws(' ', 'constraint', c.conname, c.contype, pg_get_constraintdef(c.oid)) FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid
		 ORDER BY 1`, schema)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) < 30 || !strings.Contains(strings.Join(lines, "\n"), "comments_id_key") {
		t.Fatalf("the schema %s is not what this test thinks it is: %d lines", schema, len(lines))
	}
	return lines
}

// A statement about the tables elsewhere is about no table that is read.
func TestStatementsNameTheSchemaTheyAreAbout(t *testing.T) {
	p := Projection{schema: "threads_other"}
	texts := []string{p.sql(loadTicketsSQL), p.sql(loadCommentsSQL), p.sql(upsertTicketsSQL), p.sql(upsertCommentsSQL),
		p.sql(deleteCommentsSQL), p.sql(forgetSQL), p.sql(copyTickets), p.sql(copyComments)}
	s := p.Schema()
	texts = append(append(append(append(texts, s.Tables...), s.Indexes...), s.Constraints...), s.Digests, s.DigestsOf, s.Locked)
	for _, sql := range texts {
		if strings.Contains(sql, "threads.") || !strings.Contains(sql, "threads_other.") {
			t.Errorf("not about the tables of threads_other:\n%s", sql)
		}
	}
}
