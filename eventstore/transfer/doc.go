// Package transfer carries a log from one database to another: Exporter writes it to a
// file, Importer makes the same log of the file, with the same positions, the same leaf
// hashes and so the same tree.
//
// # What is in a file
//
// One JSON object to a line: a header; the events, each followed by the texts that it has
// brought and that are there still; entries of the directory, of which this package knows
// nothing; the signed head of the tree; and an end, signed, which says what came before
// it. Rows that follow from the events (package fold), and those of files, which follow
// from the texts, are not in it. ADR 14 says why it is as it is, and docs/import.md what
// is not carried.
//
// # Texts
//
// A file with texts is a copy in the clear that no redaction reaches. Each text comes with
// its salt, and is held to the digest in its event before it is sealed again under keys of
// the other database.
//
// # Interruptions
//
// A batch of events and all that follows from it are one transaction that moves the head of
// the log: whenever an import ends, what is there is the beginning of the log, from which no
// more is missing than texts that a later event removes. The next import compares it with the
// file and goes on. An export goes on where its file ends.
package transfer
