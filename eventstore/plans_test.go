package eventstore

import (
	"embed"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
)

//go:embed sql/*.sql
var statements embed.FS

// TestStatements prepares every statement against the schema, so that a renamed
// column fails by file name, and sees to it that none of them reads a whole table.
func TestStatements(t *testing.T) {
	pool, err := Connect(t.Context(), devstacktest.Postgres(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	devstacktest.SeeNoWholeTables(t, devstacktest.Plans(t, pool, statements))
}

// TestAppendCost counts the rows that a batch reads, on a new database, where the
// planner knows nothing, and beside 3,000 tickets, comments and receipts: as many.
func TestAppendCost(t *testing.T) {
	pool, err := Connect(t.Context(), devstacktest.Postgres(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, others := range []int{0, 3000} {
		for _, n := range []int{1, 200} {
			t.Run(fmt.Sprintf("%d commands beside %d", n, others), func(t *testing.T) {
				tx, err := pool.Begin(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer tx.Rollback(t.Context())
				for range others / 250 {
					appendTx(t, tx, newTickets(250))
				}
				tickets := newTickets(n)
				appendTx(t, tx, tickets)
				before := rowsRead(t, tx)
				var edits []*pending
				for _, p := range tickets {
					edits = append(edits, editOf(p), commentOn(p))
				}
				appendTx(t, tx, edits)
				after := rowsRead(t, tx)
				// A ticket is looked up and updated; a comment looked up once more to be
				// updated; a receipt looked for and not found.
				for table, limit := range map[string]int64{"tickets": 2, "comments": 2, "receipts": 0, "events": 0, "contents": 0} {
					if got := after[table] - before[table]; got > limit*int64(len(edits)) {
						t.Errorf("%d rows of log.%s were read; want %d at most", got, table, limit*int64(len(edits)))
					}
				}
				if scans := after["whole"] - before["whole"]; scans > 0 {
					t.Errorf("%d tables were read as a whole", scans)
				}
			})
		}
	}
}

// rowsRead counts rows fetched in this transaction by table, and as "whole" the
// sequential scans.
func rowsRead(t *testing.T, tx pgx.Tx) map[string]int64 {
	t.Helper()
	rows, err := tx.Query(t.Context(), `SELECT relname::text, coalesce(idx_tup_fetch, 0), seq_scan
		FROM pg_stat_xact_user_tables WHERE schemaname = 'log'`)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	var table string
	var fetched, scans int64
	if _, err := pgx.ForEachRow(rows, []any{&table, &fetched, &scans}, func() error {
		counts[table] = fetched
		counts["whole"] += scans
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return counts
}

func appendTx(t *testing.T, tx pgx.Tx, items []*pending) {
	t.Helper()
	var outcomes []int16
	row := tx.QueryRow(t.Context(), "SELECT outcomes FROM ("+strings.TrimSpace(appendSQL)+") AS appended", newBatch(items).args(0)...)
	if err := row.Scan(&outcomes); err != nil {
		t.Fatal(err)
	}
	for i, o := range outcomes {
		if outcome(o) != outcomeAppended {
			t.Fatalf("command %d: outcome %d", i, o)
		}
	}
}

// newTickets opens n tickets, each with a comment and a receipt.
func newTickets(n int) []*pending {
	items := make([]*pending, n)
	for i := range items {
		p := commentOn(&pending{account: 1, ticket: domain.TicketID(uuid.New())})
		p.ticketRevision = 0
		p.ticketAfter = &domain.Ticket{Exists: true, Status: domain.StatusOpen}
		items[i] = p
	}
	return items
}

func commentOn(of *pending) *pending {
	id := domain.CommentID(uuid.Must(uuid.NewV7()))
	return &pending{
		account: of.account, ticket: of.ticket, ticketRevision: 1, comment: id,
		receipt:      &Receipt{ID: uuid.New(), Fingerprint: []byte("fingerprint")},
		events:       []encodedEvent{{id: domain.EventID(uuid.New()), name: "comment.created", schema: 1, comment: id, data: []byte("{}")}},
		contents:     []content{{id: domain.ContentID(uuid.Must(uuid.NewV7())), sealed: vault.Sealed{BucketID: 1, Bytes: []byte("sealed")}}},
		commentAfter: &domain.Comment{Exists: true, Author: domain.Author{Type: domain.AuthorAgent, ID: domain.UserID{1}}, Content: domain.ContentID{1}},
	}
}

// editOf edits the comment that p made as the first event of its ticket.
func editOf(p *pending) *pending {
	edit := commentOn(p)
	edit.comment, edit.revision = p.comment, 1
	edit.events[0].name, edit.events[0].comment = "comment.edited", p.comment
	return edit
}
