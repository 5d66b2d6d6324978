// Package audit keeps the log honest: it extends a Merkle tree (RFC 6962) by what is
// appended, signs the tree's head at least once a second while events arrive, proves
// what is in the log, and checks all of it.
//
// # What it is worth
//
// The leaf of an event covers every column of its row (Leaf). Whoever holds a signed
// head can be shown that an event is in the log that the head speaks of (inclusion),
// and that a later log begins with it (consistency). So an event cannot be changed,
// removed, added in the middle or moved without either contradicting a head that was
// signed before, or the key that signs, which is derived from the root key and is in
// no database.
//
// Texts are bound to the log by the keyed digests that events hold. They are not in
// the tree, which is why it stands when they are redacted or erased.
//
// # What it is not
//
// Whoever has both the database and the root key can sign another history. That is
// found by those who kept a head of the first one: a Witness outside, or anybody who
// has asked for one. Events younger than the last head (a second, as a rule) are not
// sealed yet.
//
// Only this package reads or writes the schema audit. As part of the event store it
// reads the schema log.
package audit
