package erasure_test

import (
	"bytes"
	"context"
	"log/slog"
	url_ "net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/migrations"
)

// Where nobody may read files, obligations are completed all the same, once, and the log
// tells what is missing.
func TestWithoutPrivileges(t *testing.T) {
	keyring, url := devstacktest.EmptyDatabase(t), devstacktest.EmptyDatabase(t)
	if err := migrations.Up(t.Context(), url); err != nil { // the keyring of which is not used
		t.Fatal(err)
	}
	admin, err := pgx.Connect(t.Context(), keyring)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close(context.Background()) })
	role := "keeper_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	exec := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(context.Background(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE ROLE " + role + " LOGIN PASSWORD 'x'")
	t.Cleanup(func() { exec("DROP OWNED BY " + role + " CASCADE"); exec("DROP ROLE " + role) })
	exec("GRANT ALL ON DATABASE " + admin.Config().Database + " TO " + role)
	exec("GRANT ALL ON SCHEMA public TO " + role)
	as, err := url_.Parse(keyring)
	if err != nil {
		t.Fatal(err)
	}
	as.User = url_.UserPassword(role, "x")
	if err := migrations.UpApart(t.Context(), url, as.String()); err != nil {
		t.Fatal(err)
	}
	w := newWorldOn(t, url, as.String())
	var log bytes.Buffer
	w.worker.LogTo(slog.New(slog.NewTextHandler(&log, nil)))
	ids := w.write(w.process, 5)
	w.erase(w.process, ids[0])
	for range 3 {
		if err := w.worker.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.count("SELECT count(*) FROM log.obligations WHERE completed_at IS NULL"); n > 0 {
		t.Errorf("%d obligations are open", n)
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 || !strings.Contains(log.String(), "GRANT EXECUTE") {
		t.Errorf("%d errors are logged; want one that says what to grant:\n%s", n, &log)
	}
	if got := valueOf(t, w.metrics.UnverifiedKeys); got != 1 {
		t.Errorf("%v keys are unverified; want 1", got)
	}
	exec((&vault.PrivilegeError{Role: role}).Remedy())
	w.erase(w.process, ids[1])
	if err := w.worker.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := valueOf(t, w.metrics.UnverifiedKeys); got != 0 {
		t.Errorf("%v keys are unverified with all privileges; want 0", got)
	}
	w.check()
}
