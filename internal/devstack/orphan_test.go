package devstack

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// The process that started the server is killed and another starts it at once,
// whether the server is still there, about to end, or gone.
func TestPostgresParentKilled(t *testing.T) {
	dir := testFolder(t)
	var pids []int
	for range 2 {
		cmd, _, pid, _ := startElsewhere(t, dir, nil)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		pids = append(pids, pid)
	}
	p := startPostgres(t, PostgresConfig{Dir: dir})
	checkAlive(t, p)
	// Asking the kernel for the numbers would not do: in a container without an init
	// nobody collects the dead.
	for _, pid := range pids {
		if slices.Contains(serversOn(p.home.data()), pid) {
			t.Errorf("server %d of a process that was killed is left", pid)
		}
	}
}

// On Linux the server ends by itself when its parent is killed.
func TestPostgresEndsWithParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the kernel does not offer it")
	}
	dir := testFolder(t)
	cmd, _, _, _ := startElsewhere(t, dir, nil)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	data, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if !gone(t.Context(), data, 20*time.Second) {
		t.Errorf("processes %v are left", serversOn(data))
	}
}

// orphan makes a server run on p's data that is no child of devstack's, and
// returns the channel that is closed at its end.
func orphan(t *testing.T, p *Postgres) <-chan struct{} {
	t.Helper()
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.home.as.mkdir(p.home.sockets()); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	cmd := exec.Command(p.bin.path("postgres"), "-D", p.home.data())
	p.home.prepare(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	for {
		if pm, err := readPostmasterPID(p.home.data()); err == nil && pm.ready {
			return ended
		}
		if !sleep(t.Context(), pollEvery) {
			t.Fatal("the orphan is not ready")
		}
	}
}

func TestPostgresStopsOrphan(t *testing.T) {
	cfg := PostgresConfig{Dir: testFolder(t), Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
	p := startPostgres(t, cfg)
	record(t, p)
	ended := orphan(t, p)
	p = startPostgres(t, cfg)
	<-ended
	checkRecord(t, p)
}

// The number in a stale lock file may have gone to somebody else, who must live.
func TestPostgresStaleLockFile(t *testing.T) {
	cfg := PostgresConfig{Dir: testFolder(t)}
	p := startPostgres(t, cfg)
	record(t, p)
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	stranger := exec.Command("sleep", "1000")
	stranger.SysProcAttr = p.home.as.attr() // of the server's own user, whom Postgres would believe
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer stranger.Wait()
	defer stranger.Process.Kill()
	lockFile := filepath.Join(p.home.data(), "postmaster.pid")
	for _, content := range []string{
		fmt.Sprintf("%d\n%s\n1\n%d\n%s\n\n\nready\n", stranger.Process.Pid, p.home.data(), p.Port(), p.home.sockets()),
		"", "no number\n",
	} {
		if err := replaceFile(lockFile, content, p.home.as); err != nil {
			t.Fatal(err)
		}
		p := startPostgres(t, cfg)
		checkRecord(t, p)
		if err := p.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stranger did not survive: %v", err)
	}
}

func TestRemoveAbandoned(t *testing.T) {
	parent := testFolder(t)
	live := startPostgres(t, PostgresConfig{Dir: filepath.Join(parent, "live")})
	dead := startPostgres(t, PostgresConfig{Dir: filepath.Join(parent, "dead")})
	ended := orphan(t, dead)
	young := startPostgres(t, PostgresConfig{Dir: filepath.Join(parent, "young")})
	if err := young.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Postgres{live, dead} {
		old := time.Now().Add(-2 * time.Hour)
		if err := os.Chtimes(p.home.dir, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := RemoveAbandoned(t.Context(), parent, time.Hour); err != nil {
		t.Fatal(err)
	}
	<-ended
	checkAlive(t, live)
	left, err := filepath.Glob(filepath.Join(parent, "*"))
	if err != nil || len(left) != 2 || left[0] != live.home.dir || left[1] != young.home.dir {
		t.Errorf("folders left: %v, %v; want live and young", left, err)
	}
}
