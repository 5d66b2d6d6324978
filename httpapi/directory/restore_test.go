package directory

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/internal/devstacktest"
)

// TestRestore carries accounts and people into another database, twice, and again after
// they have changed.
func TestRestore(t *testing.T) {
	from, to := newInstance(t, devstacktest.Postgres(t)), newInstance(t, devstacktest.Postgres(t))
	newAccount(t, from, "first")
	account := newAccount(t, from, "acme")
	settings := Settings{UnknownTickets: OpenUnknownTickets, Mask: domain.MaskPerCharacter, ContentRetentionDays: 7}
	ann, nameless := domain.UserID(uuid.New()), domain.UserID(uuid.New())
	profile := Profile{Role: RoleAdmin, Name: "Ann", Email: "ann@example.com", Active: true}
	for range 2 {
		if _, err := from.UpdateSettings(t.Context(), account, settings); err != nil {
			t.Fatal(err)
		}
		put(t, from, account, ann, profile)
		put(t, from, account, nameless, Profile{Role: RoleCustomer})
		a, err := from.Account(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		page, err := from.Users(t.Context(), UserQuery{Account: account, Limit: MaxPage})
		if err != nil || len(page.Users) != 2 {
			t.Fatalf("Users = %+v, %v", page, err)
		}
		for range 2 {
			if err := to.RestoreAccount(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			if got, err := to.AccountBySlug(t.Context(), "acme"); err != nil || got.ID != a.ID || got.Settings != a.Settings || !got.CreatedAt.Equal(a.CreatedAt) {
				t.Errorf("the account is %+v, %v; was %+v", got, err, a)
			}
			for _, u := range page.Users {
				if err := to.RestoreUser(t.Context(), u); err != nil {
					t.Fatal(err)
				}
				if got, err := to.User(t.Context(), account, u.ID); err != nil || !got.Same(u) {
					t.Errorf("the user is %+v, %v; was %+v", got, err, u)
				}
			}
		}
		if u, err := to.UserByEmail(t.Context(), account, profile.Email); err != nil || u.ID != ann {
			t.Errorf("UserByEmail = %+v, %v", u, err)
		}
		settings.ContentRetentionDays, profile.Name, profile.Email = 8, "Anne", "anne@example.com"
	}
	if next := newAccount(t, to, "next"); next <= account {
		t.Errorf("a new account has the number %d", next)
	}
}

// TestRestoreKeepsNewer: what comes from elsewhere, and is older than what is here, undoes
// nothing: neither an erasure, nor a deactivation, a demotion, or a choice of settings.
func TestRestoreKeepsNewer(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	account := newAccount(t, i, "acme")
	old, err := i.Account(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := i.UpdateSettings(t.Context(), account, Settings{UnknownTickets: OpenUnknownTickets, ContentRetentionDays: 7})
	if err != nil {
		t.Fatal(err)
	}
	if err := i.RestoreAccount(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if got, err := i.Account(t.Context(), account); err != nil || got != changed {
		t.Errorf("the account is %+v, %v; was %+v", got, err, changed)
	}
	for name, change := range map[string]func(id domain.UserID) error{
		"erased": func(id domain.UserID) error {
			_, err := i.EraseUsers(t.Context(), account, id)
			return err
		},
		"inactive and demoted": func(id domain.UserID) error {
			_, _, err := i.PutUser(t.Context(), account, id, Profile{Role: RoleCustomer, Name: "Ann"})
			return err
		},
	} {
		before := put(t, i, account, domain.UserID(uuid.New()), Profile{Role: RoleAdmin, Name: "Ann", Active: true})
		if err := change(before.ID); err != nil {
			t.Fatal(err)
		}
		after, err := i.User(t.Context(), account, before.ID)
		if err != nil {
			t.Fatal(err)
		}
		nameless := before
		nameless.Name = "" // whose keys are not owed either
		for _, u := range []User{before, nameless} {
			if err := i.RestoreUser(t.Context(), u); err != nil {
				t.Errorf("%s: RestoreUser = %v", name, err)
			}
			if got, err := i.User(t.Context(), account, before.ID); err != nil || got != after {
				t.Errorf("%s: the user is %+v, %v; was %+v", name, got, err, after)
			}
		}
	}
	var owed int
	if err := i.pool.QueryRow(t.Context(), "SELECT count(*) FROM directory.obligations").Scan(&owed); err != nil || owed != 1 {
		t.Errorf("%d obligations, %v; want that of the erased user", owed, err)
	}
}

// TestRestoreErased: who was erased elsewhere since they were carried here, is erased here:
// no key is left that opens their name.
func TestRestoreErased(t *testing.T) {
	from, to := newInstance(t, devstacktest.Postgres(t)), newInstance(t, devstacktest.Postgres(t))
	account := newAccount(t, from, "acme")
	a, err := from.Account(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	if err := to.RestoreAccount(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	ann := put(t, from, account, domain.UserID(uuid.New()), Profile{Role: RoleCustomer, Name: "Ann", Email: "ann@example.com", Active: true})
	ben := put(t, from, account, domain.UserID(uuid.New()), Profile{Role: RoleCustomer, Name: "Ben", Active: true})
	for _, u := range []User{ann, ben} {
		if err := to.RestoreUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	var bucket int64
	if err := to.pool.QueryRow(t.Context(), "SELECT bucket_id FROM directory.users WHERE user_id = $1", uuid.UUID(ann.ID)).Scan(&bucket); err != nil {
		t.Fatal(err)
	}
	if _, err := from.EraseUsers(t.Context(), account, ann.ID); err != nil {
		t.Fatal(err)
	}
	erased, err := from.User(t.Context(), account, ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := to.RestoreUser(t.Context(), erased); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := to.User(t.Context(), account, ann.ID); err != nil || !got.Same(erased) {
		t.Errorf("the user is %+v, %v; was %+v", got, err, erased)
	}
	if got, err := to.User(t.Context(), account, ben.ID); err != nil || !got.Same(ben) {
		t.Errorf("another user is %+v, %v; was %+v", got, err, ben)
	}
	var user uuid.UUID
	var owed, retired []int64
	if err := to.pool.QueryRow(t.Context(), "SELECT user_id, bucket_ids FROM directory.obligations").Scan(&user, &owed); err != nil ||
		domain.UserID(user) != ann.ID || !slices.Equal(owed, []int64{bucket}) {
		t.Errorf("owed are %d of user %s, %v; want %d of %s", owed, user, err, bucket, ann.ID)
	}
	if err := to.pool.QueryRow(t.Context(), "SELECT array_agg(bucket_id) FROM log.retired_buckets").Scan(&retired); err != nil || !slices.Equal(retired, owed) {
		t.Errorf("retired are %d, %v; want %d", retired, err, owed)
	}
}

// TestRestoreRefuses: what is here already, and is another one, is not overwritten.
func TestRestoreRefuses(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	account := newAccount(t, i, "acme")
	u := put(t, i, account, domain.UserID(uuid.New()), Profile{Role: RoleAgent, Name: "Ann", Email: "ann@example.com", Active: true})
	a, err := i.Account(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	account2, slug, settings := a, a, a
	account2.ID, slug.Slug, settings.Settings.ContentRetentionDays = a.ID+1, "other", -1
	for name, tt := range map[string]struct {
		account Account
		want    error
	}{"the slug of another account": {account2, ErrSlugTaken}, "the number of another account": {slug, ErrOther}, "settings": {settings, &InvalidError{}}} {
		err := i.RestoreAccount(t.Context(), tt.account)
		var invalid *InvalidError
		if !errors.Is(err, tt.want) && !(errors.As(tt.want, &invalid) && errors.As(err, &invalid)) {
			t.Errorf("%s: %v; want %v", name, err, tt.want)
		}
	}
	number, id, email, stranger, role := u, u, u, u, u
	number.Number++
	id.ID = domain.UserID(uuid.New())
	email.ID, email.Number = domain.UserID(uuid.New()), u.Number+1
	stranger.Account++
	role.Role, role.Email = "boss", ""
	for name, tt := range map[string]struct {
		user User
		want error
	}{
		"another number": {number, ErrOther}, "the number of another user": {id, ErrOther}, "the address of another user": {email, ErrEmailTaken},
		"no account": {stranger, ErrAccountNotFound}, "no role": {role, &InvalidError{}},
	} {
		err := i.RestoreUser(t.Context(), tt.user)
		var invalid *InvalidError
		taken := name == "the number of another user" && errors.Is(err, ErrEmailTaken) // it has both
		if !errors.Is(err, tt.want) && !taken && !(errors.As(tt.want, &invalid) && errors.As(err, &invalid)) {
			t.Errorf("%s: %v; want %v", name, err, tt.want)
		}
	}
	if got, err := i.User(t.Context(), account, u.ID); err != nil || !got.Same(u) {
		t.Errorf("the user is %+v, %v; was %+v", got, err, u)
	}
}
