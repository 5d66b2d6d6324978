// Package auth is about API keys: what they look like, how they are kept, whom
// they stand for and what they may do.
//
// # Format
//
// A key is 44 characters: "cmt_", the first letter of its kind (agent, customer,
// integration, system), "_", 32 random letters and digits (190 bits), and 6 more
// that encode the CRC-32 of all that stands before them. A mistyped or made-up
// key is refused by its checksum, without a query. Secret scanners find keys by
// Pattern, and can tell real ones by the checksum.
//
// # Guarantees
//
// A key is shown once, when it is created; what is stored is its SHA-256 and, to
// tell keys apart, its last four characters. No error of this package, and no
// value but the string that Create returns, holds a key.
//
// A key that is revoked or has expired, whose user was deactivated or has changed
// to a role that the kind of key does not fit, is refused by every instance
// within a second. While Postgres cannot be asked, a key that was good within the
// last second is still good; any other is answered ErrUnavailable, never
// ErrUnauthorized.
//
// What is unknown is refused: an unknown kind of key sees no internal notes, an
// unknown scope allows nothing, a context without a principal holds one that may
// do nothing.
package auth
