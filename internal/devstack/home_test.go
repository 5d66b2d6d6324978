package devstack

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can become somebody else")
	}
}

func nobody(t *testing.T) *account {
	t.Helper()
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return &account{"nobody", uid, gid}
}

// An ordinary user starts a server as himself, and root afterwards as him too.
func TestPostgresOfOrdinaryUser(t *testing.T) {
	asRoot(t)
	as, dir := nobody(t), testFolder(t)
	if err := as.own(filepath.Dir(dir)); err != nil {
		t.Fatal(err)
	}
	cmd, stdin, pid, url := startElsewhere(t, dir, as)
	info, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid)))
	if err == nil && int(info.Sys().(*syscall.Stat_t).Uid) != as.uid {
		t.Errorf("the server runs as %d, want %d", info.Sys().(*syscall.Stat_t).Uid, as.uid)
	}
	if got := query(t, url, "SELECT current_user"); got != "commentd" {
		t.Errorf("role = %s, want commentd", got)
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	p := startPostgres(t, PostgresConfig{Dir: dir})
	if p.home.as == nil || p.home.as.uid != as.uid {
		t.Errorf("root runs the server as %+v, want %+v", p.home.as, as)
	}
	checkAlive(t, p)
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	startElsewhere(t, dir, as) // and root has left nothing that the user stumbles over
}

// A cluster that a run as root made is not the user's: he is told so.
func TestPostgresOfSomebodyElse(t *testing.T) {
	asRoot(t)
	as, dir := nobody(t), testFolder(t)
	p := startPostgres(t, PostgresConfig{Dir: dir})
	if p.home.as.uid == as.uid {
		t.Skip("there is no user postgres")
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	out, err := elsewhereCommand(t, dir, as).Output()
	if err == nil || !strings.Contains(string(out), "belongs to user "+p.home.as.name) {
		t.Errorf("start as %s: %v, %s; want it to say whose it is", as.name, err, out)
	}
}

// A folder that the server's user cannot enter gets a link to a place that he can.
func TestPostgresElsewhere(t *testing.T) {
	asRoot(t)
	outer := testFolder(t)
	if err := os.MkdirAll(outer, 0o700); err != nil { // like /root
		t.Fatal(err)
	}
	setElsewhere(t, filepath.Join(filepath.Dir(outer), "lib"))
	cfg := PostgresConfig{Dir: filepath.Join(outer, "project", ".commentd")}
	p := startPostgres(t, cfg)
	record(t, p)
	base := p.home.base
	if target, err := os.Readlink(filepath.Join(cfg.Dir, "postgres")); err != nil || filepath.Dir(target) != base || !strings.HasPrefix(base, elsewhere) {
		t.Errorf("the link leads to %s, %v; want a folder in %s", target, err, elsewhere)
	}
	var locked *LockedError
	if _, err := StartPostgres(t.Context(), cfg); !errors.As(err, &locked) {
		t.Errorf("second StartPostgres = %v; want a LockedError", err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	p = startPostgres(t, cfg)
	checkRecord(t, p)
	if p.home.base != base {
		t.Errorf("the second time it is in %s, want %s", p.home.base, base)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(base); err != nil { // the link leads nowhere now
		t.Fatal(err)
	}
	p = startPostgres(t, cfg)
	checkAlive(t, p)
	if err := p.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{base, cfg.Dir} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("after Remove there is %s", path)
		}
	}
}

func setElsewhere(t *testing.T, dir string) {
	t.Helper()
	before := elsewhere
	elsewhere = dir
	t.Cleanup(func() { elsewhere = before })
}

// With a umask that closes everything to others, what we make is open even so.
func TestPostgresUnderStrictUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	p := startPostgres(t, PostgresConfig{Dir: filepath.Join(testFolder(t), "a", "b")})
	if p.home.base != p.home.dir {
		t.Errorf("the cluster is in %s, want %s", p.home.base, p.home.dir)
	}
}

// A cluster that was moved to where the server's user cannot go is reported.
func TestPostgresMovedOutOfReach(t *testing.T) {
	asRoot(t)
	outer := testFolder(t)
	dir := filepath.Join(outer, "dev")
	p := startPostgres(t, PostgresConfig{Dir: dir})
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(outer, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := StartPostgres(t.Context(), PostgresConfig{Dir: dir})
	contains(t, err, p.home.as.name, "cannot enter", "chmod o+x")
}

// A copy made by root belongs to root, which Postgres would not have.
func TestPostgresCopiedByRoot(t *testing.T) {
	asRoot(t)
	cfg := PostgresConfig{Dir: testFolder(t)}
	p := startPostgres(t, cfg)
	record(t, p)
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	root := &account{"root", 0, 0}
	if err := root.ownTree(p.home.data()); err != nil {
		t.Fatal(err)
	}
	checkRecord(t, startPostgres(t, cfg))
}

func TestPostgresSetUpCutShort(t *testing.T) {
	cfg := PostgresConfig{Dir: testFolder(t)}
	// What a process that was killed has left.
	if err := os.MkdirAll(cfg.Dir, 0o711); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(cfg.Dir, unfinishedPrefix+"1", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, patience := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		p, err := StartPostgres(ctx, cfg)
		cancel()
		if err == nil { // a fast machine
			if err := p.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	p := startPostgres(t, cfg)
	checkAlive(t, p)
	if left, err := filepath.Glob(filepath.Join(cfg.Dir, unfinishedPrefix+"*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestPostgresLeavesOthersFilesAlone(t *testing.T) {
	dir := testFolder(t)
	precious := filepath.Join(dir, "postgres", "thesis.txt")
	if err := os.MkdirAll(filepath.Dir(precious), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(precious, []byte("words"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := StartPostgres(t.Context(), PostgresConfig{Dir: dir})
	contains(t, err, "not empty")
	if content, err := os.ReadFile(precious); err != nil || string(content) != "words" {
		t.Errorf("the file reads %q, %v", content, err)
	}
}

func TestPostgresEmptyDataFolder(t *testing.T) {
	dir := testFolder(t)
	if err := os.MkdirAll(filepath.Join(dir, "postgres"), 0o755); err != nil {
		t.Fatal(err)
	}
	checkAlive(t, startPostgres(t, PostgresConfig{Dir: dir}))
}
