package devstack

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func startPostgres(t *testing.T, dir string) *Postgres {
	t.Helper()
	began := time.Now()
	p, err := StartPostgres(t.Context(), PostgresConfig{Dir: dir, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %v", time.Since(began))
	t.Cleanup(func() {
		if err := p.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var got string
	if err := conn.QueryRow(t.Context(), sql).Scan(&got); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

func TestPostgresStartsAgain(t *testing.T) {
	dir := testFolder(t)
	for range 3 {
		p := startPostgres(t, dir)
		for _, url := range []string{p.URL(), p.LoopbackURL()} {
			if got := query(t, url, "SELECT current_database()"); got != "commentd" {
				t.Errorf("database = %s, want commentd", got)
			}
		}
		if err := p.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
