package retention

import (
	"embed"
	"strings"
	"testing"

	"github.com/commentd/commentd/internal/devstacktest"
)

//go:embed sql/*.sql
var statements embed.FS

// TestStatements prepares every statement against the schema, so that a renamed column
// fails by file name, and sees to it that none of them reads or sorts a whole table, on
// an empty log and on one with statistics.
func TestStatements(t *testing.T) {
	w := newWorld(t)
	explainAll := func() {
		plans := devstacktest.Plans(t, w.pool, statements)
		devstacktest.SeeNoWholeTables(t, plans)
		for name, plan := range plans {
			if strings.Contains(name, "deleted") && !strings.Contains(plan, "comments_deleted_idx") {
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
