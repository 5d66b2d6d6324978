package vault

import (
	"embed"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

//go:embed sql/*.sql
var sqlFiles embed.FS

func TestEveryStatementFitsTheSchema(t *testing.T) {
	db := newDatabase(t)
	files, err := sqlFiles.ReadDir("sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	conn, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for _, file := range files {
		sql, err := sqlFiles.ReadFile("sql/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Conn().Prepare(t.Context(), file.Name(), string(sql)); err != nil {
			t.Errorf("%s: %v", file.Name(), err)
		}
	}
}

func TestAnotherInstanceOpensWhatOneSealed(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	one, two := db.instance(root), db.instance(root)
	place, person := somePlace(7), OfPerson(7, domain.UserID{1})
	sealed, name := mustSeal(t, one, place, "Hello"), mustSeal(t, one, person, "Ana")
	if got, err := two.OpenVerified(t.Context(), place, sealed.BucketID, sealed.Bytes, sealed.Digest); err != nil || string(got) != "Hello" {
		t.Errorf("OpenVerified = %q, %v; want Hello", got, err)
	}
	if got, err := two.Open(t.Context(), person, name.BucketID, name.Bytes); err != nil || string(got) != "Ana" {
		t.Errorf("Open = %q, %v; want Ana", got, err)
	}
	db.asked.take()
	if _, err := one.Open(t.Context(), place, sealed.BucketID, sealed.Bytes); err != nil || len(db.asked.take()) != 0 {
		t.Errorf("Open where it was sealed: %v, or a query", err)
	}
	if name.BucketID == sealed.BucketID {
		t.Error("a name and a comment share a bucket")
	}
	if other := mustSeal(t, one, somePlace(8), "Hello"); other.BucketID == sealed.BucketID {
		t.Error("two accounts share a bucket")
	}
	if other := mustSeal(t, two, place, "Hello"); other.BucketID == sealed.BucketID {
		t.Error("two instances fill one bucket, and neither can count its contents")
	}
}

func TestKeysThatCannotBeHad(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	place := somePlace(7)
	sealed := mustSeal(t, db.instance(root), place, "Hello")
	open := func(root RootKey) error {
		v := db.instance(root)
		if err := v.Prefetch(t.Context(), []int64{sealed.BucketID}); err != nil {
			t.Errorf("Prefetch: %v", err)
		}
		_, err := v.Open(t.Context(), place, sealed.BucketID, sealed.Bytes)
		return err
	}

	other := rootKey(t, GenerateRootKey())
	if err := open(other); !errors.Is(err, ErrWrongRootKey) || !strings.Contains(err.Error(), root.ID()) || !strings.Contains(err.Error(), other.ID()) {
		t.Errorf("Open with another root key: %v; want ErrWrongRootKey and both ids", err)
	}
	// One that claims to be the right root key.
	db.exec(t, "UPDATE keyring.buckets SET root_key_id = $1", other.ID())
	if err := open(other); !errors.Is(err, ErrDamaged) {
		t.Errorf("Open with the id of another root key: %v; want ErrDamaged", err)
	}
	db.exec(t, "UPDATE keyring.buckets SET root_key_id = $1, account_id = 8", root.ID())
	if err := open(root); !errors.Is(err, ErrDamaged) {
		t.Errorf("Open with the key row given to another account: %v; want ErrDamaged", err)
	}
	db.exec(t, "UPDATE keyring.buckets SET account_id = 7, purpose = 'person'")
	if err := open(root); !errors.Is(err, ErrDamaged) {
		t.Errorf("Open with the key row given another purpose: %v; want ErrDamaged", err)
	}
	db.exec(t, "UPDATE keyring.buckets SET purpose = 'content'")
	if err := open(root); err != nil {
		t.Errorf("Open with the row as it was: %v", err)
	}
	db.exec(t, "UPDATE keyring.buckets SET wrapped_key = NULL, destroyed_at = now()")
	if err := open(root); !errors.Is(err, ErrDestroyed) {
		t.Errorf("Open after the key was destroyed: %v; want ErrDestroyed", err)
	}
	db.exec(t, "DELETE FROM keyring.buckets")
	if err := open(root); !errors.Is(err, ErrNoKey) {
		t.Errorf("Open without a row: %v; want ErrNoKey", err)
	}
}

func TestForgetTakesEffectAtOnce(t *testing.T) {
	db := newDatabase(t)
	v := db.instance(rootKey(t, testRootKey))
	place := somePlace(7)
	sealed := mustSeal(t, v, place, "Hello")
	db.exec(t, "UPDATE keyring.buckets SET wrapped_key = NULL, destroyed_at = now()")
	v.keyring.Forget(sealed.BucketID)
	for range 2 {
		if _, err := v.Open(t.Context(), place, sealed.BucketID, sealed.Bytes); !errors.Is(err, ErrDestroyed) {
			t.Errorf("Open = %v; want ErrDestroyed", err)
		}
	}
	if again := mustSeal(t, v, place, "Hello"); again.BucketID == sealed.BucketID {
		t.Error("Seal goes on with a bucket whose key is destroyed")
	}
}

func TestCheckFindsAnotherRootKey(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	other := rootKey(t, GenerateRootKey())
	for _, k := range []RootKey{root, other} {
		if err := NewKeyring(db.Pool, k).Check(t.Context()); err != nil {
			t.Errorf("Check of an empty keyring: %v", err)
		}
	}
	mustSeal(t, db.instance(root), somePlace(7), "Hello")
	if err := NewKeyring(db.Pool, root).Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	if err := NewKeyring(db.Pool, other).Check(t.Context()); !errors.Is(err, ErrWrongRootKey) {
		t.Errorf("Check with another root key: %v; want ErrWrongRootKey", err)
	}
	db.exec(t, "UPDATE keyring.buckets SET wrapped_key = NULL, destroyed_at = now()")
	if err := NewKeyring(db.Pool, other).Check(t.Context()); err != nil {
		t.Errorf("Check of tombstones: %v", err)
	}
}

func TestPrefetchAsksOnce(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	type row struct {
		place  Place
		sealed Sealed
	}
	var rows []row
	var ids []int64
	for range 30 { // as many restarts, so as many buckets
		v := db.instance(root)
		for range 3 {
			place := somePlace(7)
			r := row{place, mustSeal(t, v, place, "Hello")}
			rows, ids = append(rows, r), append(ids, r.sealed.BucketID)
		}
	}
	db.exec(t, "UPDATE keyring.buckets SET wrapped_key = NULL, destroyed_at = now() WHERE bucket_id = $1", ids[0])
	db.asked.take()

	v := db.instance(root)
	for round, want := range []int{1, 0} {
		if err := v.Prefetch(t.Context(), ids); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			_, err := v.Open(t.Context(), r.place, r.sealed.BucketID, r.sealed.Bytes)
			if destroyed := r.sealed.BucketID == ids[0]; errors.Is(err, ErrDestroyed) != destroyed || err != nil && !destroyed {
				t.Errorf("Open = %v", err)
			}
		}
		if asked := db.asked.take(); len(asked) != want {
			t.Errorf("round %d: %d contents of 30 buckets took %d queries, want %d: %q", round, len(rows), len(asked), want, asked)
		}
	}
	if err := v.Prefetch(t.Context(), nil); err != nil || len(db.asked.take()) != 0 {
		t.Errorf("Prefetch of nothing: %v, or a query", err)
	}
}

