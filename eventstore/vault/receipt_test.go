package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

func TestReceiptIDDependsOnAllOfIt(t *testing.T) {
	v, _ := benchVault(t)
	ana, ben := domain.UserID{1}, domain.UserID{2}
	ids := map[uuid.UUID]bool{}
	for _, id := range []uuid.UUID{
		v.ReceiptID(7, ana, "create", "key"),
		v.ReceiptID(8, ana, "create", "key"),
		v.ReceiptID(7, ben, "create", "key"),
		v.ReceiptID(7, ana, "creat", "ekey"),
		v.ReceiptID(7, ana, "", "createkey"),
		v.ReceiptID(7, ana, "create", ""),
	} {
		ids[id] = true
	}
	if len(ids) != 6 {
		t.Errorf("6 receipts have %d ids", len(ids))
	}
	if again := v.ReceiptID(7, ana, "create", "key"); !ids[again] {
		t.Errorf("ReceiptID = %s on the second call", again)
	}
}

func TestFingerprintTellsRequestsApart(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	one, two := db.instance(root), db.instance(root)
	receipt, other := uuid.UUID{1}, uuid.UUID{2}
	stored := fingerprint(t, one, receipt, "Hello")
	if len(stored) != 40 {
		t.Errorf("a fingerprint has %d bytes, want 40", len(stored))
	}
	if again := fingerprint(t, two, receipt, "Hello"); !bytes.Equal(stored, again) {
		t.Errorf("two instances in one hour: %x, then %x", stored, again)
	}
	if bytes.Equal(stored[8:], fingerprint(t, one, other, "Hello")[8:]) {
		t.Error("equal requests show under two receipts")
	}
	for _, tt := range []struct {
		receipt uuid.UUID
		request string
		want    bool
	}{{receipt, "Hello", true}, {receipt, "Hello!", false}, {receipt, "", false}, {other, "Hello", false}} {
		if got, err := two.SameRequest(t.Context(), tt.receipt, stored, []byte(tt.request)); err != nil || got != tt.want {
			t.Errorf("SameRequest(%v, %q) = %t, %v; want %t", tt.receipt, tt.request, got, err, tt.want)
		}
	}

	content := mustSeal(t, one, somePlace(7), "Hello").BucketID
	foreign := slices.Concat(binary.BigEndian.AppendUint64(nil, uint64(content)), stored[8:])
	for name, damaged := range map[string][]byte{"no": nil, "a short": stored[:39], "a long": append(stored[:40:40], 0), "a bucket's": foreign} {
		if got, err := one.SameRequest(t.Context(), receipt, damaged, []byte("Hello")); !errors.Is(err, ErrDamaged) || got {
			t.Errorf("SameRequest with %s fingerprint = %t, %v; want ErrDamaged", name, got, err)
		}
	}
}

