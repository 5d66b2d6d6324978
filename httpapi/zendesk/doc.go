// Package zendesk is the Zendesk-compatible API of ticket comments, /api/v2: what
// clients of that API can do there with comments, they can do here by another host and
// other credentials. README.md says line by line what is served, and what is not.
//
// It is a second face of what /v1 shows: the same store, the same rights. Things have
// numbers here and UUIDs there, for good and one for one; a number of another account
// is no number.
//
// A handler parses, calls and replies, and returns its error. What becomes of an error
// is decided by package problem; refusal.go says how it reads here. Which operations
// there are, operations.go says in one table.
package zendesk
