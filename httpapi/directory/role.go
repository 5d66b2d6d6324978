package directory

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
