// Package files keeps the files that go with comments: the table log.files, beside
// log.append, and the blobs that it names.
//
// # From an upload to a comment
//
// Put seals a file and stores it as a blob under a key of its own. Add notes it as part
// of an upload. Until a comment attaches it, all that is known of it is sealed under a
// key made from the token of the upload, which nobody but its holder has. Claim opens the
// files of uploads for a comment, whose text they become part of; log.append then attaches
// them, all of an upload or none, once.
//
// # The end of a file
//
// A redaction or an erasure marks the rows of what it removes, in its own transaction.
// The key is gone with the content that held it; RemoveMarked deletes the blobs, and then
// the rows, before the obligation of the event is completed. Sweep does the same for
// uploads that have expired, and for blobs that no row has known for a day: those of
// requests that came to nothing.
//
// Blobs go before their rows, so that one that could not be deleted is not forgotten.
package files
