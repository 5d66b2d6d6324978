package auth

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/internal/fresh"
)

func TestRevocationReachesEveryInstanceWithinASecond(t *testing.T) {
	w := newWorld(t)
	a, b := newInstance(t, w.url), newInstance(t, w.url)
	key, text := create(t, a, w.newKey(domain.ActorAgent))
	good(t, a, text, true)
	good(t, b, text, true)
	if err := a.Revoke(t.Context(), w.ours, key.ID); err != nil {
		t.Fatal(err)
	}
	good(t, a, text, false)
	b.clock.advance(time.Second - 1)
	good(t, b, text, false)
	if err := b.Revoke(t.Context(), w.ours, key.ID); err != nil {
		t.Errorf("a second Revoke = %v; want nil", err)
	}
}

// The same on the wall clock, under requests that never stop.
func TestRevocationReachesABusyInstance(t *testing.T) {
	w := newWorld(t)
	a := newInstance(t, w.url)
	b := NewStore(newInstance(t, w.url).pool)
	key, text := create(t, a, w.newKey(domain.ActorAgent))
	if _, err := b.Lookup(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if err := a.Revoke(t.Context(), w.ours, key.ID); err != nil {
		t.Fatal(err)
	}
	// Every lookup that begins a second after the revocation must fail; one that
	// begins earlier may.
	revoked := time.Now()
	for {
		begun := time.Now()
		_, err := b.Lookup(t.Context(), text)
		if err == ErrUnauthorized {
			return
		}
		if err != nil || begun.Sub(revoked) >= time.Second {
			t.Fatalf("Lookup %v after the revocation = %v; want ErrUnauthorized", begun.Sub(revoked), err)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestKeyEndsWithItsUser(t *testing.T) {
	w := newWorld(t)
	user := users[directory.RoleAgent]
	for name, p := range map[string]directory.Profile{
		"deactivated":        {Role: directory.RoleAgent, Active: false},
		"made a customer":    {Role: directory.RoleCustomer, Active: true},
		"made a system user": {Role: directory.RoleSystem, Active: true},
	} {
		t.Run(name, func(t *testing.T) {
			w.put(t, w.ours, user, directory.Profile{Role: directory.RoleAgent, Active: true})
			i := newInstance(t, w.url)
			_, text := create(t, i, w.newKey(domain.ActorAgent))
			good(t, i, text, true)
			w.put(t, w.ours, user, p)
			i.clock.advance(time.Second - 1)
			good(t, i, text, false)
			w.put(t, w.ours, user, directory.Profile{Role: directory.RoleAdmin, Active: true})
			i.clock.advance(time.Second - 1)
			good(t, i, text, true)
		})
	}
}

func TestKeyExpiresOnTheDot(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	n := w.newKey(domain.ActorAgent)
	expiry := i.clock.now().Add(100 * time.Millisecond).Truncate(time.Microsecond)
	n.ExpiresAt = &expiry
	_, text := create(t, i, n)
	i.clock.advance(expiry.Sub(i.clock.now()) - 1)
	good(t, i, text, true)
	i.clock.advance(1)
	i.queries.take()
	good(t, i, text, false)
	if n := i.queries.take(); n != 0 {
		t.Errorf("the refusal took %d queries; want the expiry to be known", n)
	}
}

func TestWhatIsNoKeyMakesNoQuery(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	_, text := create(t, i, w.newKey(domain.ActorAgent))
	mistyped := text[:20] + strings.ToLower(text[20:]) + "A"
	i.queries.take()
	for _, wrong := range []string{
		"", "secret", text[1:], text + "0", text[:43], mistyped[:44], strings.ToUpper(text), " " + text[1:],
		strings.Repeat("x", 44), "cmt_a_" + strings.Repeat("0", 38),
	} {
		good(t, i, wrong, false)
	}
	if n := i.queries.take(); n != 0 {
		t.Errorf("%d queries; want none", n)
	}
}

func TestCallersShareOneQuery(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	_, text := create(t, i, w.newKey(domain.ActorAgent))
	unknown := compose(t, domain.ActorAgent)
	for _, tt := range []struct {
		name, key string
		want      bool
	}{{"good", text, true}, {"unknown", unknown, false}} {
		t.Run(tt.name, func(t *testing.T) {
			i.queries.take()
			var callers sync.WaitGroup
			start := make(chan struct{})
			for range 50 {
				callers.Go(func() {
					<-start
					good(t, i, tt.key, tt.want)
				})
			}
			close(start)
			callers.Wait()
			if n := i.queries.take(); n != 1 {
				t.Errorf("50 callers made %d queries; want 1", n)
			}
		})
	}
}

func TestPostgresDown(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	_, used := create(t, i, w.newKey(domain.ActorAgent))
	_, unused := create(t, i, w.newKey(domain.ActorAgent))
	good(t, i, used, true)
	i.network.set(true)
	unavailable := func(key string) {
		t.Helper()
		p, err := i.Lookup(t.Context(), key)
		if !errors.Is(err, ErrUnavailable) || !errors.Is(err, eventstore.ErrUnavailable) ||
			errors.Is(err, ErrUnauthorized) || p != (Principal{}) {
			t.Errorf("Lookup = %+v, %v; want ErrUnavailable", p, err)
		}
		if err != nil && strings.Contains(err.Error(), key[randomStart:checkStart]) {
			t.Error("the error holds the key")
		}
	}
	unavailable(unused)
	i.clock.advance(fresh.MaxAge - 1)
	good(t, i, used, true)
	good(t, i, "cmt_", false) // is refused whatever Postgres would say
	i.clock.advance(1)
	unavailable(used)
	i.network.set(false)
	good(t, i, used, true)
	good(t, i, unused, true)
}

// A scope that a later release brings allows nothing here and breaks nothing.
func TestUnknownScopeAllowsNothing(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	_, text := create(t, i, w.newKey(domain.ActorAgent))
	for _, sql := range []string{
		"ALTER TABLE directory.keys DROP CONSTRAINT keys_scopes_check",
		"UPDATE directory.keys SET scopes = '{comments:read,comments:translate}'",
	} {
		if _, err := i.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := i.Lookup(t.Context(), text); err != nil || p.Scopes != ScopesOf(CommentsRead) {
		t.Errorf("Lookup = %v, %v; want comments:read", p.Scopes, err)
	}
}

func TestKeyInUseCostsNoAllocation(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	_, text := create(t, i, w.newKey(domain.ActorAgent))
	header := []string{"Bearer " + text}
	good(t, i, text, true)
	if n := testing.AllocsPerRun(1000, func() {
		c, err := ParseAuthorization(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := i.Lookup(t.Context(), c.Key); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per request; want none", n)
	}
}

func BenchmarkLookup(b *testing.B) {
	w := newWorld(b)
	i := newInstance(b, w.url)
	_, text := create(b, i, w.newKey(domain.ActorAgent))
	header := []string{"Bearer " + text}
	s := NewStore(i.pool)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c, err := ParseAuthorization(header)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.Lookup(b.Context(), c.Key); err != nil {
				b.Fatal(err)
			}
		}
	})
}
