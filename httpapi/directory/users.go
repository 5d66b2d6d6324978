package directory

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
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
// nothing. The error is that of ChangeUser.
func (s *Store) PutUser(ctx context.Context, account domain.AccountID, id domain.UserID, p Profile) (u User, created bool, err error) {
	return s.ChangeUser(ctx, account, id, func(User, bool) (Profile, error) { return p, nil })
}

// maxTries bounds how often a change is made anew because somebody else was faster.
// Each loss means that somebody else made progress.
const maxTries = 100

// ChangeUser is PutUser of what change makes of a user, or of the zero User if there
// is none and known is false. If another change comes in between, change is called
// again, with what that has left. The error is that of change, ErrEmailTaken,
// ErrAccountNotFound, an *InvalidError, eventstore.ErrBusy or
// eventstore.ErrUnavailable.
func (s *Store) ChangeUser(ctx context.Context, account domain.AccountID, id domain.UserID, change func(old User, known bool) (Profile, error)) (u User, created bool, err error) {
	for range maxTries {
		old, err := s.User(ctx, account, id)
		known := err == nil
		if err != nil && !errors.Is(err, ErrUserNotFound) {
			return User{}, false, err
		}
		p, err := change(old, known)
		if err == nil {
			err = first(p.Invalid())
		}
		if err != nil {
			return User{}, false, err
		}
		if known && p == (Profile{Role: old.Role, Name: old.Name, Email: old.Email, Active: old.Active}) {
			return old, false, nil
		}
		u, err := s.replace(ctx, account, id, old, p)
		if errors.Is(err, ErrEmailTaken) {
			// Two who write one user at once may meet at the address before they meet at
			// the id.
			if holder, met := s.UserByEmail(ctx, account, p.Email); met == nil && holder.ID == id {
				continue
			}
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return u, err == nil && !known, err
		}
	}
	return User{}, false, fmt.Errorf("change user %s: %w", id, eventstore.ErrBusy)
}

// replace writes the profile of a user who is still as old says. The error is
// pgx.ErrNoRows if the user is not, or if it has to be tried again with another key.
func (s *Store) replace(ctx context.Context, account domain.AccountID, id domain.UserID, old User, p Profile) (User, error) {
	doing := "put user " + id.String()
	var seen *time.Time // nil: there was no such user
	if old.Number == 0 {
		number, err := s.numbers.Draw(ctx, account, 1)
		if err != nil {
			return User{}, fmt.Errorf("%s: %w", doing, err)
		}
		old.Number = number
	} else {
		seen = &old.UpdatedAt
	}
	sealed, err := s.seal(ctx, account, id, p)
	if err != nil {
		return User{}, sealing(doing, err)
	}
	u := User{Account: account, ID: id, Role: p.Role, Name: p.Name, Email: p.Email, Active: p.Active}
	var retired bool
	var batch pgx.Batch
	batch.Queue("SELECT log.hold_buckets()")
	batch.Queue(putUserSQL, account, id, old.Number, p.Role, p.Active, sealed.bucket, sealed.person, sealed.emailDigest, seen).
		QueryRow(func(row pgx.Row) error { return row.Scan(&retired, &u.Number, &u.CreatedAt, &u.UpdatedAt) })
	err = s.pool.SendBatch(ctx, &batch).Close()
	switch {
	case err == nil && retired:
		s.vault.Forget(*sealed.bucket)
		return User{}, pgx.ErrNoRows // the next try takes another key
	case errors.Is(err, pgx.ErrNoRows):
		return User{}, err
	case violates(err, "users_number_key"):
		// A number is never drawn twice: ON CONFLICT has overlooked the row, since somebody
		// was changing it at that moment, and met its number before looking again.
		return User{}, pgx.ErrNoRows
	case violates(err, "users_email_key"):
		return User{}, ErrEmailTaken
	case violates(err, "users_account_fkey"):
		return User{}, ErrAccountNotFound
	case err != nil:
		return User{}, unavailable(doing, err)
	}
	s.roles.Forget(userKey{account, id})
	return u, nil
}

// EnsureUser introduces a user of whom only the id and the role are known, unless
// there is a user with the id, and returns the role that the user has. The caller
// refuses what does not fit it.
func (s *Store) EnsureUser(ctx context.Context, account domain.AccountID, id domain.UserID, role Role) (Role, error) {
	if !role.Valid() {
		return "", first(Profile{Role: role}.Invalid())
	}
	if known, err := s.Role(ctx, account, id); err != nil || known != "" {
		return known, err
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
	key := userKey{account, id}
	s.roles.Forget(key)
	// Another instance may have been first, with another role.
	return s.loadRole(ctx, key)
}

// Role returns the role of a user as it was at some moment of the last second, ""
// if there is no such user.
func (s *Store) Role(ctx context.Context, account domain.AccountID, id domain.UserID) (Role, error) {
	role, err := s.roles.Get(ctx, userKey{account, id})
	if err != nil {
		return "", unavailable("load role of user "+id.String(), err)
	}
	return role, nil
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
