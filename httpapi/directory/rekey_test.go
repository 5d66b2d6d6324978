package directory

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/erasure"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

// TestKeysOfPeopleAreDestroyed: people move to another key when theirs is retired, a
// writer who holds it takes another one, and a reader who has read the row before is not
// told that there is no name.
func TestKeysOfPeopleAreDestroyed(t *testing.T) {
	url := devstacktest.Postgres(t)
	i := newInstance(t, url)
	account := newAccount(t, i, "ours")
	ana, bob := domain.UserID{1}, domain.UserID{2}
	put := func(id domain.UserID, name string) User {
		t.Helper()
		u, _, err := i.PutUser(t.Context(), account, id, Profile{Role: RoleAgent, Name: name, Active: true})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	before := put(ana, "Ana")
	var old int64
	if err := i.pool.QueryRow(t.Context(), "SELECT bucket_id FROM directory.users").Scan(&old); err != nil {
		t.Fatal(err)
	}
	if err := erasure.Retire(t.Context(), i.pool, []int64{old}); err != nil {
		t.Fatal(err)
	}
	put(bob, "Bob") // by the process that fills the retired bucket

	gate := devstacktest.NewGate("FROM keyring.buckets")
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Tracer = gate
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	root, err := vault.ParseRootKey(rootKey)
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		user User
		err  error
	}
	done := make(chan result, 1)
	go func() {
		u, err := NewStore(pool, vault.New(vault.NewKeyring(pool, root)), nil).User(context.Background(), account, ana)
		done <- result{u, err}
	}()
	gate.Await(t)
	rekey(t, i, vault.NewKeyring(i.pool, root))
	gate.Open()
	if got := <-done; got.err != nil || got.user != before {
		t.Errorf("User = %+v, %v; want %+v", got.user, got.err, before)
	}
	fresh := newInstance(t, url)
	for id, want := range map[domain.UserID]string{ana: "Ana", bob: "Bob"} {
		if u, err := fresh.User(t.Context(), account, id); err != nil || u.Name != want {
			t.Errorf("User = %+v, %v; want %s", u, err, want)
		}
	}
	var left int
	if err := i.pool.QueryRow(t.Context(), "SELECT count(*) FROM directory.users WHERE bucket_id = $1", old).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d people are under the destroyed key, %v", left, err)
	}
}

// rekey has the retired keys destroyed.
func rekey(t *testing.T, i *instance, keyring *vault.Keyring) {
	t.Helper()
	m := metrics.New(prometheus.NewRegistry())
	log := eventstore.New(i.pool, vault.New(keyring), m, eventstore.Config{})
	worker := erasure.New(log, i.pool, keyring, []erasure.Shelf{erasure.Contents(0), Shelf()}, filestest.New(t, log, i.pool, vault.New(keyring)), m, erasure.Config{})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()
	owed := true
	for deadline := time.Now().Add(time.Minute); owed && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err := i.pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM log.retired_buckets WHERE destroyed_at IS NULL)").Scan(&owed); err != nil {
			t.Fatal(err)
		}
	}
	if stop(); owed {
		t.Error("the keys are not destroyed")
	}
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}
