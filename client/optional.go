package client

import "encoding/json"

// Optional is a member that may be absent, null, or a value. The zero value is absent.
type Optional[T any] struct {
	given bool
	value *T
}

// Set gives a value.
func Set[T any](v T) Optional[T] { return Optional[T]{true, &v} }

// Null clears.
func Null[T any]() Optional[T] { return Optional[T]{given: true} }

// IsZero reports whether it is absent.
func (o Optional[T]) IsZero() bool { return !o.given }

// MarshalJSON gives the value, or null.
func (o Optional[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.value) }
