package devstacktest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/internal/devstacktest"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

func TestPostgresIsMigrated(t *testing.T) {
	conn := connect(t, devstacktest.Postgres(t))
	var exists bool
	if err := conn.QueryRow(t.Context(), "SELECT to_regclass('log.events') IS NOT NULL").Scan(&exists); err != nil || !exists {
		t.Errorf("log.events exists = %t, %v; want true", exists, err)
	}
}

func TestDatabasesAreApart(t *testing.T) {
	one, other := connect(t, devstacktest.EmptyDatabase(t)), connect(t, devstacktest.EmptyDatabase(t))
	if _, err := one.Exec(t.Context(), "CREATE TABLE mine ()"); err != nil {
		t.Fatal(err)
	}
	var exists bool
	if err := other.QueryRow(t.Context(), "SELECT to_regclass('mine') IS NOT NULL").Scan(&exists); err != nil || exists {
		t.Errorf("the other database has the table: %t, %v; want false", exists, err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}
