package devstack

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestMain lets the test binary be the process that starts a server and is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("DEVSTACK_TEST_START"); dir != "" {
		p, err := StartPostgres(context.Background(), PostgresConfig{Dir: dir})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(p.PID(), p.URL())
		_, _ = io.Copy(io.Discard, os.Stdin) // until the other end is closed
		if err := p.Stop(context.Background()); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	dir, err := os.MkdirTemp("", "devstack-pristine-")
	if err == nil {
		err = os.Chmod(dir, 0o711)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	pristine = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// pristine saves most tests a second of initdb.
var pristine string

// elsewhereCommand is a process that starts a Postgres, which as is the user of
// (nil: ours). Closing its stdin stops it in good order.
func elsewhereCommand(t *testing.T, dir string, as *account) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	if as != nil {
		cmd.Path = filepath.Join(filepath.Dir(dir), "devstack.test") // the one that go test made is closed to others
		copyFile(t, program, cmd.Path)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(as.gid)}}
	}
	cmd.Dir = filepath.Dir(dir)
	cmd.Env = append(os.Environ(), "DEVSTACK_TEST_START="+dir)
	return cmd
}

// startElsewhere starts a Postgres in another process.
func startElsewhere(t *testing.T, dir string, as *account) (cmd *exec.Cmd, stdin io.Closer, pid int, url string) {
	t.Helper()
	cmd = elsewhereCommand(t, dir, as)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // for a test that fails half-way
		cmd.Process.Kill()
		cmd.Wait()
		// The server writes until it has noticed, and the folder is about to be removed.
		if data, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil {
			_ = stopAll(context.Background(), data)
		}
	})
	if _, err := fmt.Fscanln(out, &pid, &url); err != nil {
		rest, _ := io.ReadAll(out)
		t.Fatalf("the other process did not start Postgres: %v; it goes on: %s", err, rest)
	}
	return cmd, in, pid, url
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// testFolder makes a folder that the server's user can enter when the tests run as
// root; what t.TempDir makes is closed to it.
func testFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "devstack-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "dev")
}

func startPostgres(t *testing.T, cfg PostgresConfig) *Postgres {
	t.Helper()
	if cfg.Pristine == "" {
		cfg.Pristine = pristine
	}
	p, err := StartPostgres(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// query returns the only value of the answer as text.
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

// record makes a table with one row, to be found again.
func record(t *testing.T, p *Postgres) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "CREATE TABLE kept AS SELECT 'it is here' AS what"); err != nil {
		t.Fatal(err)
	}
}

func checkRecord(t *testing.T, p *Postgres) {
	t.Helper()
	if got := query(t, p.URL(), "SELECT what FROM kept"); got != "it is here" {
		t.Errorf("the row reads %q", got)
	}
}

func contains(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", want)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}
