// Package inbound is what the APIs read of a request in the same way, whatever they make
// of it: how large and deep a body may be, where it comes from, its Idempotency-Key.
package inbound
