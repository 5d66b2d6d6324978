package devstacktest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/internal/devstack"
	"github.com/commentd/commentd/migrations"
)

// shared is the server of this test binary.
var shared server

// A server is a place to create databases in. It is started when first asked for.
type server struct {
	mu       sync.Mutex
	started  bool
	err      error              // of the start: the next test need not wait for it again
	own      *devstack.Postgres // nil if the environment names a server
	url      string             // of a database to give orders from
	template string             // a migrated database; empty until somebody wants one
	made     int                // databases so far
}

// prefix of the databases of this process: when it began, so that others can tell
// what was forgotten, and its number.
var prefix = fmt.Sprintf("commentd_test_%x_%d_", time.Now().Unix(), os.Getpid())

// start starts the server if nobody has. The caller holds mu.
func (s *server) start(ctx context.Context) error {
	if s.started {
		return s.err
	}
	s.started = true
	if s.url = os.Getenv("COMMENTD_TEST_POSTGRES_URL"); s.url != "" {
		return nil
	}
	var dir string
	if dir, s.err = newFolder(); s.err != nil {
		return s.err
	}
	if s.own, s.err = devstack.StartPostgres(ctx, devstack.PostgresConfig{Dir: dir}); s.err != nil {
		s.err = errors.Join(s.err, os.RemoveAll(dir))
		return s.err
	}
	s.url = s.own.URL()
	return nil
}

// create makes a database, migrated or empty, and returns its name.
func (s *server) create(ctx context.Context, migrated bool) (name string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.start(ctx); err != nil {
		return "", err
	}
	template := "template0"
	if migrated {
		if s.template == "" {
			if err := s.migrate(ctx); err != nil {
				return "", err
			}
		}
		template = s.template
	}
	return s.createFrom(ctx, template)
}

// migrate makes the template, once.
func (s *server) migrate(ctx context.Context) error {
	name, err := s.createFrom(ctx, "template0")
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, s.urlOf(name)); err != nil {
		return errors.Join(err, s.drop(ctx, name))
	}
	s.template = name
	return nil
}

func (s *server) createFrom(ctx context.Context, template string) (string, error) {
	s.made++
	name := fmt.Sprint(prefix, s.made)
	return name, s.order(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
}

func (s *server) drop(ctx context.Context, name string) error {
	return s.order(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}

// order gives one order. Nothing stays open in between, so no goroutine of ours is
// there for a test that counts them.
func (s *server) order(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
}

// urlOf returns the URL of a database on the server.
func (s *server) urlOf(database string) string {
	u, err := url.Parse(s.url)
	if err != nil {
		return s.url // pgx takes other forms too, and will say what is wrong with this one
	}
	u.Path = "/" + database
	return u.String()
}

// stop ends the server and deletes its data; on a server of somebody else it drops
// the template.
func (s *server) stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	own, template := s.own, s.template
	defer func() { s.started, s.err, s.own, s.template = false, nil, nil, "" }()
	switch {
	case own != nil:
		return own.Remove(ctx)
	case template != "":
		return s.drop(ctx, template)
	}
	return nil
}

const startTimeout = 2 * time.Minute

// database gives t a database of its own.
func database(t testing.TB, migrated bool) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Postgres")
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	name, err := shared.create(ctx, migrated)
	if err != nil {
		t.Fatalf("no database for this test: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		if err := shared.drop(ctx, name); err != nil {
			t.Errorf("drop the database of this test: %v", err)
		}
	})
	return shared.urlOf(name)
}
