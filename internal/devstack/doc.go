// Package devstack starts the two servers that commentd needs, for `commentd dev`
// and for tests: a Postgres from the server binaries that are installed, and a
// NATS server with JetStream inside this process.
//
// Both keep their data in a folder and find it again at the next start, whatever
// became of the process that used it before: a server it left behind is stopped,
// its lock files are swept, and a set-up that was cut short is begun anew. Two
// processes on one folder are refused. Both listen on the loopback address only
// and take nobody without a password.
//
// Postgres is set up as durable as in production (fsync, full_page_writes and
// synchronous_commit are on), because the service refuses to run on less, and it
// logs no statements and no values, because those may be somebody's words.
package devstack
