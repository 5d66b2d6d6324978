package directory

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

//go:embed sql/put_user.sql
var putUserSQL string

//go:embed sql/ensure_user.sql
var ensureUserSQL string

//go:embed sql/get_role.sql
var getRoleSQL string

// PutUser introduces a user or replaces all that is known of one but its id and
// number, and reports whether it was new. Putting what is there already changes
// nothing. The error is ErrEmailTaken, ErrAccountNotFound or an *InvalidError.
func (s *Store) PutUser(ctx context.Context, account domain.AccountID, id domain.UserID, p Profile) (u User, created bool, err error) {
	if err := p.validate(); err != nil {
		return User{}, false, err
	}
	old, err := s.User(ctx, account, id)
	switch {
	case errors.Is(err, ErrUserNotFound):
		created = true
		if old.Number, err = s.numbers.Draw(ctx, account, 1); err != nil {
			return User{}, false, fmt.Errorf("put user %s: %w", id, err)
		}
	case err != nil:
		return User{}, false, err
	case p == Profile{Role: old.Role, Name: old.Name, Email: old.Email, Active: old.Active}:
		return old, false, nil
	}
	sealed, err := s.seal(ctx, account, id, p)
	if err != nil {
		return User{}, false, sealing("put user "+id.String(), err)
	}
	u = User{Account: account, ID: id, Role: p.Role, Name: p.Name, Email: p.Email, Active: p.Active}
	err = s.pool.QueryRow(ctx, putUserSQL, account, id, old.Number, p.Role, p.Active,
		sealed.bucket, sealed.person, sealed.emailDigest).Scan(&u.Number, &u.CreatedAt, &u.UpdatedAt)
	switch {
	case violates(err, "users_email_key"):
		return User{}, false, ErrEmailTaken
	case violates(err, "users_account_fkey"):
		return User{}, false, ErrAccountNotFound
	case err != nil:
		return User{}, false, unavailable("put user "+id.String(), err)
	}
	s.roles.Forget(userKey{account, id})
	// Nobody else draws the same number: with another one, somebody was faster.
	return u, created && u.Number == old.Number, nil
}

// EnsureUser introduces a user of whom only the id and the role are known, unless
// there is a user with the id, and returns the role that the user has. The caller
// refuses what does not fit it.
func (s *Store) EnsureUser(ctx context.Context, account domain.AccountID, id domain.UserID, role Role) (Role, error) {
	if !role.Valid() {
		return "", Profile{Role: role}.validate()
	}
	key := userKey{account, id}
	known, err := s.roles.Get(ctx, key)
	if err != nil {
		return "", unavailable("load role of user "+id.String(), err)
	}
	if known != "" {
		return known, nil
	}
	number, err := s.numbers.Draw(ctx, account, 1)
	if err != nil {
		return "", fmt.Errorf("ensure user %s: %w", id, err)
	}
	_, err = s.pool.Exec(ctx, ensureUserSQL, account, id, number, role)
	if violates(err, "users_account_fkey") {
		return "", ErrAccountNotFound
	}
	if err != nil {
		return "", unavailable("ensure user "+id.String(), err)
	}
	s.roles.Forget(key)
	// Another instance may have been first, with another role.
	return s.loadRole(ctx, key)
}

// loadRole returns the role of a user, or "" if there is none.
func (s *Store) loadRole(ctx context.Context, key userKey) (role Role, err error) {
	err = s.pool.QueryRow(ctx, getRoleSQL, key.account, key.user).Scan(&role)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", unavailable("load role of user "+key.user.String(), err)
	}
	return role, nil
}

// sealedProfile is a profile as it is stored. All is null of a nameless user.
type sealedProfile struct {
	bucket      *int64
	person      []byte
	emailDigest []byte
}

func (s *Store) seal(ctx context.Context, account domain.AccountID, id domain.UserID, p Profile) (sealedProfile, error) {
	if p.Name == "" && p.Email == "" {
		return sealedProfile{}, nil
	}
	document := vault.EncodePerson(vault.Person{Name: p.Name, Email: p.Email})
	sealed, err := s.vault.Seal(ctx, vault.OfPerson(account, id), document)
	if err != nil {
		return sealedProfile{}, err
	}
	out := sealedProfile{bucket: &sealed.BucketID, person: sealed.Bytes}
	if p.Email != "" {
		out.emailDigest = s.vault.EmailDigest(account, p.Email)
	}
	return out, nil
}
