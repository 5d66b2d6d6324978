package directory

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/retention"
	"github.com/commentd/commentd/internal/devstacktest"
)

// TestEraseUsers: an erased user has an id and a role, and no more; every key that ever
// sealed the name is owed its destruction. Nobody else is touched.
func TestEraseUsers(t *testing.T) {
	url := devstacktest.Postgres(t)
	i := newInstance(t, url)
	account, other := newAccount(t, i, "ours"), newAccount(t, i, "theirs")
	id, bare := domain.UserID(uuid.New()), domain.UserID(uuid.New())
	put(t, i, account, id, ana)
	theirs := put(t, i, other, id, ana)
	ben := put(t, i, account, domain.UserID(uuid.New()), Profile{Role: RoleCustomer, Name: "Ben", Active: true})
	// Another process has a bucket of its own.
	before := put(t, newInstance(t, url), account, id, Profile{Role: RoleCustomer, Name: "Ana", Email: "ana@example.com", Active: true})
	if _, err := i.EnsureUser(t.Context(), account, bare, RoleCustomer); err != nil {
		t.Fatal(err)
	}
	var buckets []int64
	if err := i.pool.QueryRow(t.Context(), "SELECT former_buckets || bucket_id FROM directory.users WHERE account_id = $1 AND user_id = $2",
		account, uuid.UUID(id)).Scan(&buckets); err != nil || len(buckets) != 2 {
		t.Fatalf("the user was sealed under buckets %d, %v; want two", buckets, err)
	}

	if n, err := i.EraseUsers(t.Context(), account, id, bare, domain.UserID{1}); err != nil || n != 2 {
		t.Errorf("EraseUsers = %d, %v; want 2", n, err)
	}
	after, err := i.User(t.Context(), account, id)
	want := User{Account: account, ID: id, Number: before.Number, Role: RoleCustomer, CreatedAt: before.CreatedAt, UpdatedAt: after.UpdatedAt}
	if err != nil || after != want || !after.UpdatedAt.After(before.UpdatedAt) {
		t.Errorf("User = %+v, %v; want %+v", after, err, want)
	}
	if _, err := i.UserByEmail(t.Context(), account, "ana@example.com"); err != ErrUserNotFound {
		t.Errorf("UserByEmail = %v; want ErrUserNotFound", err)
	}
	for _, u := range []User{theirs, ben} {
		if got, err := i.User(t.Context(), u.Account, u.ID); err != nil || got != u {
			t.Errorf("User = %+v, %v; want %+v as before", got, err, u)
		}
	}
	var owed []int64
	var user uuid.UUID
	if err := i.pool.QueryRow(t.Context(), "SELECT user_id, bucket_ids FROM directory.obligations WHERE account_id = $1 AND key_destroyed_at IS NULL",
		account).Scan(&user, &owed); err != nil || domain.UserID(user) != id || !slices.Equal(owed, buckets) {
		t.Errorf("owed are %d of user %s, %v; want %d of %s", owed, user, err, buckets, id)
	}

	var retired []int64
	if err := i.pool.QueryRow(t.Context(), "SELECT array_agg(bucket_id ORDER BY bucket_id) FROM log.retired_buckets").Scan(&retired); err != nil ||
		!slices.Equal(retired, buckets) {
		t.Errorf("retired are %d, %v; want %d", retired, err, buckets)
	}

	if n, err := i.EraseUsers(t.Context(), account, id, bare); err != nil || n != 0 {
		t.Errorf("EraseUsers again = %d, %v; want 0", n, err)
	}
	people, err := i.People(t.Context(), account, 0, 10)
	if err != nil || len(people) != 3 {
		t.Fatalf("People = %+v, %v; want 3", people, err)
	}
	for _, p := range people {
		if want := p.ID != ben.ID; p.Erased != want {
			t.Errorf("%s erased = %t; want %t", p.ID, p.Erased, want)
		}
	}
	for account, want := range map[domain.AccountID]int{account: 1, other: 0} {
		if n, err := i.OpenObligations(t.Context(), account); err != nil || n != want {
			t.Errorf("OpenObligations = %d, %v; want %d", n, err, want)
		}
	}

	// The last of the keys to be destroyed is what counts.
	for n, bucket := range buckets {
		if _, err := i.pool.Exec(t.Context(), "UPDATE log.retired_buckets SET destroyed_at = now() WHERE bucket_id = $1", bucket); err != nil {
			t.Fatal(err)
		}
		if err := i.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left, err := i.OpenObligations(t.Context(), account); err != nil || left != 1-n {
			t.Errorf("OpenObligations = %d, %v after %d of 2 keys; want %d", left, err, n+1, 1-n)
		}
	}

	// Somebody may come back, as a stranger, and be erased again.
	if again := put(t, i, account, id, Profile{Role: RoleCustomer, Name: "Ana", Email: "ana@example.com", Active: true}); again.Number != before.Number {
		t.Errorf("PutUser = %+v; want the number that the id has", again)
	}
	if n, err := i.EraseUsers(t.Context(), account, id); err != nil || n != 1 {
		t.Errorf("EraseUsers once more = %d, %v; want 1", n, err)
	}
}

