package auth

import (
	"errors"
	"fmt"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/directory"
)

var (
	// ErrUnauthorized: no key, one that is not or no longer good, or credentials
	// of another form. It never says which.
	ErrUnauthorized = errors.New("a valid API key is required")
	// ErrUnavailable: the key may be good, but Postgres could not be asked.
	// It wraps eventstore.ErrUnavailable.
	ErrUnavailable = fmt.Errorf("API keys cannot be checked: %w", eventstore.ErrUnavailable)
	// ErrNotFound: the account has no such key.
	ErrNotFound = errors.New("there is no such key")
	// ErrNoUser: the account has no such user.
	ErrNoUser = errors.New("there is no such user")
	// ErrKeyInUse: the fixed key exists, and stands for something else.
	ErrKeyInUse = errors.New("this key exists already, with another user, kind or other scopes")
)

// A ForbiddenError says that a good key lacks a scope.
type ForbiddenError struct {
	Missing Scope
}

func (e *ForbiddenError) Error() string { return "the key lacks the scope " + e.Missing.String() }

func invalid(field, message string) error {
	return &directory.InvalidError{Field: field, Message: message}
}

var errKind = invalid("kind", "must be agent, customer, system or integration")