func TestWithoutTheDatabase(t *testing.T) {
	db := newDatabase(t)
	v := db.instance(rootKey(t, testRootKey))
	db.exec(t, "ALTER TABLE keyring.buckets RENAME TO gone")
	_, sealErr := v.Seal(t.Context(), somePlace(7), nil)
	_, openErr := v.Open(t.Context(), somePlace(7), 1, nil)
	_, fingerprintErr := v.Fingerprint(t.Context(), uuid.UUID{1}, nil)
	_, sameErr := v.SameRequest(t.Context(), uuid.UUID{1}, make([]byte, fingerprintSize), nil)
	_, expireErr := v.ExpireReceiptKeys(t.Context(), 0)
	for method, err := range map[string]error{
		"Prefetch": v.Prefetch(t.Context(), []int64{1}), "Check": v.keyring.Check(t.Context()), "Seal": sealErr,
		"Open": openErr, "Fingerprint": fingerprintErr, "SameRequest": sameErr, "ExpireReceiptKeys": expireErr,
	} {
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s without a table = %v; want ErrUnavailable", method, err)
		}
	}
}

// Nothing that was sealed shows in what is stored, and no key does.
func TestRowsShowNothing(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	v := db.instance(root)
	text := "canary-7f3a9c0e51d24b68"
	sealed := mustSeal(t, v, somePlace(7), text)
	receipt := v.ReceiptID(7, domain.UserID{1}, "create", text)
	fingerprint, err := v.Fingerprint(t.Context(), receipt, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	stored := fmt.Sprintf("%s %s %s %s %s", sealed.Bytes, sealed.Digest[:], receipt[:], fingerprint, v.EmailDigest(7, text))
	stored += query[string](t, db, "SELECT string_agg(encode(wrapped_key, 'escape') || root_key_id, ' ') FROM keyring.buckets")
	for i := range len(text) - 6 {
		if strings.Contains(stored, text[i:i+6]) {
			t.Errorf("%q is in what is stored", text[i:i+6])
		}
	}
	if strings.Contains(stored, string(root.secret[:8])) {
		t.Error("the root key is in what is stored")
	}
}
