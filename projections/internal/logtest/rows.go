package logtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
)

// CheckRows fails the test if the tables of the read model threads are not, row for
// row, what the log says.
func CheckRows(tb testing.TB, pool *pgxpool.Pool) {
	tb.Helper()
	want, got := wantedRows(tb, pool), storedRows(tb, pool)
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Fatalf("the read model is not the fold of the log (-want +got):\n%s", diff)
	}
}

func wantedRows(tb testing.TB, pool *pgxpool.Pool) (lines []string) {
	tb.Helper()
	type ticket struct {
		Account domain.AccountID
		ID      uuid.UUID
	}
	rows, err := pool.Query(context.Background(), "SELECT account_id, ticket_id FROM log.tickets")
	if err != nil {
		tb.Fatal(err)
	}
	tickets, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ticket])
	if err != nil {
		tb.Fatal(err)
	}
	for _, t := range tickets {
		ref := Fold(tb, pool, t.Account, domain.TicketID(t.ID))
		change, updated := ref.Seen(true)
		publicChange, publicUpdated := ref.Seen(false)
		counts := map[bool][]int32{true: make([]int32, 3), false: make([]int32, 3)}
		for _, c := range ref.Comments {
			if c.Deleted {
				continue
			}
			kind := slices.Index([]string{"AGENT", "CUSTOMER", "SYSTEM"}, c.AuthorType)
			counts[c.Public][kind]++
			lines = append(lines, fmt.Sprintln(t.Account, t.ID, "comment", c.ID, c.AuthorType, c.Author, c.Public, c.Number,
				c.Position, c.Revision, c.Content, c.Created.UnixMicro(), c.Updated.UnixMicro(), c.Audit, c.Channel, c.Flags))
		}
		var lastAudit int64
		if n := len(ref.Audits); n > 0 {
			lastAudit = ref.Audits[n-1].Number
		}
		lines = append(lines, fmt.Sprintln(t.Account, t.ID, "at", len(ref.events), change, publicChange, ref.Opened.UnixMicro(),
			updated.UnixMicro(), publicUpdated.UnixMicro(), counts[true], counts[false], len(ref.Audits), lastAudit))
	}
	slices.Sort(lines)
	return lines
}

func storedRows(tb testing.TB, pool *pgxpool.Pool) (lines []string) {
	tb.Helper()
	ctx := context.Background()
	rows, err := pool.Query(ctx, `SELECT account_id, ticket_id, applied_version, last_change_id, last_public_change_id,
		opened_at, updated_at, public_updated_at, public_counts, internal_counts, audits, last_audit FROM threads.tickets`)
	if err != nil {
		tb.Fatal(err)
	}
	var account domain.AccountID
	var ticket, a, b, c uuid.UUID
	var version int
	var opened, updated, publicUpdated time.Time
	var public, internal []int32
	var audits, number int64
	_, err = pgx.ForEachRow(rows, []any{&account, &ticket, &version, &a, &b, &opened, &updated, &publicUpdated, &public, &internal, &audits, &number}, func() error {
		lines = append(lines, fmt.Sprintln(account, ticket, "at", version, a, b, opened.UnixMicro(),
			updated.UnixMicro(), publicUpdated.UnixMicro(), public, internal, audits, number))
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	rows, err = pool.Query(ctx, `SELECT account_id, ticket_id, comment_id, author_id, coalesce(content_id::text, ''), author_type, public, number,
		position, revision, created_at, updated_at, audit, channel, flags FROM threads.comments`)
	if err != nil {
		tb.Fatal(err)
	}
	var kind int16
	var content string
	var isPublic bool
	var position, audit int64
	var channel domain.Channel
	var flags int32
	_, err = pgx.ForEachRow(rows, []any{&account, &ticket, &a, &c, &content, &kind, &isPublic, &number, &position, &version, &opened, &updated, &audit, &channel, &flags}, func() error {
		lines = append(lines, fmt.Sprintln(account, ticket, "comment", a, domain.AuthorType(kind), c, isPublic, number,
			position, version, content, opened.UnixMicro(), updated.UnixMicro(), audit, channel, flagList(flags)))
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// flagList writes the bits of a column as the log has them.
func flagList(bits int32) string {
	list := []int{}
	for n := range 32 {
		if bits>>n&1 == 1 {
			list = append(list, n)
		}
	}
	text, _ := json.Marshal(list)
	return string(text)
}
