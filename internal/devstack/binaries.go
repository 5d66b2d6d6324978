package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// MinVersion is the oldest major version of Postgres that commentd runs on.
const MinVersion = 15

// ErrNoPostgres says that no server binaries are installed, and what to do.
var ErrNoPostgres = errors.New("no PostgreSQL server (version 15 or later) is installed: " +
	"install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17) " +
	"or set COMMENTD_POSTGRES_URL to a server that is already running")

// Binaries are the server programs of one installation of Postgres.
type Binaries struct {
	Dir     string // holds postgres and initdb
	Version int    // major version: 17
}

func (b Binaries) path(program string) string { return filepath.Join(b.Dir, program) }

// FindPostgres returns the server binaries to use: those on PATH, or else the
// newest that are installed where packages put them. The error is ErrNoPostgres
// if there are none of MinVersion or later.
func FindPostgres(ctx context.Context) (Binaries, error) {
	return findPostgres(ctx, searchPath(), 0)
}

// findPostgres is FindPostgres among the given directories, of which the first
// group is taken in its order and the second by version. A major version other
// than 0 is the only one that will do: a cluster is read by its own version.
func findPostgres(ctx context.Context, in places, major int) (Binaries, error) {
	fits := func(b Binaries) bool { return b.Version >= MinVersion && (major == 0 || b.Version == major) }
	for _, dir := range in.first {
		if b, err := inspect(ctx, dir); err == nil && fits(b) {
			return b, nil
		}
	}
	var best Binaries
	seen := map[string]bool{}
	for _, dir := range in.others(ctx) {
		if seen[dir] {
			continue
		}
		seen[dir] = true
		if b, err := inspect(ctx, dir); err == nil && fits(b) && b.Version > best.Version {
			best = b
		}
	}
	if best.Version == 0 {
		if err := ctx.Err(); err != nil {
			return Binaries{}, fmt.Errorf("look for PostgreSQL: %w", err)
		}
		return Binaries{}, ErrNoPostgres
	}
	return best, nil
}

// places are where binaries may be. The others are only asked for when none of
// the first serve, because that runs a program.
type places struct {
	first  []string
	others func(context.Context) []string
}

func searchPath() places {
	return places{first: filepath.SplitList(os.Getenv("PATH")), others: installed}
}

// installed lists the directories that packages use, and the one pg_config names.
func installed(ctx context.Context) []string {
	var dirs []string
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/pgsql-*/bin",          // Red Hat
		"/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
	} {
		found, err := filepath.Glob(pattern)
		if err == nil { // a pattern above would be malformed
			dirs = append(dirs, found...)
		}
	}
	return dirs
}

// inspect says what installation dir belongs to. A lone link to postgres, as
// some images put on PATH, counts for the directory it points into.
func inspect(ctx context.Context, dir string) (Binaries, error) {
	if dir == "" || !filepath.IsAbs(dir) {
		return Binaries{}, fmt.Errorf("%q is not an absolute directory", dir)
	}
	server, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil {
		return Binaries{}, err
	}
	b := Binaries{Dir: filepath.Dir(server)}
	for _, program := range []string{"postgres", "initdb"} {
		if _, err := exec.LookPath(b.path(program)); err != nil {
			return Binaries{}, err
		}
	}
	out, err := exec.CommandContext(ctx, server, "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("%s --version: %w", server, err)
	}
	b.Version, err = majorVersion(string(out))
	return b, err
}

// majorVersion reads "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)", and
// pre-releases such as "19beta1".
func majorVersion(banner string) (int, error) {
	fields := strings.Fields(banner)
	at := slices.Index(fields, "(PostgreSQL)")
	if at < 0 || at+1 == len(fields) {
		return 0, fmt.Errorf("not a version of PostgreSQL: %q", banner)
	}
	digits := fields[at+1]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	return strconv.Atoi(digits)
}
