package threads_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// verify checks the log and the read model, and returns what is wrong with the latter.
// Nothing is sealed, which is no mistake.
func verify(t *testing.T, l *logtest.Log) (findings []string) {
	t.Helper()
	root, err := vault.ParseRootKey(vault.GenerateRootKey())
	if err != nil {
		t.Fatal(err)
	}
	v := audit.Verifier{Pool: l.Pool, Vault: l.Vault, Key: audit.NewKey(root, 0), Follower: threads.NewVerifier(threads.Projection{})}
	report, err := v.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		findings = append(findings, f.String())
	}
	return findings
}

// TestVerifier turns over every column of the read model, and expects the row to be
// named. Events that the projector has not come to may be missing.
func TestVerifier(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	note := w.create(logtest.Agent.Actor.Own(), false, "note")
	edited := w.create(logtest.Agent.Actor.Own(), true, "first")
	gone := w.create(logtest.Agent.Actor.Own(), true, "gone")
	w.update(edited, w.text("second"), nil)
	w.update(note, nil, new(true))
	w.remove(gone)
	erased := w.create(logtest.Agent.Actor.Own(), true, "erased")
	w.do(domain.EraseComment{Account: w.account, Ticket: w.ticket, Comment: erased, By: logtest.Agent, Audit: w.numbers().Audit, Cause: domain.CauseErasure})
	if found := verify(t, l); found != nil {
		t.Fatalf("where nothing is projected, it found %q", found)
	}
	w.apply(100)
	l.Exec(`INSERT INTO projections.checkpoints (projection, shard, partition, position)
		SELECT 'threads', 0, p, coalesce((SELECT position FROM log.heads), 0) FROM generate_series(0, 63) AS p`)
	w.create(logtest.Agent.Actor.Own(), true, "not projected yet")
	if found := verify(t, l); found != nil {
		t.Fatalf("where all is well, it found %q", found)
	}
	l.Exec("CREATE SCHEMA saved")
	cells := 0
	for table, key := range map[string]string{"tickets": "ticket_id", "comments": "comment_id"} {
		l.Exec(fmt.Sprintf("CREATE TABLE saved.%s AS SELECT * FROM threads.%[1]s", table))
		rows, err := l.Pool.Query(t.Context(), "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'threads' AND table_name = $1", table)
		if err != nil {
			t.Fatal(err)
		}
		type column struct{ Name, Type string }
		columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
		if err != nil || len(columns) == 0 {
			t.Fatalf("columns %v, %v", columns, err)
		}
		rows, err = l.Pool.Query(t.Context(), fmt.Sprintf("SELECT %s::text FROM threads.%s", key, table))
		if err != nil {
			t.Fatal(err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(ids) == 0 {
			t.Fatalf("rows %v, %v", ids, err)
		}
		for _, id := range ids {
			changes := []string{"DELETE FROM threads.%s WHERE %s = $1"}
			for _, c := range columns {
				change := map[string]string{
					"bigint": "%s + 1000", "integer": "%s # 1", "smallint": "%s # 1::smallint", "boolean": "NOT %s", "uuid": "coalesce(nullif(gen_random_uuid(), %s), gen_random_uuid())",
					"timestamp with time zone": "%s + interval '1 microsecond'", "ARRAY": "%s[:1] || (%[1]s[2] + 1) || %[1]s[3:]",
				}[c.Type]
				if change == "" {
					t.Fatalf("%s.%s is of the new type %s", table, c.Name, c.Type)
				}
				changes = append(changes, "UPDATE threads.%s SET "+c.Name+" = "+fmt.Sprintf(change, c.Name)+" WHERE %s = $1")
			}
			for _, change := range changes {
				sql := fmt.Sprintf(change, table, key)
				l.Exec(sql, id)
				if found := verify(t, l); !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, "threads."+table) && strings.Contains(f, id) }) {
					t.Errorf("after %s of %s it found %q", sql, id, found)
				}
				l.Exec("DELETE FROM threads." + table)
				l.Exec(fmt.Sprintf("INSERT INTO threads.%s SELECT * FROM saved.%[1]s", table))
				cells++
			}
		}
	}
	t.Logf("%d cells", cells)
	if found := verify(t, l); found != nil {
		t.Errorf("in the end it found %q", found)
	}
}
