package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// tampered are the tables in which nobody may change anything unnoticed, and how a row
// of each is named in a report.
var tampered = []struct{ table, row string }{
	{"log.heads", `'shard ' || shard`},
	{"log.events", `'position ' || position`},
	{"log.contents", `'content ' || content_id`},
	{"log.tickets", `'account ' || account_id || ' ticket ' || ticket_id`},
	{"log.comments", `'account ' || account_id || ' comment ' || comment_id`},
	{"log.chats", `'account ' || account_id || ' chat ' || chat_id`},
	{"audit.trees", `'shard ' || shard`},
	{"audit.tiles", `'generation ' || generation || ' level ' || level || ' tile ' || tile`},
	{"audit.heads", `'generation ' || generation || ' size ' || size`},
}

// restored are those and the one in which not every column follows from the log.
var restored = append(slices.Clone(tampered), struct{ table, row string }{table: "log.obligations"})

// flips say how a bit of a column is turned over, by the column's type.
var flips = map[string]string{
	"bigint": "%s # 1::bigint", "integer": "%s # 1", "smallint": "%s # 1::smallint", "boolean": "NOT %s",
	"uuid":                     "overlay(%s::text placing case when right(%[1]s::text, 1) = '0' then '1' else '0' end from 36)::uuid",
	"bytea":                    "set_bit(%s, (length(%[1]s) * 8) / 3, 1 - get_bit(%[1]s, (length(%[1]s) * 8) / 3))",
	"text":                     "overlay(%s placing chr(ascii(%[1]s) # 1) from 1)",
	"timestamp with time zone": "%s + interval '1 microsecond'",
	"ARRAY":                    "%s[:7] || (%[1]s[8] # 1::bigint) || %[1]s[9:]",
}

// fills are values for what is null.
var fills = map[string]string{
	"bigint": "5", "uuid": "gen_random_uuid()", "timestamp with time zone": "now()",
}

// tamper lets do change the database, hands what Verify finds to check, and puts
// everything back.
func (w *world) tamper(do func(), check func(*Report)) {
	w.t.Helper()
	do()
	check(w.verify())
	w.restore()
}

// restore puts everything back as it was when it was saved.
func (w *world) restore() {
	w.t.Helper()
	var restore strings.Builder
	for _, t := range restored {
		fmt.Fprintf(&restore, "DELETE FROM %s; INSERT INTO %[1]s SELECT * FROM saved.%s;", t.table, strings.ReplaceAll(t.table, ".", "_"))
	}
	w.exec(restore.String())
}

// save notes how everything is.
func (w *world) save() {
	w.t.Helper()
	w.exec("CREATE SCHEMA saved")
	for _, t := range restored {
		w.exec("CREATE TABLE saved." + strings.ReplaceAll(t.table, ".", "_") + " AS SELECT * FROM " + t.table)
	}
}

// column is one of a table.
type column struct{ Name, Type string }

func (w *world) columns(table string) []column {
	w.t.Helper()
	schema, name, _ := strings.Cut(table, ".")
	rows, err := w.pool.Query(w.t.Context(), `SELECT column_name, data_type FROM information_schema.columns
		WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position`, schema, name)
	if err != nil {
		w.t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	if err != nil || len(columns) == 0 {
		w.t.Fatalf("%s has the columns %v, %v", table, columns, err)
	}
	return columns
}

// rows returns the names of some rows of a table: the first, the last, and between.
func (w *world) rows(table, name string) []string {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), fmt.Sprintf("SELECT %s FROM %s ORDER BY 1", name, table))
	if err != nil {
		w.t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) == 0 {
		w.t.Fatalf("%s has the rows %v, %v", table, names, err)
	}
	if n := len(names); n > 3 {
		names = []string{names[0], names[n/3], names[n-1]}
	}
	return names
}

