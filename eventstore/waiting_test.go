package eventstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/internal/devstacktest"
)

// TestEditWaitsForRedaction has an edit arrive that says the secret again, while the
// comment is being redacted: it must not bring the secret back when its turn comes.
func TestEditWaitsForRedaction(t *testing.T) {
	i := start(t, devstacktest.Postgres(t))
	cmd := i.create(t, i.open(t), "my number is 987-65-4320")
	if _, err := i.Execute(t.Context(), cmd, nil); err != nil {
		t.Fatal(err)
	}

	watching, err := i.pool.Acquire(t.Context()) // so that it looks on from no connection that is looked at
	if err != nil {
		t.Fatal(err)
	}
	defer watching.Release()
	appending, err := i.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer appending.Rollback(t.Context())
	if _, err := appending.Exec(t.Context(), "SELECT FROM log.heads FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	redacted, edited := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := i.Execute(t.Context(), domain.RedactComment{
			Account: account, Ticket: cmd.Ticket, Comment: cmd.Comment, By: cmd.By, Hide: domain.Redaction{Text: "987-65-4320"}, Audit: 1,
		}, nil)
		redacted <- err
	}()
	await(t, watching, "the redaction to be appended", "wait_event_type = 'Lock'")
	var now time.Time
	if err := appending.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&now); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := i.Execute(t.Context(), domain.UpdateComment{
			Account: account, Ticket: cmd.Ticket, Comment: cmd.Comment, By: cmd.By, Text: text("it is 987-65-4320, please"), Audit: 2,
		}, nil)
		edited <- err
	}()
	await(t, watching, "the edit to have looked at the comment", "state = 'idle' AND query LIKE '-- What a command is decided on%' AND query_start > $1", now)

	if err := appending.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-redacted; err != nil {
		t.Errorf("redact = %v", err)
	}
	if err := <-edited; !errors.Is(err, domain.ErrRevision) {
		t.Errorf("edit = %v; want %v", err, domain.ErrRevision)
	}
}

// await waits until a session of the database is as the condition says.
func await(t testing.TB, conn *pgxpool.Conn, what, condition string, args ...any) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var there bool
		err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND "+condition+")", args...).Scan(&there)
		switch {
		case err != nil:
			t.Fatal(err)
		case there:
			return
		case time.Now().After(deadline):
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
