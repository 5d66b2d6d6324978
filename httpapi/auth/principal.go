package auth

import (
	"context"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// A Principal is whom a good key stands for, and what the key may do. The zero
// Principal is nobody and may nothing.
type Principal struct {
	Account     domain.AccountID
	AccountSlug string
	UserID      domain.UserID
	Kind        domain.ActorKind
	Role        directory.Role // of the user; the kind fits it
	Scopes      Scopes
	KeyID       uuid.UUID
}

// Has reports whether the key has the scope.
func (p Principal) Has(scope Scope) bool { return p.Scopes.Has(scope) }

// Require returns nil if the key has the scope, else a *ForbiddenError.
func (p Principal) Require(scope Scope) error {
	if !p.Has(scope) {
		return &ForbiddenError{Missing: scope}
	}
	return nil
}

// MaySeeInternal reports whether the principal may see internal notes and that
// they exist: everyone but customers, and nobody of whom that is not certain.
func (p Principal) MaySeeInternal() bool { return p.Actor().SeesInternal() && fits(p.Kind, p.Role) }

// MayMake reports whether the principal may make of a user what profile says: agents and
// administrators, and the role of anybody who is known, are for the scope admin. Whoever
// could deactivate an administrator, or make one, would be one.
func (p Principal) MayMake(old directory.User, known bool, profile directory.Profile) bool {
	privileged := profile.Role == directory.RoleAgent || profile.Role == directory.RoleAdmin
	return p.Has(Admin) || !privileged && (!known || old.Role == profile.Role)
}

// Actor is the principal as events record it.
func (p Principal) Actor() domain.Actor { return domain.Actor{Kind: p.Kind, ID: p.UserID} }

// By is the principal as commands carry it.
func (p Principal) By() domain.By {
	return domain.By{Actor: p.Actor(), Admin: p.Has(Admin), ActAs: p.Has(CommentsActAs)}
}

// fits reports whether a key of the kind can stand for a user of the role. A
// key whose user has changed sides is not good on either.
func fits(kind domain.ActorKind, role directory.Role) bool {
	switch kind {
	case domain.ActorAgent:
		return role == directory.RoleAgent || role == directory.RoleAdmin
	case domain.ActorCustomer:
		return role == directory.RoleCustomer
	case domain.ActorSystem:
		return role == directory.RoleSystem
	case domain.ActorIntegration:
		return role == directory.RoleSystem || role == directory.RoleAgent || role == directory.RoleAdmin
	}
	return false
}

func known(kind domain.ActorKind) bool {
	switch kind {
	case domain.ActorAgent, domain.ActorCustomer, domain.ActorSystem, domain.ActorIntegration:
		return true
	}
	return false
}

type contextKey struct{}

// WithPrincipal returns ctx with p in it, for From.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, &p)
}

// From returns the principal of the request that ctx belongs to; without one, the
// zero Principal, which may nothing.
func From(ctx context.Context) Principal {
	if p, ok := ctx.Value(contextKey{}).(*Principal); ok {
		return *p
	}
	return Principal{}
}
