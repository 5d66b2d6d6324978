package devstacktest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/internal/devstack"
	"github.com/commentd/commentd/migrations"
)

const existingServer = "COMMENTD_TEST_POSTGRES_URL"

// shared is the server of this test binary.
var shared server

// A server is a place to create databases in. It is started when first asked for.
type server struct {
	made atomic.Int64 // databases so far

	mu       sync.Mutex
	started  bool
	err      error              // of the start, which is not tried again
	own      *devstack.Postgres // nil if the environment names a server
	at       url.URL            // of a database to give orders from
	template string             // a migrated database; empty until somebody wants one
}

// start starts the server if nobody has. The caller holds mu.
func (s *server) start(ctx context.Context) error {
	if !s.started {
		s.started = true
		s.err = s.launch(ctx)
	}
	return s.err
}

func (s *server) launch(ctx context.Context) error {
	at := os.Getenv(existingServer)
	if at == "" {
		var err error
		// Parallel tests have a pool each.
		s.own, err = startServer(ctx, sharedServers, devstack.PostgresConfig{Settings: map[string]string{"max_connections": "300"}})
		if err != nil {
			return fmt.Errorf("%w (for tests: %s)", err, existingServer)
		}
		at = s.own.URL()
	}
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return fmt.Errorf("%s is not a URL such as postgres://user:password@host/database", existingServer)
	}
	s.at = *u
	if s.own == nil {
		return s.dropForgotten(ctx)
	}
	return nil
}

// create makes a database, migrated or empty, and returns its name.
func (s *server) create(ctx context.Context, migrated bool) (string, error) {
	template, err := s.ready(ctx, migrated)
	if err != nil {
		return "", err
	}
	return s.createFrom(ctx, template)
}

// ready starts the server and returns the template to copy.
func (s *server) ready(ctx context.Context, migrated bool) (template string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.start(ctx); err != nil {
		return "", err
	}
	if !migrated {
		return "template0", nil
	}
	if s.template == "" {
		if err := s.migrate(ctx); err != nil {
			return "", err
		}
	}
	return s.template, nil
}

// migrate makes the migrated template. The caller holds mu.
func (s *server) migrate(ctx context.Context) error {
	name, err := s.createFrom(ctx, "template0")
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, s.url(name)); err != nil {
		return errors.Join(err, s.drop(ctx, name))
	}
	s.template = name
	return nil
}

// prefix of the databases of this process: the hour it began in, for those who
// find them forgotten, and its number.
var prefix = fmt.Sprintf("commentd_test_%d_%d_", time.Now().Unix()/3600, os.Getpid())

func (s *server) createFrom(ctx context.Context, template string) (string, error) {
	name := fmt.Sprint(prefix, s.made.Add(1))
	err := s.order(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
	// The sessions of the migration are closed, but the server may not have noticed.
	for isBusy(err) && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
		err = s.order(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
	}
	return name, err
}

func (s *server) drop(ctx context.Context, name string) error {
	return s.order(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}

// order gives one order. Nothing stays open in between, so no goroutine of ours is
// there for a test that counts them.
func (s *server) order(ctx context.Context, sql string) error {
	return s.with(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	})
}

func (s *server) with(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.at.String())
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(context.WithoutCancel(ctx)))
}

// url returns the URL of a database on the server.
func (s *server) url(database string) string {
	u := s.at
	u.Path = "/" + database
	return u.String()
}

// stop ends the server and deletes its data; on a server of somebody else it drops
// the template.
func (s *server) stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	own, template := s.own, s.template
	s.started, s.err, s.own, s.template = false, nil, nil, ""
	switch {
	case own != nil:
		return own.Remove(ctx)
	case template != "":
		return s.drop(ctx, template)
	}
	return nil
}

// patience bounds whatever we do for a test on the server.
const patience = 2 * time.Minute

// database gives t a database of its own.
func database(t testing.TB, migrated bool) string {
	t.Helper()
	needsPostgres(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	name, err := shared.create(ctx, migrated)
	if err != nil {
		t.Fatalf("no database for this test: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := shared.drop(ctx, name); err != nil {
			t.Errorf("drop the database of this test: %v", err)
		}
	})
	return shared.url(name)
}
