package auth

import (
	"fmt"
	"strings"
)

// A Scope is one thing that a key may do. The set is closed. None implies
// another: a key lists each of those it has.
type Scope uint16

const (
	CommentsRead Scope = 1 << iota
	CommentsWrite
	CommentsDelete
	CommentsRedact
	CommentsActAs // write in the name of others, keeping both author and actor
	TicketsWrite  // introduce and change tickets and users
	AuditRead     // history, and what was deleted
	Admin         // administer the account; edit and delete anyone's comments
)

var scopeNames = [...]string{
	"comments:read", "comments:write", "comments:delete", "comments:redact", "comments:act_as",
	"tickets:write", "audit:read", "admin",
}

// customerScopes are those that a customer's key can have; the rest would show or
// move what is not the customer's.
const customerScopes = Scopes(CommentsRead | CommentsWrite | CommentsDelete)

// String returns the name of the scope.
func (s Scope) String() string {
	for i, name := range scopeNames {
		if s == 1<<i {
			return name
		}
	}
	return fmt.Sprintf("Scope(%#x)", uint16(s))
}

// Scopes is a set of scopes. Its zero value is empty.
type Scopes uint16

// Has reports whether scope is in the set.
func (s Scopes) Has(scope Scope) bool { return scope != 0 && uint16(s)&uint16(scope) == uint16(scope) }

// Names returns the names of the scopes in the set, in a fixed order.
func (s Scopes) Names() []string {
	names := make([]string, 0, len(scopeNames))
	for i, name := range scopeNames {
		if s.Has(1 << i) {
			names = append(names, name)
		}
	}
	return names
}

// String returns the names joined by commas, as an operator types them.
func (s Scopes) String() string { return strings.Join(s.Names(), ",") }

// ScopesOf returns the set of the scopes given.
func ScopesOf(scopes ...Scope) (s Scopes) {
	for _, scope := range scopes {
		s |= Scopes(scope)
	}
	return s
}

// ParseScopes returns the set of the scopes named. The error of a name that is
// none says which one it is, counted from 1, and lists those there are.
func ParseScopes(names []string) (Scopes, error) {
	var s Scopes
	for i, name := range names {
		scope, ok := scopeNamed(name)
		if !ok {
			return 0, fmt.Errorf("scope %d is none of %s", i+1, strings.Join(scopeNames[:], ", "))
		}
		s |= Scopes(scope)
	}
	return s, nil
}

func scopeNamed(name string) (Scope, bool) {
	for i, known := range scopeNames {
		if name == known {
			return 1 << i, true
		}
	}
	return 0, false
}