// TestTamperColumns turns over a bit in every column there is of some rows of every
// table, and expects the row to be named. New columns are covered by themselves.
func TestTamperColumns(t *testing.T) {
	w := history(t, 2)
	w.grow(265) // there are tiles
	w.seal()
	w.clean()
	w.save()
	cells := 0
	for _, table := range tampered {
		for _, column := range w.columns(table.table) {
			flip, known := flips[column.Type]
			if !known {
				t.Fatalf("%s.%s is of the new type %s", table.table, column.Name, column.Type)
			}
			fill := fills[column.Type]
			if fill == "" {
				fill = "NULL"
			}
			for _, row := range w.rows(table.table, table.row) {
				w.tamper(func() {
					sql := fmt.Sprintf("UPDATE %s SET %s = CASE WHEN %[2]s IS NULL THEN %s ELSE %s END WHERE %s = $1",
						table.table, column.Name, fill, fmt.Sprintf(flip, column.Name), table.row)
					if _, err := w.pool.Exec(t.Context(), sql, row); err != nil { // another row has the key: a bit that none has
						w.exec(strings.NewReplacer("# 1::smallint", "# 64::smallint", "# 1", "# 1048576").Replace(sql), row)
					}
				}, func(r *Report) {
					if !r.named(row) {
						t.Errorf("a bit of %s in %s %s was turned over; Verify found:\n%s", column.Name, table.table, row, r.all())
					}
				})
				cells++
			}
		}
	}
	t.Logf("%d cells", cells)
	w.clean()
}

// TestTamperRows deletes rows, swaps them and cuts off tails.
func TestTamperRows(t *testing.T) {
	w := history(t, 2)
	w.grow(265)
	w.seal()
	w.save()
	for _, table := range tampered {
		for _, row := range w.rows(table.table, table.row) {
			w.tamper(func() { w.exec(fmt.Sprintf("DELETE FROM %s WHERE %s = $1", table.table, table.row), row) }, func(r *Report) {
				if !r.named(row) {
					t.Errorf("%s %s was deleted; Verify found:\n%s", table.table, row, r.all())
				}
			})
		}
	}
	for _, tt := range []struct {
		name string
		sql  []string
		want []string
	}{
		{"two events swap places", []string{
			"UPDATE log.events SET position = -position WHERE position IN (3, 9)",
			"UPDATE log.events SET position = CASE position WHEN -3 THEN 9 ELSE 3 END WHERE position < 0",
		}, []string{"position 3", "position 9"}},
		{"two events swap all but their places", []string{
			`UPDATE log.events a SET data = b.data, type = b.type, event_id = b.event_id FROM log.events b
			  WHERE a.position IN (2, 4) AND b.position IN (2, 4) AND a.position <> b.position`,
		}, []string{"position 2", "position 4"}},
		{"two texts swap", []string{
			`UPDATE log.contents a SET sealed = b.sealed, bucket_id = b.bucket_id FROM
			  (SELECT min(content_id::text)::uuid AS one, max(content_id::text)::uuid AS other FROM log.contents) s, log.contents b
			  WHERE a.content_id IN (one, other) AND b.content_id IN (one, other) AND a.content_id <> b.content_id`,
		}, []string{"damaged, or moved here from another place"}},
		{"the tail is cut off", []string{"DELETE FROM log.events WHERE position > 250"}, []string{"positions 251 to 265: missing"}},
		{"the tail is cut off and the head moved", []string{
			"DELETE FROM log.events WHERE position > 250", "UPDATE log.heads SET position = 250",
		}, []string{"positions 251 to 265: missing: it was sealed"}},
		{"a text that nobody wrote", []string{"INSERT INTO log.contents SELECT bucket_id, shard, gen_random_uuid(), sealed FROM log.contents LIMIT 1"},
			[]string{"no event has brought it"}},
		{"a comment that nobody wrote", []string{`INSERT INTO log.comments SELECT number, account_id, revision, shard, author_type, public, deleted,
			gen_random_uuid(), ticket_id, author_id, content_id FROM log.comments LIMIT 1`}, []string{"the event that revision names is not about this comment"}},
		{"a chat that nobody had", []string{"INSERT INTO log.chats SELECT account_id, entries, shard, ended, gen_random_uuid() FROM log.chats LIMIT 1"},
			[]string{"there is no event of this chat"}},
		{"a ticket that nobody opened", []string{`INSERT INTO log.tickets SELECT number, account_id, version, public_version, comments, revision, shard,
			default_public, legal_hold, gen_random_uuid(), requester_id, subject_id, status FROM log.tickets LIMIT 1`}, []string{"there is no event of this ticket"}},
		{"an event beyond the end", []string{`INSERT INTO log.events SELECT 1000, prev_in_partition, recorded_at, epoch, account_id, 1000, comment_previous, shard,
			schema_version, internal, gen_random_uuid(), ticket_id, comment_id, type, data FROM log.events WHERE position = 5`}, []string{"position 1000: beyond the end"}},
		{"an obligation is forgotten", []string{"DELETE FROM log.obligations WHERE completed_at IS NULL"}, []string{"missing, or of another event"}},
		{"an obligation is completed by words alone", []string{"UPDATE log.obligations SET completed_at = now(), key_destroyed_at = now() WHERE completed_at IS NULL"},
			[]string{"not what the events come to"}},
		{"an obligation names other keys", []string{"UPDATE log.obligations SET bucket_ids = '{77}' WHERE completed_at IS NOT NULL"},
			[]string{"its keys were not destroyed then"}},
		{"an obligation was fulfilled earlier than that", []string{"UPDATE log.obligations SET key_destroyed_at = key_destroyed_at - interval '1 microsecond'"},
			[]string{"its keys were not destroyed then"}},
		{"a head that nobody signed", []string{"INSERT INTO audit.heads SELECT 264, previous, kept, signed_at, generation, epoch, shard, root, signature, leaves FROM audit.heads WHERE size = 265"},
			[]string{"generation 1 size 264: the signature is not one of this key"}},
		{"a tile that no tree has", []string{"INSERT INTO audit.tiles SELECT 1, generation, shard, level, hashes FROM audit.tiles WHERE level = 0"},
			[]string{"level 0 tile 1: the tree has no such tile"}},
		{"an event of an unknown type", []string{"UPDATE log.events SET type = 'comment.sung' WHERE position = 2"}, []string{"position 2: its data does not decode"}},
		{"an event out of all times", []string{"UPDATE log.events SET recorded_at = 'infinity' WHERE position = 2"}, []string{"position 2: is not the event that was sealed"}},
		{"everything", []string{"DELETE FROM log.events"}, []string{"positions 1 to 265: missing"}},
	} {
		w.tamper(func() {
			for _, sql := range tt.sql {
				w.exec(sql)
			}
		}, func(r *Report) {
			for _, want := range tt.want {
				if !r.named(want) {
					t.Errorf("%s: Verify found:\n%s\nand not %q", tt.name, r.all(), want)
				}
			}
		})
	}
	w.clean()
}

