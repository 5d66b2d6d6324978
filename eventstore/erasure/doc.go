// Package erasure keeps the promise that what was removed is gone for good. An event
// that removes contents leaves an obligation: the keys that could still open them, in
// dead rows, the write-ahead log and backups, are to be destroyed.
//
// # A round
//
// The Worker takes all obligations that are open and
//
//  1. retires their bucket keys: nothing is sealed under them any more (log.retire_buckets);
//  2. wraps the data keys of all that is left under them anew, under another bucket;
//  3. destroys the keys, rewrites the table of the keyring and reads its files;
//  4. notes that the keys are destroyed;
//  5. deletes the files that were removed, and appends obligation.completed to each ticket.
//
// Nothing of this is in memory only. A worker that is killed anywhere leaves tables from
// which the next one goes on, and a step that was done already does nothing when it
// is done again. So several workers do no harm; an advisory lock saves double work.
//
// A round destroys every key that is retired, whichever obligation it is for, before it
// completes any: a content may have been moved to the bucket that its obligation
// names from one whose turn has not quite come.
//
// # When it cannot
//
// While the keyring cannot be reached or rewritten, obligations stay open, which
// commentd_obligations_open and commentd_erasure_horizon_seconds show. Where the role
// of the keyring may not read files, keys are destroyed and obligations completed all the
// same; the log says at the level ERROR what to grant.
package erasure
