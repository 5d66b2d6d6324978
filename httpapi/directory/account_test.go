package directory

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/commentd/commentd/internal/devstacktest"
)

// Slugs as they come in attacks: what NATS, LIKE, a path, or another alphabet
// would make of them.
var slugs = []struct {
	slug  string
	valid bool
}{
	{"a", true}, {"acme", true}, {"acme-2", true}, {"-", true}, {"0", true}, {strings.Repeat("a", 40), true},
	{"", false}, {strings.Repeat("a", 41), false}, {"*", false}, {">", false}, {"a.public", false}, {"a%", false},
	{"a_b", false}, {"A", false}, {"aB", false}, {"\u0430", false}, {"\u00e9", false}, {"a b", false}, {" a", false},
	{"a\n", false}, {"\na", false}, {"a\x00", false}, {"a/b", false}, {"..", false}, {"a\u200b", false}, {"\xff", false},
	{"\uff41", false}, {"\u0131", false}, {"\u017f", false}, {"\u212a", false},
}

func TestValidSlug(t *testing.T) {
	for _, tt := range slugs {
		if got := ValidSlug(tt.slug); got != tt.valid {
			t.Errorf("ValidSlug(%q) = %t; want %t", tt.slug, got, tt.valid)
		}
	}
}

func TestCreateAccountTakesValidSlugsOnly(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	for _, tt := range slugs {
		a, err := i.CreateAccount(t.Context(), tt.slug, Settings{})
		if tt.valid {
			if err != nil || a.Slug != tt.slug || a.ID == 0 || a.CreatedAt.IsZero() {
				t.Errorf("CreateAccount(%q) = %+v, %v", tt.slug, a, err)
			}
			continue
		}
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Field != "slug" {
			t.Errorf("CreateAccount(%q) = %v; want an InvalidError about slug", tt.slug, err)
		}
		if _, err := i.AccountBySlug(t.Context(), tt.slug); err != ErrAccountNotFound {
			t.Errorf("AccountBySlug(%q) = %v; want ErrAccountNotFound", tt.slug, err)
		}
		// The table refuses it as well, whoever writes it.
		if _, err := i.pool.Exec(t.Context(), "INSERT INTO directory.accounts (slug) VALUES ($1)", tt.slug); err == nil {
			t.Errorf("the table takes the slug %q", tt.slug)
		}
	}
	if _, err := i.CreateAccount(t.Context(), "acme", Settings{}); err != ErrSlugTaken {
		t.Errorf("CreateAccount of a slug in use = %v; want ErrSlugTaken", err)
	}
}

func TestAccountsAreFound(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	if accounts, err := i.Accounts(t.Context()); err != nil || len(accounts) != 0 {
		t.Errorf("Accounts = %+v, %v; want none", accounts, err)
	}
	b, err := i.CreateAccount(t.Context(), "b", Settings{UnknownTickets: OpenUnknownTickets})
	if err != nil {
		t.Fatal(err)
	}
	a, err := i.CreateAccount(t.Context(), "a", Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Settings.UnknownTickets != RejectUnknownTickets || b.Settings.UnknownTickets != OpenUnknownTickets {
		t.Errorf("settings %+v and %+v; want reject and open", a.Settings, b.Settings)
	}
	if accounts, err := i.Accounts(t.Context()); err != nil || len(accounts) != 2 || accounts[0] != a || accounts[1] != b {
		t.Errorf("Accounts = %+v, %v; want a and b", accounts, err)
	}
	if got, err := i.Account(t.Context(), b.ID); err != nil || got != b {
		t.Errorf("Account = %+v, %v; want %+v", got, err, b)
	}
	if got, err := i.AccountBySlug(t.Context(), "b"); err != nil || got != b {
		t.Errorf("AccountBySlug = %+v, %v; want %+v", got, err, b)
	}
	if _, err := i.Account(t.Context(), 9999); err != ErrAccountNotFound {
		t.Errorf("Account of no account = %v; want ErrAccountNotFound", err)
	}
	if _, err := i.AccountBySlug(t.Context(), "c"); err != ErrAccountNotFound {
		t.Errorf("AccountBySlug of no account = %v; want ErrAccountNotFound", err)
	}
}

func TestSettingsReachEveryInstanceWithinASecond(t *testing.T) {
	url := devstacktest.Postgres(t)
	a, b := newInstance(t, url), newInstance(t, url)
	id := newAccount(t, a, "ours")
	want := func(i *instance, want UnknownTickets) {
		t.Helper()
		if got, err := i.Settings(t.Context(), id); err != nil || got.UnknownTickets != want {
			t.Errorf("Settings = %+v, %v; want %s", got, err, want)
		}
	}
	want(a, RejectUnknownTickets)
	want(b, RejectUnknownTickets)
	if got, err := a.UpdateSettings(t.Context(), id, Settings{UnknownTickets: OpenUnknownTickets}); err != nil || got.Settings.UnknownTickets != OpenUnknownTickets {
		t.Fatalf("UpdateSettings = %+v, %v", got, err)
	}
	want(a, OpenUnknownTickets)
	b.clock.advance(time.Second - 1)
	want(b, OpenUnknownTickets)
	b.queries()
	want(b, OpenUnknownTickets)
	if n := b.queries(); n != 0 {
		t.Errorf("%d queries for settings just read; want none", n)
	}
}

func TestUpdateSettingsRefuses(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	id := newAccount(t, i, "ours")
	for _, wrong := range []UnknownTickets{"", "Open", "yes"} {
		var invalid *InvalidError
		if _, err := i.UpdateSettings(t.Context(), id, Settings{UnknownTickets: wrong}); !errors.As(err, &invalid) || invalid.Field != "unknown_tickets" {
			t.Errorf("UpdateSettings(%q) = %v; want an InvalidError", wrong, err)
		}
	}
	if _, err := i.UpdateSettings(t.Context(), 9999, Settings{UnknownTickets: OpenUnknownTickets}); err != ErrAccountNotFound {
		t.Errorf("UpdateSettings of no account = %v; want ErrAccountNotFound", err)
	}
	if _, err := i.Settings(t.Context(), 9999); err != ErrAccountNotFound {
		t.Errorf("Settings of no account = %v; want ErrAccountNotFound", err)
	}
}

// What a later release has stored is read safely, and survives a write of ours.
func TestSettingsOfALaterRelease(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	id := newAccount(t, i, "ours")
	if _, err := i.pool.Exec(t.Context(),
		`UPDATE directory.accounts SET settings = '{"unknown_tickets": "ask", "retention_days": 7}'`); err != nil {
		t.Fatal(err)
	}
	if got, err := i.Settings(t.Context(), id); err != nil || got.UnknownTickets != RejectUnknownTickets {
		t.Errorf("Settings = %+v, %v; want reject for what is unknown", got, err)
	}
	if _, err := i.UpdateSettings(t.Context(), id, Settings{UnknownTickets: OpenUnknownTickets}); err != nil {
		t.Fatal(err)
	}
	var days int
	if err := i.pool.QueryRow(t.Context(), `SELECT settings->'retention_days' FROM directory.accounts`).Scan(&days); err != nil || days != 7 {
		t.Errorf("retention_days = %d, %v; want 7 as before", days, err)
	}
}
