package directory

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
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
	clock clock
	mu    sync.Mutex
	asked int // queries
}

func (i *instance) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked++
	return ctx
}

func (i *instance) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// queries returns how many queries were made since the last call.
func (i *instance) queries() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := i.asked
	i.asked = 0
	return n
}

// rootKey is the same for all instances, as it is for all processes of a service.
const rootKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

func newInstance(t testing.TB, url string) *instance {
	t.Helper()
	i := &instance{clock: clock{t: time.Now()}}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Tracer = i
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	root, err := vault.ParseRootKey(rootKey)
	if err != nil {
		t.Fatal(err)
	}
	i.Store = newStore(pool, vault.New(vault.NewKeyring(pool, root)), eventstore.NewNumbers(pool), i.clock.now)
	return i
}

func newAccount(t testing.TB, i *instance, slug string) domain.AccountID {
	t.Helper()
	a, err := i.CreateAccount(t.Context(), slug, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func TestEveryStatementFitsTheSchema(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	conn, err := i.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for name, sql := range map[string]string{
		"insert_account": insertAccountSQL, "list_accounts": listAccountsSQL, "get_account": getAccountSQL,
		"get_account_by_slug": getAccountBySlugSQL, "update_settings": updateSettingsSQL, "put_user": putUserSQL,
		"ensure_user": ensureUserSQL, "get_role": getRoleSQL, "get_user": getUserSQL,
		"get_user_by_email": getUserByEmailSQL, "list_users": listUsersSQL[0], "list_users down": listUsersSQL[1], "count_users": countUsersSQL, "get_seal": getSealSQL,
		"get_identity": getIdentitySQL, "get_users_by_email": getUsersByEmailSQL, "get_users_by_id": getUsersByIDSQL, "get_users_by_number": getUsersByNumberSQL,
		"users_under": usersUnderSQL, "rewrap_users": rewrapUsersSQL, "newest_bucket": newestBucketSQL,
		"list_retention": listRetentionSQL, "erase_account": eraseAccountSQL, "list_people": listPeopleSQL,
		"erase_users": eraseUsersSQL, "open_obligations": openObligationsSQL,
		"owed_buckets": owedBucketsSQL, "retire_buckets": retireBucketsSQL, "fulfil": fulfilSQL,
	} {
		if _, err := conn.Conn().Prepare(t.Context(), name, sql); err != nil {
			t.Errorf("sql/%s.sql: %v", name, err)
		}
	}
}

func TestPostgresDown(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	account := newAccount(t, i, "ours")
	id := domain.UserID{1}
	i.pool.Close()
	for name, call := range map[string]func() error{
		"CreateAccount": func() error { _, err := i.CreateAccount(t.Context(), "more", Settings{}); return err },
		"Accounts":      func() error { _, err := i.Accounts(t.Context()); return err },
		"Account":       func() error { _, err := i.Account(t.Context(), account); return err },
		"AccountBySlug": func() error { _, err := i.AccountBySlug(t.Context(), "ours"); return err },
		"UpdateSettings": func() error {
			_, err := i.UpdateSettings(t.Context(), account, Settings{UnknownTickets: OpenUnknownTickets})
			return err
		},
		"Settings": func() error { _, err := i.Settings(t.Context(), account); return err },
		"PutUser": func() error {
			_, _, err := i.PutUser(t.Context(), account, id, Profile{Role: RoleAgent, Name: "Ana"})
			return err
		},
		"Role":        func() error { _, err := i.Role(t.Context(), account, id); return err },
		"EnsureUser":  func() error { _, err := i.EnsureUser(t.Context(), account, id, RoleAgent); return err },
		"User":        func() error { _, err := i.User(t.Context(), account, id); return err },
		"UserByEmail": func() error { _, err := i.UserByEmail(t.Context(), account, "ana@example.com"); return err },
		"Users":       func() error { _, err := i.Users(t.Context(), UserQuery{Account: account}); return err },

		"Identity":      func() error { _, err := i.Identity(t.Context(), account, "ana@example.com"); return err },
		"UserByNumber":  func() error { _, err := i.UserByNumber(t.Context(), account, 1); return err },
		"UsersByNumber": func() error { _, err := i.UsersByNumber(t.Context(), account, 1, 2); return err },
		"UsersByID":     func() error { _, err := i.UsersByID(t.Context(), account, id); return err },

		"Policies":        func() error { _, err := i.Policies(t.Context()); return err },
		"EraseAccount":    func() error { _, err := i.EraseAccount(t.Context(), account); return err },
		"People":          func() error { _, err := i.People(t.Context(), account, 0, 10); return err },
		"EraseUsers":      func() error { _, err := i.EraseUsers(t.Context(), account, id); return err },
		"Settle":          func() error { return i.Settle(t.Context()) },
		"OpenObligations": func() error { _, err := i.OpenObligations(t.Context(), account); return err },
	} {
		err := call()
		if !errors.Is(err, eventstore.ErrUnavailable) {
			t.Errorf("%s = %v; want ErrUnavailable", name, err)
		} else if strings.Contains(err.Error(), "Ana") || strings.Contains(err.Error(), "ana@") {
			t.Errorf("%s: the error repeats a name: %v", name, err)
		}
	}
}
