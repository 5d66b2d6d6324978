// Package vault is the one home of text: it seals what people typed, and what
// identifies them, before that leaves the process, and opens it again.
//
// # Keys
//
//	root key      held outside the database (RootKey)
//	└ bucket key  keyring.buckets; of one account and purpose, for at most 1,024 contents
//	  └ data key  wrapped beside the ciphertext; for one content
//
// Whoever has the database without the root key can open nothing. A content is
// gone for good once its row is deleted and its bucket key destroyed: the data key
// that may still lie in a dead tuple, the WAL or a backup is then noise. The
// keyring is tiny so that its file can be rewritten when that happens.
//
// # Format
//
// A sealed content is
//
//	version (1 byte) | data key | content
//
// both parts sealed by AES-256-GCM as nonce (12) | ciphertext | tag (16), with a
// random nonce. Authenticated with the content is the Place it belongs to; with the
// data key, what the row itself tells: account, purpose, content (or user) and
// bucket. So a row that was moved to another account, ticket, comment or version does
// not open, and whoever sees nothing but rows can wrap their data keys anew under
// another bucket, without touching the contents. Inside is
//
//	salt (16) | length (uvarint) | document | zeros
//
// filled up to a size class, so that the length of a row tells the length of a
// text within an eighth. The event that brings a content holds
// HMAC-SHA256(salt, document): it binds the one text to the log and says nothing
// about it once the salt is gone.
//
// # What this package does not promise
//
// Texts and keys lie in the memory of the process. Whoever may write the database
// can make contents unreadable, and can put back an older sealed name of the same
// person; an older text of a comment is caught by its event's digest.
//
// Only this package reads or writes the schema keyring.
package vault
