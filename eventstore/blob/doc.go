// Package blob keeps what is too large for a row: the bytes of attachments and of
// e-mail originals, sealed, in a folder or in a bucket of an S3 service.
//
// A blob is sealed under a key of its own, and nothing about it lies beside it: its key,
// its name, its type and its size are a content in the vault. When that content is gone
// for good, the blob is noise, wherever copies of it may lie; that it is deleted as well
// saves space.
//
// Blobs are written once and never changed. What a stored blob says of itself is not
// believed: each piece is authenticated, at its place, and so is the end.
package blob
