package auth

import (
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// A Key is what is known of an API key once it has been shown: everything but
// the key itself.
type Key struct {
	ID          uuid.UUID
	Account     domain.AccountID
	AccountSlug string
	UserID      domain.UserID // whom it stands for
	Kind        domain.ActorKind
	Scopes      Scopes
	Label       string
	Hint        string // its last four characters
	CreatedAt   time.Time
	ExpiresAt   *time.Time // nil: never
	RevokedAt   *time.Time // nil: not revoked

	role directory.Role
}

// NewKey describes a key to be created.
type NewKey struct {
	Account   domain.AccountID
	UserID    domain.UserID    // an existing user; the kind must fit its role
	Kind      domain.ActorKind // agent, customer, system or integration
	Scopes    Scopes           // a customer's: of comments:read, comments:write, comments:delete
	Label     string           // what an operator calls it, at most 100 characters; stored in the clear
	ExpiresAt *time.Time       // nil: never
	Fixed     string           // the key itself (Compose), for demonstrations; empty: a random one
}

const maxLabel = 100

func (n NewKey) validate(now time.Time) error {
	switch {
	case !known(n.Kind):
		return errKind
	case n.Scopes == 0:
		return invalid("scopes", "must name at least one")
	case n.Kind == domain.ActorCustomer && n.Scopes&^customerScopes != 0:
		return invalid("scopes", "of a customer can be "+customerScopes.String()+" only")
	case utf8.RuneCountInString(n.Label) > maxLabel || !isLabel(n.Label):
		return invalid("label", "must be at most 100 printable characters")
	case n.ExpiresAt != nil && !n.ExpiresAt.After(now):
		return invalid("expires", "must be in the future")
	}
	return nil
}

func isLabel(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// scanKey reads a row of get.sql or list.sql.
func scanKey(row pgx.CollectableRow) (Key, error) {
	var k Key
	var scopes []string
	err := row.Scan(&k.ID, &k.Account, &k.AccountSlug, &k.UserID, &k.role, &k.Kind, &scopes,
		&k.Label, &k.Hint, &k.CreatedAt, &k.ExpiresAt, &k.RevokedAt)
	k.Scopes = storedScopes(scopes)
	return k, err
}

// storedScopes leaves out what it does not know: a later release's scope allows
// nothing here, and the rest of the key stays good.
func storedScopes(names []string) (s Scopes) {
	for _, name := range names {
		if scope, ok := scopeNamed(name); ok {
			s |= Scopes(scope)
		}
	}
	return s
}