// TestFormerNames: a name that was taken back is erased with its user.
func TestFormerNames(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	account, id := newAccount(t, i, "ours"), domain.UserID(uuid.New())
	put(t, i, account, id, ana)
	put(t, i, account, id, Profile{Role: RoleAgent})
	if n, err := i.EraseUsers(t.Context(), account, id); err != nil || n != 1 {
		t.Errorf("EraseUsers = %d, %v; want 1", n, err)
	}
	if n, err := i.OpenObligations(t.Context(), account); err != nil || n != 1 {
		t.Errorf("OpenObligations = %d, %v; want 1", n, err)
	}
}

func TestEraseAccount(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	id := newAccount(t, i, "ours")
	newAccount(t, i, "theirs")
	first, err := i.EraseAccount(t.Context(), id)
	if err != nil || first.ErasedAt == nil {
		t.Fatalf("EraseAccount = %+v, %v; want an erased account", first, err)
	}
	if again, err := i.EraseAccount(t.Context(), id); err != nil || !again.ErasedAt.Equal(*first.ErasedAt) {
		t.Errorf("EraseAccount again = %+v, %v; want the same time", again, err)
	}
	if _, err := i.AccountBySlug(t.Context(), "ours"); err != ErrAccountErased {
		t.Errorf("AccountBySlug = %v; want ErrAccountErased", err)
	}
	if a, err := i.ErasedOrNot(t.Context(), "ours"); err != nil || a.ID != id {
		t.Errorf("ErasedOrNot = %+v, %v; want the account", a, err)
	}
	if _, err := i.AccountBySlug(t.Context(), "theirs"); err != nil {
		t.Errorf("AccountBySlug of another = %v", err)
	}
	if _, err := i.CreateAccount(t.Context(), "ours", Settings{}); err != ErrSlugTaken {
		t.Errorf("CreateAccount = %v; want ErrSlugTaken", err)
	}
	if _, err := i.EraseAccount(t.Context(), 9999); err != ErrAccountNotFound {
		t.Errorf("EraseAccount of no account = %v; want ErrAccountNotFound", err)
	}
}

// TestPolicies: accounts that keep what all keep are not in the list.
func TestPolicies(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	id := map[string]domain.AccountID{}
	for n, s := range []Settings{{}, {DeletedRetentionDays: new(0)}, {ContentRetentionDays: 90}, {DeletedRetentionDays: new(7), ContentRetentionDays: 36_500}} {
		a, err := i.CreateAccount(t.Context(), fmt.Sprint("a", n), s)
		if err != nil {
			t.Fatal(err)
		}
		id[a.Slug] = a.ID
		if got := a.Retention(); a.Slug == "a0" && got != (retention.Policy{Account: a.ID, Deleted: 30}) {
			t.Errorf("Retention = %+v; want the default", got)
		}
	}
	wantPolicies := func(want ...retention.Policy) {
		t.Helper()
		if got, err := i.Policies(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("Policies = %+v, %v; want %+v", got, err, want)
		}
	}
	wantPolicies(retention.Policy{Account: id["a1"]}, retention.Policy{Account: id["a2"], Deleted: 30, Contents: 90},
		retention.Policy{Account: id["a3"], Deleted: 7, Contents: 36_500})
	// A setting that is taken back is the default again.
	for _, slug := range []string{"a1", "a2"} {
		if _, err := i.UpdateSettings(t.Context(), id[slug], Settings{UnknownTickets: RejectUnknownTickets}); err != nil {
			t.Fatal(err)
		}
	}
	wantPolicies(retention.Policy{Account: id["a3"], Deleted: 7, Contents: 36_500})
	for _, s := range []Settings{{DeletedRetentionDays: new(-1)}, {DeletedRetentionDays: new(36_501)}, {ContentRetentionDays: -1}, {ContentRetentionDays: 36_501}} {
		s.UnknownTickets = RejectUnknownTickets
		if _, err := i.UpdateSettings(t.Context(), id["a0"], s); err == nil {
			t.Errorf("UpdateSettings(%+v) succeeded", s)
		}
	}
}
