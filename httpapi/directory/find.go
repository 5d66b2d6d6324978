package directory

import (
	"context"
	_ "embed"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

//go:embed sql/get_user.sql
var getUserSQL string

//go:embed sql/get_user_by_email.sql
var getUserByEmailSQL string

//go:embed sql/get_users_by_email.sql
var getUsersByEmailSQL string

//go:embed sql/get_users_by_id.sql
var getUsersByIDSQL string

//go:embed sql/get_users_by_number.sql
var getUsersByNumberSQL string

//go:embed sql/get_seal.sql
var getSealSQL string

// User returns the user with the id, or ErrUserNotFound.
func (s *Store) User(ctx context.Context, account domain.AccountID, id domain.UserID) (User, error) {
	return s.one(s.users(ctx, account, getUserSQL, account, id))
}

// UserByEmail returns the user who has the address, in whatever case it is
// written, or ErrUserNotFound.
func (s *Store) UserByEmail(ctx context.Context, account domain.AccountID, email string) (User, error) {
	return s.one(s.users(ctx, account, getUserByEmailSQL, account, s.vault.EmailDigest(account, email)))
}

// UserByNumber returns the user with the number, or ErrUserNotFound.
func (s *Store) UserByNumber(ctx context.Context, account domain.AccountID, number int64) (User, error) {
	return s.one(s.UsersByNumber(ctx, account, number))
}

// UsersByNumber returns the users with the numbers, each once and in order of their
// numbers. What is no user's number is left out.
func (s *Store) UsersByNumber(ctx context.Context, account domain.AccountID, numbers ...int64) ([]User, error) {
	return s.users(ctx, account, getUsersByNumberSQL, account, numbers)
}

// UsersByID is UsersByNumber by ids.
func (s *Store) UsersByID(ctx context.Context, account domain.AccountID, ids ...domain.UserID) ([]User, error) {
	return s.users(ctx, account, getUsersByIDSQL, account, uuids(ids))
}

// UsersByEmail is UsersByNumber by addresses, in whatever case they are written.
func (s *Store) UsersByEmail(ctx context.Context, account domain.AccountID, emails ...string) ([]User, error) {
	digests := make([][]byte, len(emails))
	for i, email := range emails {
		digests[i] = s.vault.EmailDigest(account, email)
	}
	return s.users(ctx, account, getUsersByEmailSQL, account, digests)
}

func (s *Store) one(users []User, err error) (User, error) {
	if err != nil {
		return User{}, err
	}
	if len(users) == 0 {
		return User{}, ErrUserNotFound
	}
	return users[0], nil
}

// sealedUser is a row of users before its seal is opened.
type sealedUser struct {
	User
	bucket *int64
	person []byte
}

// users runs a statement that returns users of the account, and opens their seals
// once the connection is free again.
func (s *Store) users(ctx context.Context, account domain.AccountID, sql string, args ...any) ([]User, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, unavailable("find users", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sealedUser, error) {
		u := sealedUser{User: User{Account: account}}
		return u, row.Scan(&u.ID, &u.Number, &u.Role, &u.Active, &u.CreatedAt, &u.UpdatedAt, &u.bucket, &u.person)
	})
	if err != nil {
		return nil, unavailable("find users", err)
	}
	var buckets []int64
	for _, u := range found {
		if u.bucket != nil {
			buckets = append(buckets, *u.bucket)
		}
	}
	if err := s.vault.Prefetch(ctx, buckets); err != nil {
		return nil, sealing("find users", err)
	}
	users := make([]User, len(found))
	for i, u := range found {
		if users[i], err = s.open(ctx, u); err != nil {
			return nil, err
		}
	}
	return users, nil
}

// maxMoves bounds how often a person is looked for again because the key has just been
// destroyed. Between two moves of one person lies a whole round of re-keying.
const maxMoves = 3

// open fills in name and address. A person whose key was destroyed has neither; but if
// that was after the row was read, the person is under another key by now.
func (s *Store) open(ctx context.Context, u sealedUser) (User, error) {
	if u.bucket == nil {
		return u.User, nil
	}
	var document []byte
	err := vault.ErrDestroyed
	for range maxMoves {
		document, err = s.vault.Open(ctx, vault.OfPerson(u.Account, u.ID), *u.bucket, u.person)
		if !errors.Is(err, vault.ErrDestroyed) {
			break
		}
		var bucket *int64
		var person []byte
		if err := s.pool.QueryRow(ctx, getSealSQL, u.Account, u.ID).Scan(&bucket, &person); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return User{}, unavailable("find users", err)
		}
		if bucket == nil || *bucket == *u.bucket {
			break
		}
		u.bucket, u.person = bucket, person
	}
	if errors.Is(err, vault.ErrDestroyed) {
		return u.User, nil
	}
	if err != nil {
		return User{}, sealing("user "+u.ID.String(), err)
	}
	person, err := vault.DecodePerson(document)
	if err != nil {
		return User{}, sealing("user "+u.ID.String(), err)
	}
	u.Name, u.Email = person.Name, person.Email
	return u.User, nil
}
