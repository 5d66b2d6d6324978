package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/internal/devstacktest"
)

func TestEveryStatementFitsTheSchema(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), devstacktest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for name, sql := range map[string]string{
		"get": getSQL, "insert": insertSQL, "list": listSQL, "lookup": lookupSQL, "revoke": revokeSQL, "revoke_all": revokeAllSQL,
	} {
		if _, err := conn.Prepare(t.Context(), name, sql); err != nil {
			t.Errorf("sql/%s.sql: %v", name, err)
		}
	}
}

func TestCreatedKeyStandsForItsUser(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	for kind, role := range roleOf {
		for bit := range scopeNames {
			n := w.newKey(kind)
			n.Scopes = Scopes(1 << bit)
			if kind == domain.ActorCustomer && n.Scopes&customerScopes == 0 {
				continue
			}
			key, text := create(t, i, n)
			got, err := i.Lookup(t.Context(), text)
			want := Principal{
				Account: w.ours, AccountSlug: "ours", UserID: users[role], Kind: kind, Role: role,
				Scopes: n.Scopes, KeyID: key.ID,
			}
			if err != nil || got != want {
				t.Errorf("Lookup = %+v, %v; want %+v", got, err, want)
			}
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	past := i.clock.now()
	for _, tt := range []struct {
		name   string
		change func(*NewKey)
		field  string // of the InvalidError; empty: ErrNoUser
	}{
		{"an unknown kind", func(n *NewKey) { n.Kind = "bot" }, "kind"},
		{"no scope", func(n *NewKey) { n.Scopes = 0 }, "scopes"},
		{"a customer who redacts", func(n *NewKey) {
			n.Kind, n.UserID, n.Scopes = domain.ActorCustomer, users[directory.RoleCustomer], ScopesOf(CommentsRedact)
		}, "scopes"},
		{"a customer who audits", func(n *NewKey) {
			n.Kind, n.UserID = domain.ActorCustomer, users[directory.RoleCustomer]
			n.Scopes = ScopesOf(CommentsRead, AuditRead)
		}, "scopes"},
		{"a long label", func(n *NewKey) { n.Label = strings.Repeat("x", maxLabel+1) }, "label"},
		{"NUL in the label", func(n *NewKey) { n.Label = "a\x00b" }, "label"},
		{"a label that is no UTF-8", func(n *NewKey) { n.Label = "\xff" }, "label"},
		{"an expiry now", func(n *NewKey) { n.ExpiresAt = &past }, "expires"},
		{"a fixed key of no form", func(n *NewKey) { n.Fixed = "secret" }, "key"},
		{"a fixed key of another kind", func(n *NewKey) { n.Fixed = compose(t, domain.ActorSystem) }, "key"},
		{"an agent's key for a customer", func(n *NewKey) { n.UserID = users[directory.RoleCustomer] }, "user"},
		{"a system key for an agent", func(n *NewKey) { n.Kind = domain.ActorSystem }, "user"},
		{"an integration for a customer", func(n *NewKey) {
			n.Kind, n.UserID = domain.ActorIntegration, users[directory.RoleCustomer]
		}, "user"},
		{"an unknown user", func(n *NewKey) { n.UserID = domain.UserID{15: 99} }, ""},
		{"an unknown account", func(n *NewKey) { n.Account = 9999 }, ""},
	} {
		n := w.newKey(domain.ActorAgent)
		tt.change(&n)
		key, text, err := i.Create(t.Context(), n)
		if text != "" || key.ID != uuid.Nil {
			t.Errorf("%s: Create returned a key", tt.name)
		}
		var invalid *directory.InvalidError
		switch {
		case tt.field == "" && !errors.Is(err, ErrNoUser):
			t.Errorf("%s: Create = %v; want ErrNoUser", tt.name, err)
		case tt.field != "" && (!errors.As(err, &invalid) || invalid.Field != tt.field):
			t.Errorf("%s: Create = %v; want an InvalidError about %s", tt.name, err, tt.field)
		case strings.Contains(err.Error(), "cmt_") || strings.Contains(err.Error(), "secret"):
			t.Errorf("%s: the error holds a key: %v", tt.name, err)
		}
	}
	if keys, err := i.List(t.Context(), w.ours); err != nil || len(keys) != 0 {
		t.Errorf("after refusals there are %d keys (%v); want none", len(keys), err)
	}
}

func TestFixedKeyIsCreatedOnce(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	n := w.newKey(domain.ActorAgent)
	n.Fixed = compose(t, domain.ActorAgent)
	first, text := create(t, i, n)
	if text != n.Fixed {
		t.Error("Create gave another key than the fixed one")
	}
	again, _ := create(t, i, n)
	if again.ID != first.ID {
		t.Errorf("the second Create = %s; want %s as before", again.ID, first.ID)
	}
	if err := i.Revoke(t.Context(), w.ours, first.ID); err != nil {
		t.Fatal(err)
	}
	if again, _ := create(t, i, n); again.RevokedAt == nil {
		t.Error("a revoked key came back to life")
	}
	for name, change := range map[string]func(*NewKey){
		"account": func(n *NewKey) { n.Account = w.theirs },
		"user":    func(n *NewKey) { n.UserID = users[directory.RoleAdmin] },
		"scopes":  func(n *NewKey) { n.Scopes = ScopesOf(Admin) },
	} {
		n := n
		change(&n)
		if _, _, err := i.Create(t.Context(), n); !errors.Is(err, ErrKeyInUse) {
			t.Errorf("Create with another %s = %v; want ErrKeyInUse", name, err)
		}
	}
}

func TestListShowsAllButTheKey(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	tomorrow := i.clock.now().Add(24 * time.Hour).Truncate(time.Microsecond)
	n := w.newKey(domain.ActorCustomer)
	n.ExpiresAt, n.Label = &tomorrow, "portal"
	first, text := create(t, i, n)
	second, _ := create(t, i, w.newKey(domain.ActorAgent))
	if err := i.Revoke(t.Context(), w.ours, second.ID); err != nil {
		t.Fatal(err)
	}
	keys, err := i.List(t.Context(), w.ours)
	if err != nil || len(keys) != 2 || keys[0].ID != first.ID || keys[1].ID != second.ID {
		t.Fatalf("List = %+v, %v; want the two keys", keys, err)
	}
	k := keys[0]
	if k.Account != w.ours || k.AccountSlug != "ours" || k.UserID != n.UserID || k.Kind != n.Kind ||
		k.Scopes != n.Scopes || k.Label != "portal" || k.Hint != text[len(text)-4:] || k.CreatedAt.IsZero() ||
		!k.ExpiresAt.Equal(tomorrow) || k.RevokedAt != nil {
		t.Errorf("List = %+v; want what was created", k)
	}
	if keys[1].RevokedAt == nil {
		t.Error("List does not say that a key is revoked")
	}
	var stored string
	if err := i.pool.QueryRow(t.Context(), "SELECT string_agg(k::text, '') FROM directory.keys k").Scan(&stored); err != nil {
		t.Fatal(err)
	}
	for at := 0; at+8 <= len(text); at++ {
		if part := text[at : at+8]; strings.Contains(stored, part) {
			t.Fatalf("the table holds %q of a key", part)
		}
	}
}

func TestAccountsDoNotReachEachOthersKeys(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	key, text := create(t, i, w.newKey(domain.ActorAgent))
	if err := i.Revoke(t.Context(), w.theirs, key.ID); err != ErrNotFound {
		t.Errorf("Revoke of another account's key = %v; want ErrNotFound", err)
	}
	if err := i.Revoke(t.Context(), w.ours, uuid.New()); err != ErrNotFound {
		t.Errorf("Revoke of no key = %v; want ErrNotFound", err)
	}
	good(t, i, text, true)
	if keys, err := i.List(t.Context(), w.theirs); err != nil || len(keys) != 0 {
		t.Errorf("List of the other account = %+v, %v; want none", keys, err)
	}
}

// The database keeps the promise even against a statement typed by hand.
func TestDatabaseRefusesWhatNoKeyMayBe(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	create(t, i, w.newKey(domain.ActorCustomer))
	for _, set := range []string{
		"scopes = '{comments:read,audit:read}'", "scopes = '{everything}'", "kind = 'bot'", "hash = 'x'",
	} {
		if _, err := i.pool.Exec(t.Context(), "UPDATE directory.keys SET "+set); err == nil {
			t.Errorf("SET %s was accepted", set)
		}
	}
}
