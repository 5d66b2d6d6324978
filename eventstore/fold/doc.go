// Package fold works out what the log's own tables have to say, from the events alone:
// the rows of log.tickets, log.comments and log.chats that later commands are decided on.
//
// log.append writes those rows as commands are decided. Who has nothing but the events,
// an audit that checks the rows or an import that has to make them, comes to the same by
// adding the events one by one.
package fold
