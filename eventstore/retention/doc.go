// Package retention erases what is no longer to be kept: because the account has a
// policy (Worker), or because somebody has asked for it (Eraser).
//
// Each comment is erased by a command of its own, and so are the subjects of a ticket:
// whatever happens in between, what is erased is erased whole, and to go on is to begin
// again. A ticket under legal hold is left as it is; a Worker comes back to it when the
// hold is lifted.
//
// What is erased is gone from every answer at once. That nothing on any disk can bring
// it back is owed by the log (log.obligations) and kept by others.
package retention
