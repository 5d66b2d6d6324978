// Package domain holds the rules of comments: what may be asked, and what it
// changes. It is pure: no clock, no randomness, no I/O, no logging. Whatever
// varies (an id, a number, the person who asks) arrives inside the command, and
// time is what the log says it is: Meta.At of a recorded event. It is the log's own time or,
// of a history that was taken over from elsewhere, the time of there; only the log's own
// never runs backwards.
//
// # Vocabulary
//
// An account is a tenant. A ticket has comments; the events of a ticket and of
// its comments form one stream with versions 1, 2, 3 and so on. A comment is
// public or an internal note. Its text is content: sealed in one place, named by
// a content id wherever else it is spoken of. The author of a comment is who it
// is shown as coming from; the actor of an event is who did it. A chat is a conversation
// of a visitor with the helpdesk; its entries are texts of the ticket, but no comments.
//
// # Promises kept here
//
//   - Whoever may not see internal notes is told the same of an internal note, a
//     deleted comment and one that never was: ErrNotFound.
//   - A refused command has no events. A command whose wish is already met has
//     none either, and no error.
//   - Evolve cannot fail: what is in the log has happened.
package domain
