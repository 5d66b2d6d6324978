// Package feed lets any number of watchers follow what happens in their accounts, each
// from wherever it left off.
//
// A Hub follows the log once for all watchers of a process, and only while there are
// any. It keeps the last events of the accounts that are watched; whoever comes from
// further back reads the log first. So a watcher costs nothing while nothing happens in
// its account, and a slow one holds up nobody: it is handed what it asks for.
package feed
