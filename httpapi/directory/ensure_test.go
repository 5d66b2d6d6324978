package directory

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/internal/devstacktest"
)

func TestEnsureUser(t *testing.T) {
	url := devstacktest.Postgres(t)
	a, b := newInstance(t, url), newInstance(t, url)
	account := newAccount(t, a, "ours")
	id := domain.UserID{1}
	ensure := func(i *instance, role, want Role) {
		t.Helper()
		if got, err := i.EnsureUser(t.Context(), account, id, role); err != nil || got != want {
			t.Errorf("EnsureUser as %s = %s, %v; want %s", role, got, err, want)
		}
	}
	ensure(a, RoleCustomer, RoleCustomer)
	u, err := a.User(t.Context(), account, id)
	if err != nil || u.Role != RoleCustomer || u.Name != "" || u.Email != "" || !u.Active || u.Number == 0 {
		t.Errorf("User = %+v, %v; want a nameless, active customer", u, err)
	}
	ensure(a, RoleAgent, RoleCustomer) // the caller refuses that
	ensure(b, RoleAgent, RoleCustomer)
	b.queries()
	ensure(b, RoleCustomer, RoleCustomer)
	if n := b.queries(); n != 0 {
		t.Errorf("%d queries for a user just met; want none", n)
	}

	// Introduced by name later, the user keeps its number; the role is the new one
	// on every instance within a second.
	named := put(t, a, account, id, ana)
	if named.Number != u.Number {
		t.Errorf("the number became %d; want %d as before", named.Number, u.Number)
	}
	ensure(a, RoleCustomer, RoleAgent)
	b.clock.advance(time.Second - 1)
	ensure(b, RoleCustomer, RoleAgent)

	var invalid *InvalidError
	if _, err := a.EnsureUser(t.Context(), account, domain.UserID{2}, "owner"); !errors.As(err, &invalid) || invalid.Field != "role" {
		t.Errorf("EnsureUser of an unknown role = %v; want an InvalidError", err)
	}
	if _, err := a.EnsureUser(t.Context(), 9999, id, RoleAgent); err != ErrAccountNotFound {
		t.Errorf("EnsureUser in no account = %v; want ErrAccountNotFound", err)
	}
}

// Instances that meet one user at once agree on who it is.
func TestOneUserFromManyWriters(t *testing.T) {
	url := devstacktest.Postgres(t)
	instances := []*instance{newInstance(t, url), newInstance(t, url)}
	account := newAccount(t, instances[0], "ours")
	id := domain.UserID{1}
	roles := []Role{RoleAgent, RoleCustomer, RoleSystem}
	var mu sync.Mutex
	seen, created, numbers := map[Role]int{}, 0, map[int64]int{}
	run := func(work func(n int, i *instance)) {
		var writers sync.WaitGroup
		start := make(chan struct{})
		for n := range 24 {
			writers.Go(func() {
				<-start
				work(n, instances[n%2])
			})
		}
		close(start)
		writers.Wait()
	}
	run(func(n int, i *instance) {
		role, err := i.EnsureUser(t.Context(), account, id, roles[n%3])
		if err != nil {
			t.Errorf("EnsureUser = %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		seen[role]++
	})
	if len(seen) != 1 {
		t.Errorf("writers were told %v; want one role", seen)
	}
	id = domain.UserID{2}
	run(func(n int, i *instance) {
		u, isNew, err := i.PutUser(t.Context(), account, id, Profile{Role: RoleAgent, Name: fmt.Sprint(n), Email: "ana@example.com"})
		if err != nil {
			t.Errorf("PutUser = %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		numbers[u.Number]++
		if isNew {
			created++
		}
	})
	if created != 1 || len(numbers) != 1 {
		t.Errorf("%d writers created the user, under %d numbers; want 1 and 1", created, len(numbers))
	}
	// A change is made to what the one before has left.
	run(func(_ int, i *instance) {
		if _, _, err := i.ChangeUser(t.Context(), account, id, func(old User, known bool) (Profile, error) {
			if !known {
				t.Error("the user was not known")
			}
			return Profile{Role: old.Role, Name: old.Name + "x", Email: old.Email}, nil
		}); err != nil {
			t.Errorf("ChangeUser = %v", err)
		}
	})
	if u, err := instances[0].User(t.Context(), account, id); err != nil || strings.Count(u.Name, "x") != 24 || u.Email != "ana@example.com" {
		t.Errorf("after 24 changes the name has %d marks, %v", strings.Count(u.Name, "x"), err)
	}
	// One address, many users: one gets it.
	winners, losers := 0, 0
	run(func(n int, i *instance) {
		_, _, err := i.PutUser(t.Context(), account, domain.UserID{3, byte(n)}, Profile{Role: RoleAgent, Email: "bo@example.com"})
		mu.Lock()
		defer mu.Unlock()
		switch err {
		case nil:
			winners++
		case ErrEmailTaken:
			losers++
		default:
			t.Errorf("PutUser = %v", err)
		}
	})
	if winners != 1 || losers != 23 {
		t.Errorf("%d users got the address and %d did not; want 1 and 23", winners, losers)
	}
}
