package auth

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// TestRestore: a key that is carried to another database is good there, unless it was
// revoked in either.
func TestRestore(t *testing.T) {
	from, to := newWorld(t), newWorld(t)
	here, there := newInstance(t, from.url), newInstance(t, to.url)
	if from.ours != to.ours {
		from.ours, from.theirs = from.theirs, from.ours // the accounts were made in another order
	}
	n := from.newKey(domain.ActorAgent)
	n.Account = to.ours
	key, text := create(t, here, n)
	_, revoked := create(t, here, n)
	keys, err := here.Carried(t.Context(), to.ours)
	if err != nil || len(keys) != 2 {
		t.Fatalf("Carried = %+v, %v", keys, err)
	}
	if err := here.Revoke(t.Context(), to.ours, keys[1].ID); err != nil {
		t.Fatal(err)
	}
	if keys, err = here.Carried(t.Context(), to.ours); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, k := range keys {
			if err := there.Restore(t.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
	}
	good(t, there, text, true)
	good(t, there, revoked, false)
	if err := there.Revoke(t.Context(), to.ours, key.ID); err != nil {
		t.Fatal(err)
	}
	if err := there.Restore(t.Context(), keys[0]); err != nil {
		t.Fatal(err)
	}
	there.clock.advance(2 * time.Second)
	good(t, there, text, false)

	stranger, other, twin := keys[0], keys[0], keys[0]
	stranger.ID, stranger.User, stranger.Hash = uuid.New(), domain.UserID(uuid.New()), bytes.Repeat([]byte{1}, 32)
	other.Hash = bytes.Repeat([]byte{2}, 32)
	twin.ID = uuid.New()
	for name, tt := range map[string]struct {
		key  CarriedKey
		want error
	}{
		"a key of nobody": {stranger, ErrNoUser}, "another key of the same id": {other, directory.ErrOther}, "another id of the same key": {twin, directory.ErrOther},
	} {
		if err := there.Restore(t.Context(), tt.key); !errors.Is(err, tt.want) {
			t.Errorf("Restore of %s: %v; want %v", name, err, tt.want)
		}
	}
}
