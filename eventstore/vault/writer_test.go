package vault

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// Many at once fill each bucket to the brim, and open no more than are needed.
func TestBucketsHave1024Contents(t *testing.T) {
	db := newDatabase(t)
	v := db.instance(rootKey(t, testRootKey))
	const writers, each = 16, 160 // 2,560 contents are two and a half buckets
	var wg sync.WaitGroup
	var mu sync.Mutex
	contents := make(map[int64]int)
	for range writers {
		wg.Go(func() {
			place := somePlace(7)
			for range each {
				sealed, err := v.Seal(context.Background(), place, []byte("Hello"))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := v.Open(context.Background(), place, sealed.BucketID, sealed.Bytes); err != nil {
					t.Error(err)
				}
				mu.Lock()
				contents[sealed.BucketID]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	full := 0
	for bucket, n := range contents {
		if n > 1024 {
			t.Errorf("bucket %d has %d contents", bucket, n)
		}
		if n == 1024 {
			full++
		}
	}
	if rows := query[int](t, db, "SELECT count(*) FROM keyring.buckets"); full != 2 || len(contents) != 3 || rows != 3 {
		t.Errorf("%d full of %d buckets used, %d made; want 2, 3, 3", full, len(contents), rows)
	}
}

// slowRoot wraps keys of account 7 only when told to, as a key service may.
type slowRoot struct {
	RootKey
	wrapping chan struct{} // receives when such a call has begun
	go7      chan struct{} // closed to let them end
}

func (r *slowRoot) Wrap(ctx context.Context, plaintext, aad []byte) ([]byte, error) {
	if strings.HasPrefix(string(aad), string(accountBytes(7))) {
		r.wrapping <- struct{}{}
		select {
		case <-r.go7:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return r.RootKey.Wrap(ctx, plaintext, aad)
}

func TestAnAccountThatWaitsHoldsUpNoOther(t *testing.T) {
	db := newDatabase(t)
	root := &slowRoot{rootKey(t, testRootKey), make(chan struct{}), make(chan struct{})}
	v := db.instance(root)
	place := somePlace(7)

	var wg sync.WaitGroup
	errs := make(chan error, 8)
	seal := func(ctx context.Context) {
		wg.Go(func() {
			_, err := v.Seal(ctx, place, []byte("Hello"))
			errs <- err
		})
	}
	hasty, leave := context.WithCancel(t.Context())
	seal(hasty) // makes the bucket
	<-root.wrapping
	for range 5 {
		seal(t.Context()) // wait for it, or come too late to
	}
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Seal(impatient, place, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Seal of a caller who has gone = %v; want context.Canceled", err)
	}
	mustSeal(t, v, somePlace(8), "Hello") // would hang

	leave() // whoever makes the bucket goes; one of the others makes it
	<-root.wrapping
	close(root.go7)
	wg.Wait()
	close(errs)
	canceled := 0
	for err := range errs {
		if errors.Is(err, context.Canceled) {
			canceled++
		} else if err != nil {
			t.Errorf("Seal: %v", err)
		}
	}
	if n := query[int](t, db, "SELECT count(*) FROM keyring.buckets WHERE account_id = 7"); canceled != 1 || n != 1 {
		t.Errorf("%d callers gave up and %d buckets were made; want 1 and 1", canceled, n)
	}
}

// A renewal that fails does so once for all who wait for it.
func TestRenewableSharesAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r renewable[int]
		broken := errors.New("broken")
		renewals, fail := 0, make(chan struct{})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				_, err := r.get(t.Context(), func(v int) bool { return v > 0 },
					func(context.Context) (int, error) {
						renewals++
						<-fail
						return 0, broken
					})
				if !errors.Is(err, broken) {
					t.Errorf("get = %v; want broken", err)
				}
			})
		}
		synctest.Wait()
		close(fail)
		wg.Wait()
		got, err := r.get(t.Context(), func(v int) bool { return v > 0 }, func(context.Context) (int, error) { return 5, nil })
		if renewals != 1 || got != 5 || err != nil {
			t.Errorf("%d renewals failed, then get = %d, %v; want 1, then 5", renewals, got, err)
		}
	})
}
