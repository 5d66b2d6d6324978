package auth

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// addressesOf gives every user of both accounts an address; those of theirs are other
// people's than those of ours.
func addressesOf(t *testing.T, w *world) {
	t.Helper()
	for role, id := range users {
		w.put(t, w.ours, id, directory.Profile{Role: role, Active: true, Email: string(role) + "@ours.example"})
		w.put(t, w.theirs, id, directory.Profile{Role: role, Active: true, Email: string(role) + "@theirs.example"})
	}
	w.put(t, w.ours, domain.UserID{15: 9}, directory.Profile{Role: directory.RoleAgent, Email: "gone@ours.example"})
}

// TestIdentify: the three forms of credentials, and whose address may stand beside
// whose key.
func TestIdentify(t *testing.T) {
	w := newWorld(t)
	addressesOf(t, w)
	i := newInstance(t, w.url)
	scopes := ScopesOf(CommentsRead, CommentsWrite, CommentsRedact, CommentsActAs, Admin)
	key := func(kind domain.ActorKind, s Scopes) string {
		n := w.newKey(kind)
		n.Scopes = s
		_, text := create(t, i, n)
		return text
	}
	agent, customer := key(domain.ActorAgent, scopes), key(domain.ActorCustomer, ScopesOf(CommentsRead))
	program, relay := key(domain.ActorIntegration, ScopesOf(CommentsRead)), key(domain.ActorIntegration, scopes)
	all := scopes
	for _, tt := range []struct {
		name, authorization string
		who                 directory.Role // whose user; "": refused
		kind                domain.ActorKind
		scopes              Scopes
	}{
		{"bearer", "Bearer " + agent, directory.RoleAgent, domain.ActorAgent, all},
		{"token", basic("agent@ours.example/token:" + agent), directory.RoleAgent, domain.ActorAgent, all},
		{"password", basic("agent@ours.example:" + agent), directory.RoleAgent, domain.ActorAgent, all},
		{"address in capitals", basic("AGENT@Ours.Example/token:" + agent), directory.RoleAgent, domain.ActorAgent, all},
		{"customer", basic("customer@ours.example:" + customer), directory.RoleCustomer, domain.ActorCustomer, ScopesOf(CommentsRead)},
		{"program as itself", basic("system@ours.example:" + program), directory.RoleSystem, domain.ActorIntegration, ScopesOf(CommentsRead)},
		{"relay as itself", "Bearer " + relay, directory.RoleSystem, domain.ActorIntegration, all},
		{"relay as an agent", basic("agent@ours.example/token:" + relay), directory.RoleAgent, domain.ActorAgent, all &^ Scopes(Admin)},
		{"relay as an administrator", basic("admin@ours.example/token:" + relay), directory.RoleAdmin, domain.ActorAgent, all},
		{"relay as a customer", basic("customer@ours.example/token:" + relay), directory.RoleCustomer, domain.ActorCustomer, ScopesOf(CommentsRead, CommentsWrite)},

		{"another's address", basic("admin@ours.example/token:" + agent), "", "", 0},
		{"a customer as an agent", basic("agent@ours.example:" + customer), "", "", 0},
		{"a program that may not", basic("agent@ours.example/token:" + program), "", "", 0},
		{"nobody's address", basic("nobody@ours.example/token:" + relay), "", "", 0},
		{"the address of another account", basic("agent@theirs.example/token:" + relay), "", "", 0},
		{"the address of another account, with one's own key", basic("agent@theirs.example/token:" + agent), "", "", 0},
		{"somebody who has gone", basic("gone@ours.example/token:" + relay), "", "", 0},
		{"no key", basic("agent@ours.example:secret"), "", "", 0},
		{"nothing", "", "", "", 0},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		if tt.authorization != "" {
			r.Header.Set("Authorization", tt.authorization)
		}
		p, err := i.Identify(r, w.directory)
		if tt.who == "" {
			if err != ErrUnauthorized || p != nil {
				t.Errorf("%s: Identify = %+v, %v; want ErrUnauthorized", tt.name, p, err)
			}
			continue
		}
		if err != nil || p.UserID != users[tt.who] || p.Role != tt.who || p.Kind != tt.kind || p.Scopes != tt.scopes || p.Account != w.ours {
			t.Errorf("%s: Identify = %+v, %v; want the %s with %s", tt.name, p, err, tt.who, tt.scopes)
		}
	}
}

// TestOnBehalfOf: for administrators, of anybody active in their account.
func TestOnBehalfOf(t *testing.T) {
	w := newWorld(t)
	addressesOf(t, w)
	admin := &Principal{Account: w.ours, UserID: users[directory.RoleAdmin], Kind: domain.ActorAgent, Role: directory.RoleAdmin, Scopes: ScopesOf(CommentsRead, Admin)}
	p, err := admin.OnBehalfOf(t.Context(), w.directory, "customer@ours.example")
	if err != nil || p.UserID != users[directory.RoleCustomer] || p.Kind != domain.ActorCustomer || p.MaySeeInternal() || p.Scopes != ScopesOf(CommentsRead) {
		t.Errorf("on behalf of the customer = %+v, %v", p, err)
	}
	if p, err = admin.OnBehalfOf(t.Context(), w.directory, "agent@ours.example"); err != nil || p.Has(Admin) || !p.MaySeeInternal() {
		t.Errorf("on behalf of the agent = %+v, %v; want one who is no administrator", p, err)
	}
	for _, email := range []string{"", "nobody@ours.example", "agent@theirs.example", "gone@ours.example"} {
		if p, err := admin.OnBehalfOf(t.Context(), w.directory, email); !errors.Is(err, ErrNoUser) || p != nil {
			t.Errorf("on behalf of %q = %+v, %v; want ErrNoUser", email, p, err)
		}
	}
	for name, p := range map[string]Principal{
		"an agent":                       {Account: w.ours, Kind: domain.ActorAgent, Role: directory.RoleAgent, Scopes: ScopesOf(CommentsRead, Admin)},
		"an administrator without scope": {Account: w.ours, Kind: domain.ActorAgent, Role: directory.RoleAdmin, Scopes: ScopesOf(CommentsRead, CommentsActAs)},
		"a customer":                     {Account: w.ours, Kind: domain.ActorCustomer, Role: directory.RoleCustomer, Scopes: ScopesOf(CommentsRead)},
		"nobody":                         {},
	} {
		var forbidden *ForbiddenError
		if got, err := p.OnBehalfOf(t.Context(), w.directory, "customer@ours.example"); !errors.As(err, &forbidden) || got != nil {
			t.Errorf("%s on behalf of the customer = %+v, %v; want a ForbiddenError", name, got, err)
		}
	}
}

// TestIdentityEndsWithItsUser: who is made inactive, or gives up an address, is nobody
// to those who act for them, within a second.
func TestIdentityEndsWithItsUser(t *testing.T) {
	w := newWorld(t)
	addressesOf(t, w)
	i := newInstance(t, w.url)
	n := w.newKey(domain.ActorIntegration)
	n.Scopes = ScopesOf(CommentsRead, CommentsActAs)
	_, relay := create(t, i, n)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", basic("customer@ours.example/token:"+relay))
	if _, err := i.Identify(r, w.directory); err != nil {
		t.Fatal(err)
	}
	w.put(t, w.ours, users[directory.RoleCustomer], directory.Profile{Role: directory.RoleCustomer, Email: "customer@ours.example"})
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := i.Identify(r, w.directory)
		if err == ErrUnauthorized {
			return
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("Identify as an inactive user = %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
