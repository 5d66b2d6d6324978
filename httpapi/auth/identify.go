package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// addresses finds users by their e-mail addresses: directory.Store.
type addresses interface {
	Identity(ctx context.Context, account domain.AccountID, email string) (directory.Identity, error)
}

// Identify returns whom the credentials of r stand for, in whichever of the three
// forms they are. An address that is given with a key is to be that of the key's own
// user; the key of an integration with the scope comments:act_as may be given with the
// address of any active user, and then stands for that user. The error is
// ErrUnauthorized or wraps ErrUnavailable.
func (s *Store) Identify(r *http.Request, people addresses) (*Principal, error) {
	credentials, err := ParseAuthorization(r.Header["Authorization"])
	if err != nil {
		return nil, err
	}
	p, err := s.lookup(r.Context(), credentials.Key)
	if err != nil || credentials.Form == FormBearer {
		return p, err
	}
	as, err := p.as(r.Context(), people, credentials.Email)
	switch {
	case errors.Is(err, ErrNoUser):
		return nil, ErrUnauthorized
	case err != nil:
		return nil, err
	case as.UserID == p.UserID:
		return p, nil
	case p.Kind != domain.ActorIntegration || !p.Has(CommentsActAs):
		return nil, ErrUnauthorized
	}
	return as, nil
}

// OnBehalfOf returns the principal that p becomes by asking on behalf of the user with
// the address. That is for administrators; the error is a *ForbiddenError of anyone
// else, ErrNoUser if there is no active user with the address, or wraps ErrUnavailable.
func (p *Principal) OnBehalfOf(ctx context.Context, people addresses, email string) (*Principal, error) {
	if p.Role != directory.RoleAdmin || !p.Has(Admin) {
		return nil, &ForbiddenError{Missing: Admin}
	}
	return p.as(ctx, people, email)
}

// as returns a principal with the key of p that stands for the user with the address:
// of the user's role, and with no scope that a key of the user could not have.
func (p *Principal) as(ctx context.Context, people addresses, email string) (*Principal, error) {
	who, err := people.Identity(ctx, p.Account, email)
	switch {
	case errors.Is(err, directory.ErrUserNotFound) || err == nil && !who.Active:
		return nil, ErrNoUser
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	as := *p
	as.UserID, as.Role, as.Kind = who.ID, who.Role, who.Role.ActorKind()
	switch who.Role {
	case directory.RoleCustomer:
		as.Scopes &= customerScopes
	case directory.RoleAdmin:
	default:
		as.Scopes &^= Scopes(Admin) // an administrator who asks for somebody else is none meanwhile
	}
	return &as, nil
}
