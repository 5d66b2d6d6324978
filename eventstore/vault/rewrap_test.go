package vault

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

// A row that is wrapped anew opens in its place under the new bucket, and no longer
// under the old one. What is behind the head has not changed.
func TestRewrap(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	v := db.instance(root)
	places := map[string]Place{
		"comment": somePlace(7), "subject": OfSubject(8, domain.TicketID(uuid.New()), domain.ContentID(uuid.New())),
		"person": OfPerson(7, domain.UserID(uuid.New())),
	}
	for name, place := range places {
		sealed := mustSeal(t, v, place, name)
		old := bytes.Clone(sealed.Bytes)
		worker := db.instance(root)
		to, head, err := worker.keyring.Rewrap(t.Context(), sealed.BucketID, place.id(), sealed.Bytes[:HeadSize])
		if err != nil {
			t.Fatal(err)
		}
		moved := slices.Concat(head, sealed.Bytes[HeadSize:])
		if to == sealed.BucketID || len(moved) != len(old) || longestCommonRun(head[1:], old[1:HeadSize]) >= 6 {
			t.Errorf("%s: wrapped under %d as %d bytes; it was under %d, with %d", name, to, len(moved), sealed.BucketID, len(old))
		}
		if err := worker.keyring.Destroy(t.Context(), []int64{sealed.BucketID}); err != nil {
			t.Fatal(err)
		}
		reader := db.instance(root)
		if got, err := reader.OpenVerified(t.Context(), place, to, moved, sealed.Digest); err != nil || string(got) != name {
			t.Errorf("%s: OpenVerified under the new bucket = %q, %v", name, got, err)
		}
		if _, err := reader.Open(t.Context(), place, sealed.BucketID, moved); !errors.Is(err, ErrDestroyed) {
			t.Errorf("%s: Open under the old bucket = %v; want ErrDestroyed", name, err)
		}
		if _, err := reader.Open(t.Context(), place, to, old); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: Open of the old row under the new bucket = %v; want ErrDamaged", name, err)
		}
	}
}

// A bucket that is being emptied is not the one that survivors go to, even where it is
// still being filled.
func TestRewrapLeavesTheBucket(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	v := db.instance(root)
	place := somePlace(7)
	sealed := mustSeal(t, v, place, "Hello")
	to, _, err := v.keyring.Rewrap(t.Context(), sealed.BucketID, place.id(), sealed.Bytes[:HeadSize])
	if err != nil || to == sealed.BucketID {
		t.Errorf("Rewrap in the process that fills bucket %d = %d, %v", sealed.BucketID, to, err)
	}
	if again := mustSeal(t, v, place, "Hello"); again.BucketID != to {
		t.Errorf("a new content goes to bucket %d, survivors to %d; one could do for both", again.BucketID, to)
	}
}

func TestRewrapRefuses(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	v := db.instance(root)
	place := somePlace(7)
	sealed := mustSeal(t, v, place, "Hello")
	head := sealed.Bytes[:HeadSize]
	for name, tt := range map[string]struct {
		from int64
		id   uuid.UUID
		head []byte
		want error
	}{
		"the id of another row": {sealed.BucketID, uuid.New(), head, ErrDamaged},
		"half a head":           {sealed.BucketID, place.id(), head[:30], ErrDamaged},
		"a whole row":           {sealed.BucketID, place.id(), sealed.Bytes, ErrDamaged},
		"another format":        {sealed.BucketID, place.id(), slices.Concat([]byte{2}, head[1:]), ErrDamaged},
		"a bit flipped":         {sealed.BucketID, place.id(), slices.Concat(head[:40], []byte{head[40] ^ 1}, head[41:]), ErrDamaged},
		"an unknown bucket":     {sealed.BucketID + 1000, place.id(), head, ErrNoKey},
	} {
		if _, _, err := v.keyring.Rewrap(t.Context(), tt.from, tt.id, tt.head); !errors.Is(err, tt.want) {
			t.Errorf("Rewrap of %s = %v; want %v", name, err, tt.want)
		}
	}
	if err := v.keyring.Destroy(t.Context(), []int64{sealed.BucketID}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.keyring.Rewrap(t.Context(), sealed.BucketID, place.id(), head); !errors.Is(err, ErrDestroyed) {
		t.Errorf("Rewrap from a destroyed bucket = %v; want ErrDestroyed", err)
	}
}
