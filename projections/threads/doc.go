// Package threads answers for the comments of a ticket: page by page or all of
// them, one of them, how many there are and whether anything has changed. It is a
// projection and the queries on it; the package that writes its tables also reads
// them.
//
// # Always current
//
// An answer shows every event that was in the log when it was asked for, however
// far the projector has come. The rows of a ticket say up to which version of the
// stream they are good; what the log has above that, the tail, is read in the same
// snapshot and folded on top with the same Evolve functions. Usually there is no
// tail, and an answer is one statement. Without any rows the whole stream is tail.
//
// # Audiences
//
// Whoever may not see internal notes is answered as if there were none: rows and
// tail are filtered in SQL, by indexes and versions that notes do not move. Counts,
// times and validators are kept per audience.
//
// # What is trusted
//
// Who may see a ticket (log.tickets) and a comment by its id (log.comments) is
// decided on the rows that commands are decided on, never on rows of this package.
// An event that does not decode hides its comment from those who may not see
// internal notes: it may have been the one that hides it.
package threads
