package devstacktest

import (
	"context"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/commentd/commentd/internal/devstack"
)

// Postgres returns the URL of a new database with the current schema. It is
// dropped at the end of the test, with whatever is still connected to it.
func Postgres(t testing.TB) string {
	t.Helper()
	return database(t, true)
}

// EmptyDatabase is Postgres without the schema.
func EmptyDatabase(t testing.TB) string {
	t.Helper()
	return database(t, false)
}

// PostgresServer starts a server for t alone, which may be killed and restarted.
// Its database commentd is empty. Of cfg, which may be left out, Dir and
// Pristine are chosen here. The server and its data are gone at the end of the test.
func PostgresServer(t testing.TB, cfg ...devstack.PostgresConfig) *devstack.Postgres {
	t.Helper()
	needsPostgres(t)
	var c devstack.PostgresConfig
	if len(cfg) > 0 {
		c = cfg[0]
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p, err := startServer(ctx, testServers, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := p.Remove(ctx); err != nil {
			t.Error(err)
		}
	})
	return p
}

// NATS starts a server with JetStream for t alone, which may be restarted. It and
// its data are gone at the end of the test.
func NATS(t testing.TB) *devstack.NATS {
	t.Helper()
	n, err := devstack.StartNATS(context.Background(), devstack.NATSConfig{StoreDir: filepath.Join(t.TempDir(), "nats")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Stop)
	return n
}

// Main runs the tests of a package, ends the shared server and exits. It is for
// TestMain; a package without one has its server ended by the kernel.
func Main(m *testing.M) {
	code := m.Run()
	if err := Stop(); err != nil {
		log.Printf("stop the shared Postgres: %v", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Stop ends the shared server, if a test has started it, and deletes its data.
func Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return shared.stop(ctx)
}
