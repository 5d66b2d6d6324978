package domain

import "fmt"

// ActorKind says what sort of principal acts. The zero value is no kind: it may
// do and see nothing.
type ActorKind string

const (
	ActorAgent       ActorKind = "agent"       // a person of the helpdesk
	ActorCustomer    ActorKind = "customer"    // a person who asks for help
	ActorSystem      ActorKind = "system"      // internal automation
	ActorIntegration ActorKind = "integration" // a program that relays what others say
)

// Actor is who did something, as recorded in the event.
type Actor struct {
	Kind ActorKind `json:"kind"`
	ID   UserID    `json:"id"`
}

// SeesInternal reports whether the actor may see internal notes and that they
// exist.
func (a Actor) SeesInternal() bool {
	switch a.Kind {
	case ActorAgent, ActorSystem, ActorIntegration:
		return true
	}
	return false
}

// AuthorType says on whose side the author of a comment stands. The numbers are
// stored.
type AuthorType int16

const (
	AuthorAgent    AuthorType = 1
	AuthorCustomer AuthorType = 2
	AuthorSystem   AuthorType = 3
)

// AuthorTypes is how many author types there are; counts by author type are kept
// in an array of this length, that of type t at t-1.
const AuthorTypes = 3

var authorNames = [...]string{AuthorAgent: "AGENT", AuthorCustomer: "CUSTOMER", AuthorSystem: "SYSTEM"}

// String gives the name used on the wire (contract §13.1): AGENT, CUSTOMER, SYSTEM.
func (t AuthorType) String() string {
	if t < AuthorAgent || t > AuthorSystem {
		return fmt.Sprintf("AuthorType(%d)", int16(t))
	}
	return authorNames[t]
}

// MarshalText is String.
func (t AuthorType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the wire name, upper case only.
func (t *AuthorType) UnmarshalText(b []byte) error {
	for i := AuthorAgent; i <= AuthorSystem; i++ {
		if authorNames[i] == string(b) {
			*t = i
			return nil
		}
	}
	return fmt.Errorf("author type is none of AGENT, CUSTOMER, SYSTEM")
}

// Author is who a comment is shown as coming from.
type Author struct {
	Type AuthorType `json:"type"`
	ID   UserID     `json:"id"`
}

// Own returns the author of what the actor writes in its own name.
func (a Actor) Own() Author {
	switch a.Kind {
	case ActorAgent:
		return Author{Type: AuthorAgent, ID: a.ID}
	case ActorCustomer:
		return Author{Type: AuthorCustomer, ID: a.ID}
	}
	return Author{Type: AuthorSystem, ID: a.ID}
}
