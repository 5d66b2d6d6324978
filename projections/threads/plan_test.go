package threads

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
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
		"read_index": readIndexSQL,
		"known":      knownSQL, "stream": streamSQL, "chains": chainsSQL, "public_comments": publicCommentsSQL, "ticket_before": ticketBeforeSQL,
		"ticket_by_number": ticketByNumberSQL, "audit_version": auditVersionSQL, "comments_today": commentsTodaySQL,
		"audited up": auditedSQL[0], "audited down": auditedSQL[1], "tickets_before": ticketsBeforeSQL, "tickets_of": ticketsOfSQL,
		"audited_account up": auditedAccountSQL[0], "audited_account down": auditedAccountSQL[1], "position_before": positionBeforeSQL,
		"located_by_id": locatedByIDSQL, "located_by_number": locatedByNumberSQL,
		"log_end": logEndSQL, "begin": beginSQL, "patience": patienceSQL,
		"tickets_moved": ticketsMovedSQL, "tickets_numbered": ticketsNumberedSQL,
		"tickets_counted": ticketsCountedSQL[0], "tickets_counted of one": ticketsCountedSQL[1],
	}
	for direction, name := range []string{"up", "down"} {
		all["tickets_by_number "+name] = ticketsByNumberSQL[0][direction]
		all["tickets_by_number of one "+name] = ticketsByNumberSQL[1][direction]
		for order, column := range times[0] {
			all["tickets_by "+column+" "+name] = ticketsByTimeSQL(order)[direction]
		}
		for class, columns := range times {
			for order, column := range columns {
				all["tickets_of_requester by "+column+" "+name] = ticketsOfRequesterSQL(audience{public: class == 1}, order)[direction]
			}
		}
	}
	for audience, s := range map[string]*statements{"all": &forAll, "public": &forPublic} {
		all["tail "+audience], all["touched "+audience] = s.tail, s.touched
		all["ticket "+audience], all["validator "+audience] = s.ticket, s.validator
		all["comment_by_number "+audience] = s.byNumber
		for filter := range s.page {
			for direction, sql := range s.page[filter] {
				all[fmt.Sprint("page ", audience, filter, direction)] = sql
				all[fmt.Sprint("positions ", audience, filter, direction)] = s.positions[filter][direction]
				all[fmt.Sprint("pages ", audience, filter, direction)] = s.pages[filter][direction]
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

// planPage is how many comments a page has in these tests.
const planPage = 20

// planned are statements and their arguments on the big ticket $T of requester $R,
// whose comment $C has content $K.
func planned() map[string]string {
	const ticket = "0, 1, '$T'"
	ids := func(column string) string { return "0, ARRAY[1], ARRAY['" + column + "'::uuid]" }
	calls := map[string]string{
		"load_tickets":    ids("$T"),
		"load_comments":   ids("$C"),
		"delete_comments": ids("$C"),
		"upsert_comments": `0, ARRAY[1], ARRAY['$T'::uuid], ARRAY['$C'::uuid], ARRAY[50000::bigint], ARRAY[1::bigint], ARRAY[now()], ARRAY[now()],
			ARRAY[1], ARRAY[1::smallint], ARRAY['$R'::uuid], ARRAY[true], ARRAY['$K'::uuid], ARRAY[1::bigint], ARRAY[0::smallint], ARRAY[0]`,
		"ticket_by_number": "1, 0, 1, '$R'",
		"comments_today":   "0, 1, ARRAY['$T'::uuid], ARRAY['$C'::uuid]",
		"audited up":       fmt.Sprintf("%s, 40000, %d", ticket, planPage),
		"audited down":     fmt.Sprintf("%s, 40000, %d", ticket, planPage),
		"tickets_before":   "0, 1, ARRAY['$T'::uuid], ARRAY[0]", // how far back a change lies is up to the ticket
		"tickets_of":       "0, 1, ARRAY['$T'::uuid]",
		// Of an account that has one event in 256 positions, amid those of another.
		"audited_account up":   fmt.Sprintf("0, 2, 40000, 90000, %d", planPage-1),
		"audited_account down": fmt.Sprintf("0, 2, 40000, 90000, %d", planPage-1),
		"located_by_id":        "0, 1, '$R', '$C'",
		"located_by_number":    "0, 2, NULL, 50000, 98000, '\\x00', '\\x00'", // behind a projector that is 2,000 events late
		"position_before":      "0, now() - interval '50000 seconds', 0",
		// Of a comment that the rows contain.
		"audit_version": ticket + ", 49999, '\\x00', '\\x00'",
		"contents":      "0, ARRAY['$K'::uuid]",
		"comment":       ticket + ", '$R', '$C'",
		"comment_tail":  ticket + ", '$C', 99990, 100000",
		"read_index":    "0, 99990, 10000",
		"known":         ticket + ", '$R'",
		"stream":        fmt.Sprintf("%s, 50000, %d", ticket, planPage),
		"chains":        ticket + ", ARRAY['$C'::uuid], true",
		// The hundred that are public by their rows, and the tail.
		"public_comments": ticket,
		"log_end":         "0",
		// The tail of the account, and that of others.
		"tickets_moved":          "0, 1, 99990",
		"tickets_numbered":       "ARRAY[1, 2, 3], 0, 1, NULL",
		"tickets_counted":        fmt.Sprintf("0, 1, %d", planPage),
		"tickets_counted of one": fmt.Sprintf("0, 1, %d, '$R', ARRAY['open']", planPage),
	}
	for _, name := range []string{"up", "down"} {
		calls["tickets_by_number "+name] = fmt.Sprintf("0, 1, 50, 150, %d, 0", planPage)
		calls["tickets_by_number of one "+name] = fmt.Sprintf("0, 1, 50, 1000, %d, 0, '$R', ARRAY['open']", planPage)
		for _, column := range times[0] {
			calls["tickets_by "+column+" "+name] = fmt.Sprintf("0, 1, '-infinity', '$C', 'infinity', '$C', %d", planPage)
		}
		for _, columns := range times {
			for _, column := range columns {
				calls["tickets_of_requester by "+column+" "+name] = fmt.Sprintf("0, 1, '-infinity', '$C', 'infinity', '$C', %d, '$R', NULL", planPage)
			}
		}
	}
	for _, audience := range []string{"all", "public"} {
		viewer := "NULL"
		if audience == "public" {
			viewer = "'$R'"
		}
		calls["ticket "+audience] = ticket + ", " + viewer
		calls["validator "+audience] = ticket + ", " + viewer
		calls["comment_by_number "+audience] = ticket + ", " + viewer + ", 49000, '\\x00', '\\x00'"
		calls["tail "+audience] = ticket
		calls["touched "+audience] = ticket + ", true"
		for filter := range 3 {
			for direction := range 2 {
				calls[fmt.Sprint("page ", audience, filter, direction)] =
					fmt.Sprintf("%s, %s, 40000, 90000, 0, %d", ticket, viewer, planPage)
				calls[fmt.Sprint("positions ", audience, filter, direction)] =
					fmt.Sprintf("%s, %s, 40000, 90000, 0, %d, '{}'", ticket, viewer, planPage)
				calls[fmt.Sprint("pages ", audience, filter, direction)] =
					fmt.Sprintf("0, ARRAY[1], ARRAY['$T'::uuid], ARRAY[%s::uuid], ARRAY[40000], ARRAY[90000], ARRAY[0::smallint], ARRAY[%d]", viewer, planPage)
			}
		}
	}
	return calls
}

// Statements are planned once, perhaps while the tables are empty. However long a
// thread has become since, and however many notes are in it, nothing but the answer
// is read.
func TestStatementsCostWhatTheyAnswer(t *testing.T) {
	conn, err := pgx.ConnectConfig(t.Context(), connect(t).Config().ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	// Before anything is planned: a change to a table, and statistics about it, have it
	// planned anew.
	for _, table := range []string{"log.tickets", "log.events", "log.comments", "log.contents", "threads.tickets", "threads.comments"} {
		exec("ALTER TABLE " + table + " SET (autovacuum_enabled = off)")
	}
	names := strings.NewReplacer("$T", uuid.NewString(), "$R", uuid.NewString(), "$C", uuid.NewString(), "$K", uuid.NewString())
	calls, statement := planned(), map[string]string{}
	for name, arguments := range calls {
		statement[name] = fmt.Sprintf("s%d", len(statement))
		calls[name] = fmt.Sprintf("%s(%s)", statement[name], names.Replace(arguments))
		exec("PREPARE " + statement[name] + " AS " + allStatements()[name])
		exec("BEGIN; EXECUTE " + calls[name] + "; ROLLBACK")
	}
	exec("SET statement_timeout = 0")
	// All but one comment in a thousand are notes. The last ten events are tail.
	for _, sql := range []string{
		`INSERT INTO log.tickets (comments, number, account_id, version, public_version, revision, shard, default_public, legal_hold, ticket_id, requester_id, status)
		 SELECT 100000, n, 1, 100000, 100000, 1, 0, true, false, CASE n WHEN 1 THEN '$T'::uuid ELSE gen_random_uuid() END,
		        CASE WHEN n % 10 = 1 THEN '$R'::uuid ELSE gen_random_uuid() END, 'open' FROM generate_series(1, 200) n`,
		`INSERT INTO threads.comments (audit, channel, flags, position, number, created_at, updated_at, account_id, revision, shard, author_type, public, comment_id, ticket_id, author_id, content_id)
		 SELECT n - 1, 0, 0, n, n, now(), now(), 1, n, 0, 1, n % 1000 = 0, CASE n WHEN 50000 THEN '$C'::uuid ELSE gen_random_uuid() END, '$T', '$R',
		        CASE n WHEN 50000 THEN '$K'::uuid ELSE gen_random_uuid() END FROM generate_series(1, 100000) n`,
		`INSERT INTO log.comments (number, account_id, revision, shard, author_type, public, deleted, comment_id, ticket_id, author_id, content_id)
		 SELECT number, 1, revision, 0, 1, public, false, comment_id, ticket_id, author_id, content_id FROM threads.comments`,
		`INSERT INTO log.contents (bucket_id, shard, content_id, sealed) SELECT 1, 0, content_id, '\x00' FROM threads.comments`,
		`INSERT INTO log.events (position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous, shard, schema_version, internal, event_id, ticket_id, comment_id, type, data)
		 SELECT position, 0, now() + make_interval(secs => position - 100000), 1, CASE WHEN position % 256 = 7 THEN 2 ELSE 1 END, position, 0, 0, 1, NOT public,
		        gen_random_uuid(), ticket_id, comment_id, 'comment.created', '' FROM threads.comments`,
		`UPDATE log.heads SET position = 100000`,
		`INSERT INTO threads.tickets (audits, last_audit, opened_at, updated_at, public_updated_at, account_id, applied_version, shard, ticket_id, last_change_id, last_public_change_id, public_counts, internal_counts)
		 SELECT 100000, 99999, now(), now(), now(), 1, 99990, 0, ticket_id, '$R', '$R', '{100,0,0}', '{99900,0,0}' FROM log.tickets`,
	} {
		exec(names.Replace(sql))
	}
	for _, analyzed := range []bool{false, true} { // the planner knows nothing, or all
		if analyzed {
			exec("ANALYZE")
		}
		for name, call := range calls {
			exec("BEGIN")
			checkPlan(t, conn, fmt.Sprintf("%s, analyzed %v", name, analyzed), call)
			exec("ROLLBACK")
		}
	}
}

func checkPlan(t *testing.T, conn *pgx.Conn, name, call string) {
	t.Helper()
	var explained string
	err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE "+call, pgx.QueryExecModeSimpleProtocol).Scan(&explained)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(explained), &plans); err != nil {
		t.Fatal(err)
	}
	plans[0].Plan.walk(func(n *node) {
		if n.Rows > 0 && slices.Contains([]string{"Seq Scan", "Bitmap Heap Scan", "Hash Join", "Merge Join"}, n.Type) {
			t.Errorf("%s: a %s in the plan", name, n.Type)
		}
		most := planPage + 1.0
		if strings.HasPrefix(name, "public_comments") {
			most = 100 + 10
		}
		if read := (n.Rows + n.Removed) * n.Loops; read > most {
			t.Errorf("%s: a %s reads %v rows", name, n.Type, read)
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
