package directory

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
)

var (
	// ErrAccountNotFound: there is no such account.
	ErrAccountNotFound = errors.New("there is no such account")
	// ErrAccountErased: there was one.
	ErrAccountErased = errors.New("the account was erased")
	// ErrSlugTaken: another account has the slug.
	ErrSlugTaken = errors.New("another account has this slug")
	// ErrUserNotFound: the account has no such user.
	ErrUserNotFound = errors.New("there is no such user")
	// ErrEmailTaken: another user of the account has the address.
	ErrEmailTaken = errors.New("another user has this e-mail address")
)

// An InvalidError says what is wrong with a value, without repeating it.
type InvalidError struct {
	Field   string // as the caller named it
	Message string // what it must be
}

func (e *InvalidError) Error() string { return e.Field + " " + e.Message }

// sealing says whether a failure of the vault may pass: a damaged seal, or one of
// another root key, does not mend itself.
func sealing(doing string, err error) error {
	if errors.Is(err, vault.ErrUnavailable) {
		return unavailable(doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func unavailable(doing string, err error) error {
	if errors.Is(err, eventstore.ErrUnavailable) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%w: %s: %w", eventstore.ErrUnavailable, doing, err)
}

func violates(err error, constraint string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.ConstraintName == constraint
}
