package devstack

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestPostgresStartsAgain(t *testing.T) {
	cfg := PostgresConfig{Dir: testFolder(t)}
	for i := range 3 {
		began := time.Now()
		p, err := StartPostgres(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Stop(context.Background()) // for a test that fails half-way
		t.Logf("start %d took %v", i+1, time.Since(began))
		if i == 0 {
			record(t, p)
		}
		checkRecord(t, p)
		if got := query(t, p.LoopbackURL(), "SELECT current_database() || inet_server_port()"); !strings.HasPrefix(got, "commentd") {
			t.Errorf("over TCP the database is %s, want commentd", got)
		}
		if err := p.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if pids := serversOn(p.home.data()); len(pids) > 0 {
			t.Errorf("after Stop processes %v are left", pids)
		}
	}
}

func TestPostgresRestartKeepsItsPlace(t *testing.T) {
	for name, end := range map[string]func(*Postgres) error{
		"running": func(*Postgres) error { return nil },
		"stopped": func(p *Postgres) error { return p.Stop(context.Background()) },
		"killed":  (*Postgres).Kill,
	} {
		t.Run(name, func(t *testing.T) {
			p := startPostgres(t, PostgresConfig{Dir: testFolder(t)})
			record(t, p)
			before, pid := p.URL()+" "+p.LoopbackURL(), p.PID()
			if err := end(p); err != nil {
				t.Fatal(err)
			}
			if err := p.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			if after := p.URL() + " " + p.LoopbackURL(); after != before {
				t.Errorf("after Restart it is at %s, want %s", after, before)
			}
			if p.PID() == pid {
				t.Error("after Restart it is the same process")
			}
			checkRecord(t, p)
		})
	}
}

func TestPostgresDone(t *testing.T) {
	p := startPostgres(t, PostgresConfig{Dir: testFolder(t)})
	first := p.Done()
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	<-first // a server that was not asked to end: the test would hang
	if err := p.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := p.Done()
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-second:
		t.Error("Done is closed after Stop")
	default:
	}
}

func TestPostgresStopWithoutTime(t *testing.T) {
	p := startPostgres(t, PostgresConfig{Dir: testFolder(t)})
	record(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// A shutdown may be quicker than we look, and then there is nothing to complain of.
	if err := p.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Stop = %v, want %v", err, context.Canceled)
	}
	if p.process().running() {
		t.Error("after Stop it runs")
	}
	if err := p.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkRecord(t, p)
}

func TestPostgresRefusesSecondOnFolder(t *testing.T) {
	dir := testFolder(t)
	p := startPostgres(t, PostgresConfig{Dir: dir})
	var locked *LockedError
	if _, err := StartPostgres(t.Context(), PostgresConfig{Dir: dir}); !errors.As(err, &locked) {
		t.Errorf("second StartPostgres = %v; want a LockedError", err)
	}
	checkAlive(t, p)
	startPostgres(t, PostgresConfig{Dir: testFolder(t)}) // another folder is no trouble
}

func checkAlive(t *testing.T, p *Postgres) {
	t.Helper()
	if got := query(t, p.URL(), "SELECT 'yes'"); got != "yes" {
		t.Errorf("alive? %s", got)
	}
}

func TestPostgresTakenPort(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := testFolder(t)
	_, err = StartPostgres(t.Context(), PostgresConfig{Dir: dir, Port: l.Addr().(*net.TCPAddr).Port})
	contains(t, err, "could not bind", "Address already in use")
	startPostgres(t, PostgresConfig{Dir: dir}) // nothing is left in the way
}

// What a server that runs looks like.
func TestPostgresSetUp(t *testing.T) {
	p := startPostgres(t, PostgresConfig{Dir: testFolder(t), Settings: map[string]string{
		"max_connections": "20", "work_mem": "5MB", "application_name": `it's a \`,
	}})
	t.Run("settings", func(t *testing.T) {
		for name, want := range map[string]string{
			"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_checksums": "on",
			"server_encoding": "UTF8", "TimeZone": "UTC", "password_encryption": "scram-sha-256",
			"log_statement": "none", "log_min_error_statement": "panic", "log_parameter_max_length_on_error": "0",
			"listen_addresses": "127.0.0.1", "shared_buffers": "128MB",
			"max_connections": "20", "work_mem": "5MB", "application_name": `it's a \`,
		} {
			if got := query(t, p.URL(), "SELECT current_setting('"+name+"')"); got != want {
				t.Errorf("%s = %s, want %s", name, got, want)
			}
		}
		if got := query(t, p.URL(), "SELECT datcollate || datctype FROM pg_database WHERE datname = 'commentd'"); got != "CC" {
			t.Errorf("locale = %s, want C and C", got)
		}
	})
	t.Run("nobody without the password", func(t *testing.T) {
		for _, good := range []string{p.URL(), p.LoopbackURL()} {
			u, err := url.Parse(good)
			if err != nil {
				t.Fatal(err)
			}
			u.User = url.UserPassword("commentd", "wrong")
			if _, err := pgx.Connect(t.Context(), u.String()); err == nil || !strings.Contains(err.Error(), "28P01") {
				t.Errorf("connect with a wrong password = %v, want 28P01", err)
			}
		}
	})
	t.Run("file modes", func(t *testing.T) {
		for path, want := range map[string]fs.FileMode{p.home.password(): 0o600, p.home.data(): 0o700, p.home.sockets(): 0o700, p.home.log(): 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v; want mode %o", path, info.Mode(), err, want)
			}
		}
	})
	t.Run("no words in the log", func(t *testing.T) { logsNoWords(t, p) })
}

// logsNoWords lets statements fail: neither their text nor their values are logged.
func logsNoWords(t *testing.T, p *Postgres) {
	conn, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, sql := range []string{
		"CREATE TABLE words (word text PRIMARY KEY)",
		"INSERT INTO words VALUES ('canary'), ('canary')",
		"SELECT 'canary' FROM no_such_table",
	} {
		_, _ = conn.Exec(t.Context(), sql) // all but the first fail
	}
	_, _ = conn.Exec(t.Context(), "INSERT INTO words SELECT $1 FROM generate_series(1, 2)", "canary")
	log, err := os.ReadFile(p.home.log())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(log), "canary") || !strings.Contains(string(log), "duplicate key") {
		t.Errorf("the log should tell of the errors and not of the words:\n%s", log)
	}
}

func TestPostgresPasswordLost(t *testing.T) {
	cfg := PostgresConfig{Dir: testFolder(t)}
	p := startPostgres(t, cfg)
	record(t, p)
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(p.home.password()); err != nil {
		t.Fatal(err)
	}
	p = startPostgres(t, cfg)
	checkRecord(t, p)
}

func TestPostgresLongPath(t *testing.T) {
	p := startPostgres(t, PostgresConfig{Dir: filepath.Join(testFolder(t), strings.Repeat("long", 30))})
	sockets := p.sockets
	checkAlive(t, p)
	if err := p.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkAlive(t, p)
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(sockets); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Stop %s is still there: %v", sockets, err)
	}
}

func TestPostgresRemove(t *testing.T) {
	p := startPostgres(t, PostgresConfig{Dir: testFolder(t)})
	if err := p.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p.home.dir); !errors.Is(err, fs.ErrNotExist) {
		left, _ := filepath.Glob(p.home.dir + "/*")
		t.Errorf("after Remove there is %v", left)
	}
}
