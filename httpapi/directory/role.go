package directory

import "github.com/commentd/commentd/domain"

// Role says what a user is to the account. The set is closed.
type Role string

const (
	RoleAgent    Role = "agent"    // a person of the helpdesk
	RoleAdmin    Role = "admin"    // an agent who also administers the account
	RoleCustomer Role = "customer" // a person who asks for help
	RoleSystem   Role = "system"   // a program
)

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool {
	switch r {
	case RoleAgent, RoleAdmin, RoleCustomer, RoleSystem:
		return true
	}
	return false
}

// ActorKind is the kind of a user of the role who acts in person.
func (r Role) ActorKind() domain.ActorKind {
	switch r {
	case RoleAgent, RoleAdmin:
		return domain.ActorAgent
	case RoleCustomer:
		return domain.ActorCustomer
	case RoleSystem:
		return domain.ActorSystem
	}
	return "" // may see and do nothing
}
