package directory

import (
	"reflect"
	"testing"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/internal/devstacktest"
)

// TestManyUsers: those asked for, each once and in order of their numbers, of one
// account, whichever way they are named.
func TestManyUsers(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	ours, theirs := newAccount(t, i, "ours"), newAccount(t, i, "theirs")
	ana := put(t, i, ours, domain.UserID{1}, Profile{Role: RoleAgent, Name: "Ana", Email: "ana@example.com", Active: true})
	ben := put(t, i, ours, domain.UserID{2}, Profile{Role: RoleCustomer, Active: true})
	other := put(t, i, theirs, domain.UserID{3}, Profile{Role: RoleAgent, Name: "Eve", Active: true})

	want := []User{ana, ben}
	got, err := i.UsersByNumber(t.Context(), ours, ben.Number, ana.Number, other.Number, ben.Number, 0, -1)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("UsersByNumber = %+v, %v; want %+v", got, err, want)
	}
	if got, err = i.UsersByID(t.Context(), ours, ben.ID, ana.ID, other.ID, ana.ID, domain.UserID{}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("UsersByID = %+v, %v; want %+v", got, err, want)
	}
	if u, err := i.UserByNumber(t.Context(), ours, ana.Number); err != nil || u != ana {
		t.Errorf("UserByNumber = %+v, %v; want %+v", u, err, ana)
	}
	if _, err := i.UserByNumber(t.Context(), ours, other.Number); err != ErrUserNotFound {
		t.Errorf("UserByNumber of another account's = %v; want ErrUserNotFound", err)
	}
}

// TestIdentity: who has an address, in whatever case, and nobody without one.
func TestIdentity(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	ours, theirs := newAccount(t, i, "ours"), newAccount(t, i, "theirs")
	put(t, i, ours, domain.UserID{1}, Profile{Role: RoleAgent, Email: "ana@example.com", Active: true})
	put(t, i, ours, domain.UserID{2}, Profile{Role: RoleCustomer, Email: "ben@example.com"})
	put(t, i, ours, domain.UserID{3}, Profile{Role: RoleSystem, Active: true})
	for email, want := range map[string]Identity{
		"ana@example.com": {domain.UserID{1}, RoleAgent, true}, "ANA@Example.COM": {domain.UserID{1}, RoleAgent, true},
		"ben@example.com": {domain.UserID{2}, RoleCustomer, false},
	} {
		if got, err := i.Identity(t.Context(), ours, email); err != nil || got != want {
			t.Errorf("Identity(%q) = %+v, %v; want %+v", email, got, err, want)
		}
		if got, err := i.Identity(t.Context(), theirs, email); err != ErrUserNotFound {
			t.Errorf("Identity(%q) in another account = %+v, %v", email, got, err)
		}
	}
	for _, email := range []string{"", "nobody@example.com", "\x00"} {
		if got, err := i.Identity(t.Context(), ours, email); err != ErrUserNotFound {
			t.Errorf("Identity(%q) = %+v, %v; want ErrUserNotFound", email, got, err)
		}
	}
}

// TestSwitches: only what says false forbids, and a change reaches what is stored.
func TestSwitches(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	id := newAccount(t, i, "ours")
	check := func(workspace, remove bool) {
		t.Helper()
		if a, err := i.Account(t.Context(), id); err != nil || a.Settings.HasAgentWorkspace() != workspace || a.Settings.AgentsMayDelete() != remove {
			t.Errorf("settings = %+v, %v; want %t, %t", a.Settings, err, workspace, remove)
		}
	}
	check(true, true)
	settings := Settings{UnknownTickets: RejectUnknownTickets, AgentWorkspace: new(bool)}
	if _, err := i.UpdateSettings(t.Context(), id, settings); err != nil {
		t.Fatal(err)
	}
	check(false, true)
	yes := true
	settings.AgentWorkspace, settings.AgentsCanDeleteTickets = &yes, new(bool)
	if _, err := i.UpdateSettings(t.Context(), id, settings); err != nil {
		t.Fatal(err)
	}
	check(true, false)
}
