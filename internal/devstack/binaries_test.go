package devstack

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

func TestMajorVersion(t *testing.T) {
	for banner, want := range map[string]int{
		"postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n": 15,
		"postgres (PostgreSQL) 17.5\n":                           17,
		"postgres (PostgreSQL) 19beta1":                          19,
		"postgres (PostgreSQL) 9.6.24":                           9,
		"postgres (PostgreSQL)":                                  0,
		"postgres (PostgreSQL) devel":                            0,
		"mysqld 8":                                               0,
		"":                                                       0,
	} {
		got, err := majorVersion(banner)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("majorVersion(%q) = %d, %v; want %d", banner, got, err, want)
		}
	}
}

// installation makes a folder with programs that only know their version.
func installation(t *testing.T, version string, programs ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFindPostgres(t *testing.T) {
	v14 := installation(t, "14.2", "postgres", "initdb")
	v15 := installation(t, "15.1", "postgres", "initdb")
	v16 := installation(t, "16.9", "postgres", "initdb")
	v17 := installation(t, "17.5", "postgres", "initdb")
	clientOnly := installation(t, "17.5", "psql", "initdb")
	noInitdb := installation(t, "17.5", "postgres")
	broken := installation(t, "what?", "postgres", "initdb")
	linked := t.TempDir()
	if err := os.Symlink(filepath.Join(v16, "postgres"), filepath.Join(linked, "postgres")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name          string
		first, others []string
		major         int
		want          string
	}{
		{"on PATH before a newer one elsewhere", []string{clientOnly, v15}, []string{v17}, 0, v15},
		{"first on PATH before a newer one", []string{v15, v17}, nil, 0, v15},
		{"newest elsewhere", nil, []string{v16, v17, v15}, 0, v17},
		{"too old on PATH", []string{v14}, []string{v15}, 0, v15},
		{"not whole on PATH", []string{"", ".", noInitdb, broken, clientOnly, "/no/such"}, []string{v15}, 0, v15},
		{"link on PATH", []string{linked}, nil, 0, v16},
		{"the version of the data", []string{v17}, []string{v16, v15}, 15, v15},
		{"not the version of the data", []string{v17}, []string{v16}, 15, ""},
		{"too old everywhere", []string{v14}, []string{v14}, 0, ""},
		{"the version of the data is too old", []string{v14}, nil, 14, ""},
		{"nothing", nil, nil, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := places{tt.first, func(context.Context) []string { return tt.others }}
			got, err := findPostgres(t.Context(), in, tt.major)
			if got.Dir != tt.want || errors.Is(err, ErrNoPostgres) != (tt.want == "") {
				t.Errorf("findPostgres = %+v, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// nowhere has findPostgres find nothing.
var nowhere = &places{others: func(context.Context) []string { return nil }}

func TestNoPostgresSaysWhatToDo(t *testing.T) {
	repository := httptest.NewServer(http.NotFoundHandler())
	defer repository.Close()
	_, err := StartPostgres(t.Context(), PostgresConfig{Dir: testFolder(t), CacheDir: testFolder(t), search: nowhere, repository: repository.URL})
	contains(t, err, "apt-get install postgresql", "brew install postgresql@17", "COMMENTD_POSTGRES_URL", "download")
	if !errors.Is(err, ErrNoPostgres) {
		t.Errorf("StartPostgres = %v; want ErrNoPostgres", err)
	}
}

func TestDataOfAnotherVersion(t *testing.T) {
	dir := testFolder(t)
	if err := os.MkdirAll(filepath.Join(dir, "postgres"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "postgres", "PG_VERSION"), []byte("14\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := StartPostgres(t.Context(), PostgresConfig{Dir: dir, search: nowhere})
	contains(t, err, "need PostgreSQL 14")
}

// archive serves a build whose programs only know their version, the way the
// repository does: an archive in an archive, and its sum.
func archive(t *testing.T, requests *atomic.Int32) *httptest.Server {
	t.Helper()
	txz, err := os.ReadFile("testdata/postgres.txz")
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	w := zip.NewWriter(&jar)
	f, err := w.Create("postgres.txz")
	if err == nil {
		_, err = f.Write(txz)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	repository := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			fmt.Fprintf(w, "%x", sha256.Sum256(jar.Bytes()))
			return
		}
		_, _ = w.Write(jar.Bytes())
	}))
	t.Cleanup(repository.Close)
	return repository
}

func TestDownloadOnce(t *testing.T) {
	var requests atomic.Int32
	var log bytes.Buffer
	cache := testFolder(t)
	p := &Postgres{cfg: PostgresConfig{CacheDir: cache, repository: archive(t, &requests).URL, Logger: slog.New(slog.NewTextHandler(&log, nil))}}
	for range 2 {
		b, err := p.download(t.Context(), 0)
		if err != nil || b.Version != 17 {
			t.Fatalf("download = %+v, %v; want version 17", b, err)
		}
		if left, err := filepath.Glob(filepath.Join(cache, "unpack-*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
	if requests.Load() != 2 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("%d requests, want the build and its sum; log, want one line:\n%s", requests.Load(), &log)
	}
}

func TestDownloadGivesUpWithContext(t *testing.T) {
	release := make(chan struct{})
	repository := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer repository.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &Postgres{cfg: PostgresConfig{CacheDir: testFolder(t), repository: repository.URL, Logger: slog.New(slog.DiscardHandler)}}
	if _, err := p.download(ctx, 0); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrNoPostgres) {
		t.Errorf("download = %v; want %v and %v", err, context.Canceled, ErrNoPostgres)
	}
}