func fingerprint(t *testing.T, v *Vault, receipt uuid.UUID, request string) []byte {
	t.Helper()
	f, err := v.Fingerprint(t.Context(), receipt, []byte(request))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Instances that start an hour together agree on its key.
func TestInstancesShareTheReceiptKey(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	var wg sync.WaitGroup
	var mu sync.Mutex
	fingerprints := make(map[string]int)
	start := make(chan struct{})
	for range 8 {
		v := db.instance(root)
		for range 4 {
			wg.Go(func() {
				<-start
				f, err := v.Fingerprint(context.Background(), uuid.UUID{1}, []byte("Hello"))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				fingerprints[string(f)]++
			})
		}
	}
	close(start)
	wg.Wait()
	// The hour may have ended meanwhile.
	if keys := query[int](t, db, "SELECT count(*) FROM keyring.buckets"); len(fingerprints) != keys || keys > 2 {
		t.Errorf("%d fingerprints of one request under %d keys; want 1 and 1", len(fingerprints), keys)
	}
}

// aged returns a fingerprint as it was made some hours ago.
func aged(t *testing.T, v *Vault, hours int64, receipt uuid.UUID, request string) []byte {
	t.Helper()
	now, err := v.keyring.receiptKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := now.id + hours
	if err := v.keyring.createReceiptKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	key, err := v.keyring.receiptKeyByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return key.fingerprint(receipt, []byte(request))
}

func TestRequestsAreRecognisedUntilTheirKeyExpires(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	v := db.instance(root)
	receipt := uuid.UUID{1}
	old, recent := aged(t, v, 4, receipt, "Hello"), aged(t, v, 1, receipt, "Hello")
	current := fingerprint(t, v, receipt, "Hello")
	if bytes.Equal(old[8:], recent[8:]) || bytes.Equal(recent[8:], current[8:]) {
		t.Error("one request has one fingerprint in two hours")
	}
	same := func(stored []byte) error {
		t.Helper()
		got, err := db.instance(root).SameRequest(t.Context(), receipt, stored, []byte("Hello"))
		if err == nil && !got {
			t.Error("SameRequest = false for the same request")
		}
		return err
	}
	for _, stored := range [][]byte{old, recent, current} {
		if err := same(stored); err != nil {
			t.Errorf("SameRequest before expiry: %v", err)
		}
	}

	content := mustSeal(t, v, somePlace(7), "Hello")
	if _, err := v.ExpireReceiptKeys(t.Context(), -time.Second); err == nil {
		t.Error("ExpireReceiptKeys took a negative age")
	}
	// The key of four hours ago fell out of use three hours ago, or more.
	if n, err := v.ExpireReceiptKeys(t.Context(), 3*time.Hour); n != 1 || err != nil {
		t.Errorf("ExpireReceiptKeys = %d, %v; want 1", n, err)
	}
	if n, err := v.ExpireReceiptKeys(t.Context(), 3*time.Hour); n != 0 || err != nil {
		t.Errorf("ExpireReceiptKeys again = %d, %v; want 0", n, err)
	}
	if err := same(old); !errors.Is(err, ErrDestroyed) {
		t.Errorf("SameRequest after expiry: %v; want ErrDestroyed", err)
	}
	if err := same(recent); err != nil {
		t.Errorf("SameRequest with a younger key: %v", err)
	}
	// Even with no age at all, the key of this hour stays, and so do buckets.
	if _, err := v.ExpireReceiptKeys(t.Context(), 0); err != nil {
		t.Error(err)
	}
	if err := same(current); err != nil {
		t.Errorf("SameRequest with the key of this hour: %v", err)
	}
	if n := query[int](t, db, "SELECT count(*) FROM keyring.buckets WHERE bucket_id = $1 AND wrapped_key IS NOT NULL", content.BucketID); n != 1 {
		t.Error("ExpireReceiptKeys destroyed the key of a content")
	}
}

func TestAnotherHourTakesAnotherKey(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	v := db.instance(root)
	before := fingerprint(t, v, uuid.UUID{1}, "Hello")
	db.asked.take()
	fingerprint(t, v, uuid.UUID{2}, "Hello")
	if asked := db.asked.take(); len(asked) != 0 {
		t.Errorf("the second fingerprint of an hour asked the database %q", asked)
	}
	// The hour ends: the key that is kept is due, and the one in the table is of
	// the hour before.
	v.receiptKey.value.until = time.Now()
	db.exec(t, "UPDATE keyring.buckets SET bucket_id = bucket_id + 1")
	after := fingerprint(t, v, uuid.UUID{1}, "Hello")
	if bytes.Equal(before[8:], after[8:]) {
		t.Error("a new hour goes on with the old key")
	}
	if left := time.Until(v.receiptKey.value.until); left > time.Hour {
		t.Errorf("a receipt key is in use for %v", left)
	}
}

// Whoever has every row and the live root key tries all PINs on a fingerprint.
// They find it while its key lives, and do not once it is destroyed.
func TestFingerprintsCannotBeTriedAfterExpiry(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	v := db.instance(root)
	receipt := uuid.UUID{1}
	stored := aged(t, v, 4, receipt, pinRequest(4711))
	mustSeal(t, v, somePlace(7), "Hello")
	fingerprint(t, v, receipt, "of another request")

	if pin, found := bruteForce(t, db, root, receipt, stored); !found || pin != 4711 {
		t.Fatalf("with a living key the attack finds %d, %t: it would find nothing anyway", pin, found)
	}
	if n, err := v.ExpireReceiptKeys(t.Context(), 2*time.Hour); n != 1 || err != nil {
		t.Fatalf("ExpireReceiptKeys = %d, %v; want 1", n, err)
	}
	if pin, found := bruteForce(t, db, root, receipt, stored); found {
		t.Errorf("without its key the fingerprint still tells the PIN %d", pin)
	}
}

func pinRequest(pin int) string { return fmt.Sprintf("my PIN is %04d", pin) }

// bruteForce tries as keys all that the rows and the root key give.
func bruteForce(t *testing.T, db database, root RootKey, receipt uuid.UUID, stored []byte) (pin int, found bool) {
	t.Helper()
	keys := [][]byte{{}, receipt[:], root.Derive("receipt id"), root.Derive("receipt"), make([]byte, keySize)}
	rows, err := db.Query(t.Context(), "SELECT int8send(bucket_id) || coalesce(wrapped_key, '') || int8send(bucket_id), account_id, purpose, wrapped_key FROM keyring.buckets")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var all, wrapped []byte
		var account domain.AccountID
		var p purpose
		if err := rows.Scan(&all, &account, &p, &wrapped); err != nil {
			t.Fatal(err)
		}
		for i := 0; i+keySize <= len(all); i++ {
			keys = append(keys, all[i:i+keySize])
		}
		if key, err := root.Unwrap(t.Context(), wrapped, wrapData(account, p)); err == nil {
			keys = append(keys, key)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		hash := newKeyedHash(key)
		for pin := range 10_000 {
			sum := hash.sum(receipt[:], []byte(pinRequest(pin)))
			if bytes.Contains(stored, sum[:]) {
				return pin, true
			}
		}
	}
	return 0, false
}
