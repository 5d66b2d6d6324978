package auth

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/internal/devstacktest"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// instance is one of several processes on one database.
type instance struct {
	*Store
	clock   clock
	queries queries
	network network
}

// queries counts what a pool asks Postgres.
type queries struct {
	mu sync.Mutex
	n  int
}

func (q *queries) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.n++
	return ctx
}

func (q *queries) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// take returns how many queries were made since the last call.
func (q *queries) take() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.n
	q.n = 0
	return n
}

// network is the way to Postgres, which a test can cut.
type network struct {
	mu    sync.Mutex
	down  bool
	conns []net.Conn
}

func (n *network) dial(ctx context.Context, proto, addr string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return nil, errors.New("the network is cut")
	}
	conn, err := new(net.Dialer).DialContext(ctx, proto, addr)
	if err == nil {
		n.conns = append(n.conns, conn)
	}
	return conn, err
}

func (n *network) set(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
	for _, conn := range n.conns {
		conn.Close()
	}
	n.conns = nil
}

func newInstance(t testing.TB, url string) *instance {
	t.Helper()
	i := &instance{clock: clock{t: time.Now()}}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Tracer = &i.queries
	config.ConnConfig.DialFunc = i.network.dial
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	i.Store = newStore(pool, i.clock.now)
	return i
}

// world is a database with two accounts, each with a user of every role.
type world struct {
	url       string
	directory *directory.Store
	ours      domain.AccountID
	theirs    domain.AccountID
}

// The users' ids are the same in both accounts, as clients may choose them.
var users = map[directory.Role]domain.UserID{
	directory.RoleAgent:    {15: 1},
	directory.RoleAdmin:    {15: 2},
	directory.RoleCustomer: {15: 3},
	directory.RoleSystem:   {15: 4},
}

var roleOf = map[domain.ActorKind]directory.Role{
	domain.ActorAgent: directory.RoleAgent, domain.ActorCustomer: directory.RoleCustomer,
	domain.ActorSystem: directory.RoleSystem, domain.ActorIntegration: directory.RoleSystem,
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{url: devstacktest.Postgres(t)}
	pool, err := pgxpool.New(t.Context(), w.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	root, err := vault.ParseRootKey(vault.GenerateRootKey())
	if err != nil {
		t.Fatal(err)
	}
	w.directory = directory.NewStore(pool, vault.New(vault.NewKeyring(pool, root)), eventstore.NewNumbers(pool))
	for slug, id := range map[string]*domain.AccountID{"ours": &w.ours, "theirs": &w.theirs} {
		account, err := w.directory.CreateAccount(t.Context(), slug, directory.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		*id = account.ID
		for role, user := range users {
			w.put(t, *id, user, directory.Profile{Role: role, Active: true})
		}
	}
	return w
}

func (w *world) put(t testing.TB, account domain.AccountID, user domain.UserID, p directory.Profile) {
	t.Helper()
	if _, _, err := w.directory.PutUser(t.Context(), account, user, p); err != nil {
		t.Fatal(err)
	}
}

// newKey describes a good key of the kind in our account.
func (w *world) newKey(kind domain.ActorKind) NewKey {
	return NewKey{Account: w.ours, UserID: users[roleOf[kind]], Kind: kind, Scopes: ScopesOf(CommentsRead), Label: "test"}
}

func create(t testing.TB, i *instance, n NewKey) (Key, string) {
	t.Helper()
	key, text, err := i.Create(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return key, text
}

// good checks that the key is good, or is not.
func good(t *testing.T, i *instance, key string, want bool) {
	t.Helper()
	p, err := i.Lookup(t.Context(), key)
	if want && err != nil {
		t.Errorf("Lookup = %v; want a principal", err)
	}
	if !want && (err != ErrUnauthorized || p != Principal{}) {
		t.Errorf("Lookup = %+v, %v; want ErrUnauthorized", p, err)
	}
}