// forge changes an event and makes the stored tree that of the log. resign signs it
// anew, as somebody can who has the root key.
func (w *world) forge(resign bool) {
	w.t.Helper()
	w.exec("UPDATE log.events SET event_id = gen_random_uuid() WHERE position = 2")
	log := w.log()
	heads := w.heads(1)
	w.exec("DELETE FROM audit.tiles")
	w.exec("DELETE FROM audit.heads")
	w.exec("UPDATE audit.trees SET size = 0")
	e := new(edge)
	for _, h := range heads {
		before := e.size
		leaves := slices.Collect(func(yield func([32]byte) bool) {
			for i := before; i < h.Size; i++ {
				yield(LeafHash(0, &log[i]))
			}
		})
		hashes, _ := split(slices.Concat(flatten(leaves)...))
		g := e.extend(hashes)
		h.Root = e.root()
		if resign {
			w.key.sign(&h)
		}
		if err := seal(w.t.Context(), w.pool, 1, before, &h, g); err != nil {
			w.t.Fatal(err)
		}
	}
}

func flatten(hashes [][32]byte) [][]byte {
	parts := make([][]byte, len(hashes))
	for i := range hashes {
		parts[i] = hashes[i][:]
	}
	return parts
}

// TestReplacedTree: a tree that was made anew over a forged log contradicts the heads
// that were signed before; if they are signed anew too, those that a witness has.
func TestReplacedTree(t *testing.T) {
	w := history(t, 2)
	w.grow(265)
	w.seal()
	var witnessed [][]byte
	first := w.heads(1)[0].Size
	for _, h := range w.heads(1) {
		witnessed = append(witnessed, w.key.Note(&h))
	}
	w.clean(witnessed...)
	w.save()
	w.tamper(func() { w.forge(false) }, func(r *Report) {
		if !r.named(fmt.Sprintf("audit.heads generation 1 size %d: the signature is not one of this key", first)) {
			t.Errorf("Verify of a forged tree found:\n%s", r.all())
		}
	})
	w.forge(true)
	if r := w.verify(); !r.OK() {
		t.Errorf("a tree that was signed anew is found without a witness; how?\n%s", r.all())
	}
	if r := w.verify(witnessed...); !r.named(fmt.Sprintf("witness generation 1 size %d: the tree of %[1]d events is not the one that was witnessed", first)) {
		t.Errorf("Verify of a tree that was signed anew found:\n%s", r.all())
	}
}
