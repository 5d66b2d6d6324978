package directory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/internal/devstacktest"
)

var ana = Profile{Role: RoleAgent, Name: "Ana Ortiz", Email: "Ana.Ortiz@example.com", Active: true}

func put(t *testing.T, i *instance, account domain.AccountID, id domain.UserID, p Profile) User {
	t.Helper()
	u, _, err := i.PutUser(t.Context(), account, id, p)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestPutUserCreatesReplacesAndRepeats(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	account := newAccount(t, i, "ours")
	id := domain.UserID(uuid.New())
	first, created, err := i.PutUser(t.Context(), account, id, ana)
	want := User{Account: account, ID: id, Number: first.Number, Role: RoleAgent, Name: ana.Name, Email: ana.Email,
		Active: true, CreatedAt: first.CreatedAt, UpdatedAt: first.CreatedAt}
	if err != nil || !created || first != want || first.Number == 0 || first.CreatedAt.IsZero() {
		t.Fatalf("PutUser = %+v, %t, %v; want a new user", first, created, err)
	}
	if got, err := i.User(t.Context(), account, id); err != nil || got != first {
		t.Errorf("User = %+v, %v; want %+v", got, err, first)
	}
	again, created, err := i.PutUser(t.Context(), account, id, ana)
	if err != nil || created || again != first {
		t.Errorf("PutUser of the same = %+v, %t, %v; want nothing changed", again, created, err)
	}
	for _, p := range []Profile{
		{Role: RoleAdmin, Name: "Ana", Email: "ana@example.com", Active: false},
		{Role: RoleAdmin, Name: "Ana", Email: "ANA@example.com", Active: false},
		{Role: RoleAgent, Name: "Ana"},
		{Role: RoleAgent},
		{Role: RoleCustomer, Email: "ana@example.com", Active: true},
		ana,
	} {
		before := again
		again, created, err = i.PutUser(t.Context(), account, id, p)
		want := User{Account: account, ID: id, Number: first.Number, Role: p.Role, Name: p.Name, Email: p.Email,
			Active: p.Active, CreatedAt: first.CreatedAt, UpdatedAt: again.UpdatedAt}
		if err != nil || created || again != want || !again.UpdatedAt.After(before.UpdatedAt) {
			t.Errorf("PutUser = %+v, %t, %v; want %+v, later than %v", again, created, err, want, before.UpdatedAt)
		}
		if got, err := i.User(t.Context(), account, id); err != nil || got != again {
			t.Errorf("User = %+v, %v; want %+v", got, err, again)
		}
	}
}

// A clock that was set back does not make a change look older than what it changed.
// What is left of a name that somebody had elsewhere may be put.
func TestTrimName(t *testing.T) {
	for given, want := range map[string]string{
		"": "", " Ann\t Agent\n": "Ann  Agent", "\xffAnn\x00": "Ann", strings.Repeat("é", 300): strings.Repeat("é", 255), strings.Repeat("a", 254) + " bc": strings.Repeat("a", 254),
	} {
		got := TrimName(given)
		if wrong := (Profile{Role: RoleCustomer, Name: got}).Invalid(); got != want || wrong != nil {
			t.Errorf("TrimName(%q) = %q, of which %v is wrong; want %q", given, got, wrong, want)
		}
	}
}

func TestTimeOfAChangeOnlyGrows(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	account, id := newAccount(t, i, "ours"), domain.UserID{1}
	put(t, i, account, id, ana)
	if _, err := i.pool.Exec(t.Context(), "UPDATE directory.users SET updated_at = now() + interval '1 hour'"); err != nil {
		t.Fatal(err)
	}
	before, err := i.User(t.Context(), account, id)
	if err != nil {
		t.Fatal(err)
	}
	if after := put(t, i, account, id, Profile{Role: RoleAgent}); !after.UpdatedAt.After(before.UpdatedAt) {
		t.Errorf("updated at %v; want later than %v", after.UpdatedAt, before.UpdatedAt)
	}
}

func TestPutUserRefuses(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	account := newAccount(t, i, "ours")
	for _, tt := range []struct {
		name  string
		p     Profile
		field string // empty: it is accepted
	}{
		{"no role", Profile{}, "role"},
		{"an unknown role", Profile{Role: "owner"}, "role"},
		{"a role in upper case", Profile{Role: "AGENT"}, "role"},
		{"the longest name", Profile{Role: RoleAgent, Name: strings.Repeat("é", 255)}, ""},
		{"a longer name", Profile{Role: RoleAgent, Name: strings.Repeat("é", 256)}, "name"},
		{"NUL in the name", Profile{Role: RoleAgent, Name: "a\x00"}, "name"},
		{"a line break in the name", Profile{Role: RoleAgent, Name: "a\nb"}, "name"},
		{"a name that is no UTF-8", Profile{Role: RoleAgent, Name: "\xff"}, "name"},
		{"the longest address", Profile{Role: RoleAgent, Email: strings.Repeat("a", 252) + "@b"}, ""},
		{"a longer address", Profile{Role: RoleAgent, Email: strings.Repeat("a", 253) + "@b"}, "email"},
		{"an address of another alphabet", Profile{Role: RoleAgent, Email: "jörg@bücher.example"}, ""},
		{"no @", Profile{Role: RoleAgent, Email: "ana"}, "email"},
		{"nothing before @", Profile{Role: RoleAgent, Email: "@example.com"}, "email"},
		{"nothing after @", Profile{Role: RoleAgent, Email: "ana@"}, "email"},
		{"a space in the address", Profile{Role: RoleAgent, Email: "ana @example.com"}, "email"},
		{"a space after the address", Profile{Role: RoleAgent, Email: "ana@example.com "}, "email"},
		{"a no-break space in the address", Profile{Role: RoleAgent, Email: "ana\u00a0@example.com"}, "email"},
		{"NUL in the address", Profile{Role: RoleAgent, Email: "ana\x00@example.com"}, "email"},
	} {
		_, _, err := i.PutUser(t.Context(), account, domain.UserID(uuid.New()), tt.p)
		var invalid *InvalidError
		if tt.field == "" && err != nil || tt.field != "" && (!errors.As(err, &invalid) || invalid.Field != tt.field) {
			t.Errorf("PutUser with %s = %v; want an error about %q", tt.name, err, tt.field)
		}
		if err != nil && tt.p.Email != "" && strings.Contains(err.Error(), tt.p.Email) {
			t.Errorf("PutUser with %s: the error repeats the address", tt.name)
		}
	}
	if _, _, err := i.PutUser(t.Context(), 9999, domain.UserID{1}, ana); err != ErrAccountNotFound {
		t.Errorf("PutUser in no account = %v; want ErrAccountNotFound", err)
	}
}

func TestAddressIsOnesOwn(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	ours, theirs := newAccount(t, i, "ours"), newAccount(t, i, "theirs")
	first, second := domain.UserID{1}, domain.UserID{2}
	u := put(t, i, ours, first, ana)
	other := ana
	for _, other.Email = range []string{ana.Email, strings.ToUpper(ana.Email)} {
		_, _, err := i.PutUser(t.Context(), ours, second, other)
		if err != ErrEmailTaken || strings.Contains(strings.ToLower(err.Error()), "ortiz") {
			t.Errorf("PutUser with another's address = %v; want ErrEmailTaken", err)
		}
	}
	if _, err := i.User(t.Context(), ours, second); err != ErrUserNotFound {
		t.Errorf("after the refusal User = %v; want ErrUserNotFound", err)
	}
	put(t, i, ours, second, Profile{Role: RoleAgent})
	put(t, i, ours, domain.UserID{3}, Profile{Role: RoleAgent}) // two without an address are no conflict
	put(t, i, theirs, second, ana)                              // nor is another account

	for _, email := range []string{ana.Email, "ANA.ORTIZ@EXAMPLE.COM", " ana.ortiz@example.com "} {
		if got, err := i.UserByEmail(t.Context(), ours, email); err != nil || got != u {
			t.Errorf("UserByEmail(%q) = %+v, %v; want %+v", email, got, err, u)
		}
	}
	for _, email := range []string{"", "ana@example.com", "%", "ana.ortiz@example.com\x00", "\xff"} {
		if _, err := i.UserByEmail(t.Context(), ours, email); err != ErrUserNotFound {
			t.Errorf("UserByEmail(%q) = %v; want ErrUserNotFound", email, err)
		}
	}
	// An address that was given up is free.
	put(t, i, ours, first, Profile{Role: RoleAgent, Name: ana.Name})
	if _, err := i.UserByEmail(t.Context(), ours, ana.Email); err != ErrUserNotFound {
		t.Errorf("UserByEmail of an address given up = %v; want ErrUserNotFound", err)
	}
	put(t, i, ours, second, ana)
}

func TestAccountsDoNotReachEachOthersUsers(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	ours, theirs := newAccount(t, i, "ours"), newAccount(t, i, "theirs")
	id := domain.UserID{1}
	put(t, i, ours, id, ana)
	if _, err := i.User(t.Context(), theirs, id); err != ErrUserNotFound {
		t.Errorf("User of the other account = %v; want ErrUserNotFound", err)
	}
	if _, err := i.UserByEmail(t.Context(), theirs, ana.Email); err != ErrUserNotFound {
		t.Errorf("UserByEmail of the other account = %v; want ErrUserNotFound", err)
	}
	if page, err := i.Users(t.Context(), UserQuery{Account: theirs, Limit: 10, Count: true}); err != nil || len(page.Users) != 0 || page.Total != 0 {
		t.Errorf("Users of the other account = %+v, %v; want none", page, err)
	}
	if role, err := i.EnsureUser(t.Context(), theirs, id, RoleCustomer); err != nil || role != RoleCustomer {
		t.Errorf("EnsureUser with an id of the other account = %s, %v; want a user of its own", role, err)
	}
	// A sealed name that is carried over to another account or user does not open.
	put(t, i, ours, domain.UserID{2}, Profile{Role: RoleAgent})
	if _, err := i.pool.Exec(t.Context(), `UPDATE directory.users AS u SET sealed = o.sealed, bucket_id = o.bucket_id
		FROM directory.users AS o WHERE o.account_id = $1 AND o.user_id = $2 AND u.sealed IS NULL`, ours, id); err != nil {
		t.Fatal(err)
	}
	if u, err := i.User(t.Context(), theirs, id); err == nil || u.Name != "" {
		t.Errorf("a name from the other account opens: %v", err)
	}
	if u, err := i.User(t.Context(), ours, domain.UserID{2}); err == nil || u.Name != "" {
		t.Errorf("another user's name opens: %v", err)
	}
}

func TestNamesAreNotStoredInTheClear(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	account := newAccount(t, i, "ours")
	put(t, i, account, domain.UserID{1}, ana)
	var stored string
	err := i.pool.QueryRow(t.Context(), "SELECT string_agg(encode(sealed, 'escape') || encode(email_digest, 'escape') || u::text, '') FROM directory.users u").Scan(&stored)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"Ana", "Ortiz", "ortiz", "example.com"} {
		if strings.Contains(stored, secret) || strings.Contains(stored, fmt.Sprintf("%x", secret)) {
			t.Errorf("the table holds %q", secret)
		}
	}
}

