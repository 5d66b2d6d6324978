package auth

import (
	"testing"

	"github.com/commentd/commentd/domain"
)

// TestRevokeUser ends the keys of one user, here at once.
func TestRevokeUser(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	_, first := create(t, i, w.newKey(domain.ActorAgent))
	_, second := create(t, i, w.newKey(domain.ActorAgent))
	_, others := create(t, i, w.newKey(domain.ActorCustomer))
	namesake := w.newKey(domain.ActorAgent)
	namesake.Account = w.theirs
	_, theirs := create(t, i, namesake)
	for _, key := range []string{first, second, others, theirs} {
		good(t, i, key, true)
	}
	user := w.newKey(domain.ActorAgent).UserID
	for _, want := range []int{2, 0} {
		if n, err := i.RevokeUser(t.Context(), w.ours, user); err != nil || n != want {
			t.Errorf("RevokeUser = %d, %v; want %d", n, err, want)
		}
	}
	good(t, i, first, false)
	good(t, i, second, false)
	good(t, i, others, true)
	good(t, i, theirs, true)
}

func TestRevokeAccount(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	var ours []string
	for kind := range roleOf {
		_, key := create(t, i, w.newKey(kind))
		good(t, i, key, true)
		ours = append(ours, key)
	}
	n := w.newKey(domain.ActorAgent)
	n.Account = w.theirs
	_, theirs := create(t, i, n)
	if n, err := i.RevokeAccount(t.Context(), w.ours); err != nil || n != len(ours) {
		t.Errorf("RevokeAccount = %d, %v; want %d", n, err, len(ours))
	}
	for _, key := range ours {
		good(t, i, key, false)
	}
	good(t, i, theirs, true)
}

// TestErasedAccountLetsNobodyIn: also not by a key that was made afterwards.
func TestErasedAccountLetsNobodyIn(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	if _, err := w.directory.EraseAccount(t.Context(), w.ours); err != nil {
		t.Fatal(err)
	}
	_, key := create(t, i, w.newKey(domain.ActorAgent))
	good(t, i, key, false)
	n := w.newKey(domain.ActorAgent)
	n.Account = w.theirs
	_, theirs := create(t, i, n)
	good(t, i, theirs, true)
}
