package threads

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
)

// allStatements are the texts that this package asks, by name.
func allStatements() map[string]string {
	all := map[string]string{
		"load_tickets": loadTicketsSQL, "load_comments": loadCommentsSQL, "upsert_tickets": upsertTicketsSQL,
		"upsert_comments": upsertCommentsSQL, "delete_comments": deleteCommentsSQL,
		"forget": forgetSQL, "contents": contentsSQL, "comment": commentSQL, "comment_tail": commentTailSQL,
		"read_index": readIndexSQL, "begin": beginSQL, "patience": patienceSQL,
	}
	for audience, s := range map[string]*statements{"all": &forAll, "public": &forPublic} {
		all["tail "+audience], all["touched "+audience] = s.tail, s.touched
		all["ticket "+audience], all["validator "+audience] = s.ticket, s.validator
		for filter := range s.page {
			for direction, sql := range s.page[filter] {
				all[fmt.Sprint("page ", audience, filter, direction)] = sql
			}
		}
	}
	return all
}

func connect(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool, err := eventstore.Connect(context.Background(), devstacktest.Postgres(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestStatementsFitTheSchema(t *testing.T) {
	pool := connect(t)
	for name, sql := range allStatements() {
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Conn().Prepare(t.Context(), name, sql); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		conn.Release()
		if strings.ContainsAny(sql, "{}") && !strings.Contains(sql, "'{}'") {
			t.Errorf("%s has a name that was not replaced:\n%s", name, sql)
		}
	}
}

// node is a node of a plan, as EXPLAIN prints it.
type node struct {
	Type    string  `json:"Node Type"`
	Rows    float64 `json:"Actual Rows"`
	Loops   float64 `json:"Actual Loops"`
	Removed float64 `json:"Rows Removed by Filter"`
	Plans   []node
}

func (n *node) walk(visit func(*node)) {
	visit(n)
	for i := range n.Plans {
		n.Plans[i].walk(visit)
	}
}

// A page of a long thread is read from an index, in order, and nothing but the page is
// read, wherever it begins, whoever asks and however many notes lie in between.
func TestAPageCostsWhatItShows(t *testing.T) {
	pool := connect(t)
	ctx := t.Context()
	const total, limit = 100_000, 20
	ticket, requester := uuid.New(), uuid.New()
	filling, err := pool.Acquire(ctx) // which takes longer than a request may
	if err != nil {
		t.Fatal(err)
	}
	defer filling.Release()
	if _, err := filling.Exec(ctx, "SET statement_timeout = 0"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`INSERT INTO log.tickets (number, account_id, version, public_version, revision, shard, default_public, ticket_id, requester_id, status)
		 SELECT n, 1, 100001, 1, 1, 0, true, CASE n WHEN 1 THEN $1 ELSE gen_random_uuid() END, $2, 'open' FROM generate_series(1, 200) n`,
		// One comment in a thousand is public, the others are notes.
		`INSERT INTO threads.comments (position, number, created_at, updated_at, account_id, revision, shard, author_type, public, comment_id, ticket_id, author_id, content_id)
		 SELECT n, n, now(), now(), 1, n, 0, 1, n % 1000 = 0, gen_random_uuid(), $1, $2, gen_random_uuid() FROM generate_series(1, 100000) n`,
		`INSERT INTO threads.tickets (opened_at, updated_at, public_updated_at, account_id, applied_version, shard, ticket_id, last_change_id, last_public_change_id, public_counts, internal_counts)
		 SELECT now(), now(), now(), 1, 100001, 0, $1, $2, $2, '{100,0,0}', '{99900,0,0}'`,
		`INSERT INTO log.contents (bucket_id, shard, content_id, sealed) SELECT 1, 0, content_id, '\x00' FROM threads.comments WHERE ticket_id = $1 AND $2::uuid IS NOT NULL`,
	} {
		if _, err := filling.Exec(ctx, sql, ticket, requester); err != nil {
			t.Fatal(err)
		}
	}
	for _, analyzed := range []bool{false, true} { // the statistics know nothing, or all
		if analyzed {
			if _, err := filling.Exec(ctx, "ANALYZE"); err != nil {
				t.Fatal(err)
			}
		}
		for audience, s := range map[string]*statements{"all": &forAll, "public": &forPublic} {
			for filter := range s.page {
				for direction, sql := range s.page[filter] {
					for _, bounds := range [][2]int{{0, 1 << 40}, {40_000, 1 << 40}, {0, 60_000}} {
						name := fmt.Sprintf("%s, filter %d, direction %d, between %v, analyzed %v", audience, filter, direction, bounds, analyzed)
						viewer := "NULL"
						if audience == "public" {
							viewer = "'" + requester.String() + "'"
						}
						args := fmt.Sprintf("0, 1, '%s', %s, %d, %d, 0, %d", ticket, viewer, bounds[0], bounds[1], limit)
						checkPlan(t, pool, name, sql, args, limit)
					}
				}
			}
		}
	}
}

func checkPlan(t *testing.T, pool *pgxpool.Pool, name, sql, args string, limit float64) {
	t.Helper()
	ctx := t.Context()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	defer conn.Exec(ctx, "DEALLOCATE page")
	_, err = conn.Exec(ctx, "PREPARE page (smallint, integer, uuid, uuid, bigint, bigint, smallint, bigint) AS "+sql)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var explained string
	if err := conn.QueryRow(ctx, "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE page ("+args+")").Scan(&explained); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(explained), &plans); err != nil {
		t.Fatal(err)
	}
	plans[0].Plan.walk(func(n *node) {
		if n.Rows > 0 && slices.Contains([]string{"Sort", "Incremental Sort", "Seq Scan", "Bitmap Heap Scan", "Hash Join", "Merge Join"}, n.Type) {
			t.Errorf("%s: a %s in the plan", name, n.Type)
		}
		if read := (n.Rows + n.Removed) * n.Loops; read > limit+1 {
			t.Errorf("%s: a %s reads %v rows for a page of %v", name, n.Type, read, limit)
		}
	})
}

func TestAudiences(t *testing.T) {
	for _, tt := range []struct {
		kind            domain.ActorKind
		sees, onlyTheir bool
	}{
		{domain.ActorAgent, true, false}, {domain.ActorSystem, true, false}, {domain.ActorIntegration, true, false},
		{domain.ActorCustomer, true, true}, {"", false, false}, {"root", false, false},
	} {
		who, ok := audienceOf(domain.Actor{Kind: tt.kind})
		if ok != tt.sees || who.public != tt.onlyTheir || who.requester.Valid != tt.onlyTheir {
			t.Errorf("audienceOf(%q) = %+v, %v", tt.kind, who, ok)
		}
	}
}