// A person whose key was destroyed stays a user without name and address.
func TestErasedPerson(t *testing.T) {
	url := devstacktest.Postgres(t)
	i := newInstance(t, url)
	account := newAccount(t, i, "ours")
	id := domain.UserID{1}
	u := put(t, i, account, id, ana)
	if _, err := i.pool.Exec(t.Context(), "UPDATE keyring.buckets SET wrapped_key = NULL, destroyed_at = now()"); err != nil {
		t.Fatal(err)
	}
	later := newInstance(t, url)
	u.Name, u.Email = "", ""
	if got, err := later.User(t.Context(), account, id); err != nil || got != u {
		t.Errorf("User = %+v, %v; want %+v", got, err, u)
	}
}

// TestUsersAreListedInPages: forwards, backwards and by numbers of pages, of some roles or of
// all, each user comes once.
func TestUsersAreListedInPages(t *testing.T) {
	i := newInstance(t, devstacktest.Postgres(t))
	account := newAccount(t, i, "ours")
	byRoles := map[string][]User{}
	for n := range 25 {
		role := []Role{RoleCustomer, RoleCustomer, RoleAdmin, RoleAgent, RoleSystem}[n%5]
		u := put(t, i, account, domain.UserID(uuid.New()),
			Profile{Role: role, Name: fmt.Sprintf("User %d", n), Email: fmt.Sprintf("c%d@example.com", n)})
		byRoles[""] = append(byRoles[""], u)
		byRoles[string(role)] = append(byRoles[string(role)], u)
		if role == RoleAgent || role == RoleSystem {
			byRoles["agent,system"] = append(byRoles["agent,system"], u)
		}
	}
	for names, want := range byRoles {
		for _, limit := range []int{1, 2, 10, 25, 26, MaxPage + 1} {
			for _, desc := range []bool{false, true} {
				q := UserQuery{Account: account, Limit: limit, Desc: desc, Count: true}
				if names != "" {
					for name := range strings.SplitSeq(names, ",") {
						q.Roles = append(q.Roles, Role(name))
					}
				}
				checkUsers(t, i, q, want)
			}
		}
	}
	if page, err := i.Users(t.Context(), UserQuery{Account: account, Limit: -1}); err != nil || len(page.Users) != 1 || !page.More {
		t.Errorf("Users, less than one of them = %d, %v; want one", len(page.Users), err)
	}
}

func checkUsers(t *testing.T, i *instance, q UserQuery, want []User) {
	t.Helper()
	if q.Desc {
		want = slices.Clone(want)
		slices.Reverse(want)
	}
	for skip := 0; skip < len(want); skip += q.Limit {
		page := want[skip:min(skip+q.Limit, len(want))]
		more := skip+q.Limit < len(want)
		follows, skips, back := q, q, q
		if skip > 0 {
			follows.After = want[skip-1].Number
		}
		skips.Skip = skip
		for _, asked := range []UserQuery{follows, skips} {
			got, err := i.Users(t.Context(), asked)
			if err != nil || !slices.Equal(got.Users, page) || got.More != more || got.Total != len(want) {
				t.Errorf("Users(%+v) = %+v, %v; want %+v, more %t", asked, got, err, page, more)
			}
		}
		back.Before = page[len(page)-1].Number
		first := max(0, skip+len(page)-1-q.Limit)
		got, err := i.Users(t.Context(), back)
		if err != nil || !slices.Equal(got.Users, want[first:skip+len(page)-1]) || got.More != (first > 0) {
			t.Errorf("Users(%+v) = %+v, %v; want %d to %d, more %t", back, got, err, first, skip+len(page)-1, first > 0)
		}
	}
}
