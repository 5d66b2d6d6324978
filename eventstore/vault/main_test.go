package vault

import (
	"context"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/internal/devstacktest"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

// testRootKey is a fixed root key, for what must never change.
const testRootKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

func rootKey(t testing.TB, text string) *LocalRootKey {
	t.Helper()
	root, err := ParseRootKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// statements records what a pool asks the database.
type statements struct {
	mu  sync.Mutex
	sql []string
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sql = append(s.sql, q.SQL)
	return ctx
}

func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// take returns what was asked since the last call.
func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.sql
	s.sql = nil
	return taken
}

// database is a fresh database that any number of instances may share.
type database struct {
	*pgxpool.Pool
	asked *statements
}

func newDatabase(t testing.TB) database {
	t.Helper()
	return openDatabase(t, devstacktest.Postgres(t))
}

func openDatabase(t testing.TB, url string) database {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	asked := &statements{}
	config.ConnConfig.Tracer = asked
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return database{pool, asked}
}

// instance is a vault as another process would have it: nothing in memory yet.
func (db database) instance(root RootKey) *Vault { return New(NewKeyring(db.Pool, root)) }

func (db database) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func query[T any](t testing.TB, db database, sql string, args ...any) (v T) {
	t.Helper()
	if err := db.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func somePlace(account domain.AccountID) Place {
	return OfComment(account, domain.TicketID(uuid.New()), domain.CommentID(uuid.New()), domain.ContentID(uuid.New()))
}

func mustSeal(t testing.TB, v *Vault, place Place, document string) Sealed {
	t.Helper()
	sealed, err := v.Seal(t.Context(), place, []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}
