// Package eventstore is the write side: what happened, in one order, for ever.
//
// # Guarantees
//
// Atomicity. The events of a command, the contents they bring, the rows that later
// commands are decided on and the receipt of its Idempotency-Key are written
// together or not at all.
//
// Order. Events of a ticket have versions 1, 2, 3 and so on; events of the log have
// positions 1, 2, 3 and so on; the order of positions is the order of commits. A
// reader that has seen position n has seen, and will ever see, all that is at n or
// before.
//
// Durability. An answer without error means that Postgres has the write on disk. A
// write whose outcome cannot be known is reported as ErrUnknownOutcome, never as
// "not written"; the same receipt settles it on the next try.
//
// Secrecy. What people typed is sealed (package vault) before it leaves the
// process. The log holds ids and digests.
//
// Only this package reads or writes the schema log, but for the one snapshot query
// of projections/threads.
package eventstore
