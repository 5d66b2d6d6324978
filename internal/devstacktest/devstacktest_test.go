package devstacktest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/commentd/commentd/internal/devstack"
)

func TestMain(m *testing.M) { Main(m) }

func TestPostgresIsMigrated(t *testing.T) {
	if !exists(t, connect(t, Postgres(t)), "log.events") {
		t.Error("there is no table log.events")
	}
	if exists(t, connect(t, EmptyDatabase(t)), "log.events") {
		t.Error("an empty database has the table log.events")
	}
}

func TestDatabasesAreApart(t *testing.T) {
	one, other := connect(t, Postgres(t)), connect(t, Postgres(t))
	if _, err := one.Exec(t.Context(), "CREATE TABLE mine ()"); err != nil {
		t.Fatal(err)
	}
	if exists(t, other, "mine") {
		t.Error("the other database has the table too")
	}
}

func TestDatabasesInParallel(t *testing.T) {
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			connect(t, Postgres(t))
		})
	}
}

// A test's database goes with it, even from under its sessions.
func TestDatabaseIsDropped(t *testing.T) {
	var url string
	outer := t
	t.Run("inner", func(t *testing.T) {
		url = Postgres(t)
		connect(outer, url) // closed later
	})
	if conn, err := pgx.Connect(t.Context(), url); err == nil || !strings.Contains(err.Error(), "3D000") {
		conn.Close(context.Background())
		t.Errorf("connect after the test = %v, want 3D000", err)
	}
}

func TestSharedServerLeavesOneGoroutine(t *testing.T) {
	EmptyDatabase(t)
	goleak.VerifyNone(t, goleak.IgnoreAnyFunction("github.com/commentd/commentd/internal/devstack.(*process).run"))
}

func TestPostgresServerMayBeKilled(t *testing.T) {
	p := PostgresServer(t, devstack.PostgresConfig{Settings: map[string]string{"max_connections": "10"}})
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	connect(t, p.URL())
}

func TestNATSIsFresh(t *testing.T) {
	for range 2 {
		nc, err := nats.Connect(NATS(t).URL())
		if err != nil {
			t.Fatal(err)
		}
		js, err := nc.JetStream()
		if err == nil {
			_, err = js.AddStream(&nats.StreamConfig{Name: "S", Subjects: []string{"s"}})
		}
		if err != nil {
			t.Fatal(err)
		}
		info, err := js.StreamInfo("S")
		if err != nil || info.State.Msgs != 0 {
			t.Errorf("stream = %+v, %v; want an empty one", info, err)
		}
		if _, err := js.Publish("s", nil); err != nil {
			t.Fatal(err)
		}
		nc.Close()
	}
}

// The server that the environment names is used, and left as it was.
func TestExistingServer(t *testing.T) {
	p := PostgresServer(t)
	t.Setenv(existingServer, p.URL())
	admin := connect(t, p.URL())
	long, recent := "commentd_test_1_2_3", fmt.Sprintf("commentd_test_%d_2_3", time.Now().Unix()/3600)
	for _, name := range []string{long, recent} {
		if _, err := admin.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
			t.Fatal(err)
		}
	}
	var s server
	name, err := s.create(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	if !exists(t, connect(t, s.url(name)), "log.events") {
		t.Error("there is no table log.events")
	}
	if err := errors.Join(s.drop(t.Context(), name), s.stop(t.Context())); err != nil {
		t.Fatal(err)
	}
	rows, err := admin.Query(t.Context(), `SELECT datname FROM pg_database WHERE datname LIKE 'commentd\_test%'`)
	if err != nil {
		t.Fatal(err)
	}
	left, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(left) != 1 || left[0] != recent {
		t.Errorf("test databases left: %v, %v; want %s", left, err, recent)
	}
}

func TestExistingServerNeedsURL(t *testing.T) {
	for _, bad := range []string{"host=/tmp dbname=x", "http://somewhere", "::"} {
		t.Setenv(existingServer, bad)
		var s server
		if _, err := s.create(t.Context(), false); err == nil || !strings.Contains(err.Error(), existingServer) {
			t.Errorf("with %q create = %v; want it to name %s", bad, err, existingServer)
		}
	}
}

// A test binary without TestMain, or one that is cut off, leaves no server behind.
func TestServerEndsWithTestBinary(t *testing.T) {
	if os.Getenv("DEVSTACKTEST_DIE") != "" {
		p := PostgresServer(t)
		fmt.Println("server", p.PID(), p.Dir())
		os.Exit(3) // neither clean-up nor TestMain
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerEndsWithTestBinary$")
	cmd.Env = append(os.Environ(), "DEVSTACKTEST_DIE=1")
	out, _ := cmd.Output()
	var pid int
	var dir string
	if _, err := fmt.Sscanf(string(out), "server %d %s", &pid, &dir); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	defer os.RemoveAll(dir) // the next run would, in an hour
	for deadline := time.Now().Add(20 * time.Second); runs(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("server %d is left", pid)
		}
	}
}

// runs reports whether the process is there and not merely uncollected.
func runs(pid int) bool {
	_, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil
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

func exists(t *testing.T, conn *pgx.Conn, table string) bool {
	t.Helper()
	var there bool
	if err := conn.QueryRow(t.Context(), "SELECT to_regclass($1) IS NOT NULL", table).Scan(&there); err != nil {
		t.Fatal(err)
	}
	return there
}
