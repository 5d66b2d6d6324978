package domain

import (
	"errors"
	"slices"
)

// MaxAttachments is how many files one comment may have.
const MaxAttachments = 100

var (
	// ErrUploads: of the files that were to be attached, some are not there (any more), or
	// belong to somebody else.
	ErrUploads = errors.New("an upload is unknown, expired, attached already, or of somebody else")
	// ErrUploadQuota: as much of a user waits to be attached as may.
	ErrUploadQuota = errors.New("too many uploads of a user wait to be attached")
	// ErrTooManyAttachments: a comment cannot have so many files.
	ErrTooManyAttachments = errors.New("a comment has at most 100 attachments")
	// ErrNoAttachment: the comment has no file with this number.
	ErrNoAttachment = errors.New("the comment has no such attachment")
)

// An Attachment is a file that goes with a comment, or the e-mail that it came from. It
// is part of what the comment says: sealed with it, redacted with it, erased with it.
// Its JSON is how it is sealed.
type Attachment struct {
	Number int64  `json:"number"`
	Name   string `json:"name"`
	Type   string `json:"type"` // MIME type, as its first bytes tell
	Size   int64  `json:"size"` // in bytes
	// Width and Height are those of an image, in pixels; 0: unknown.
	Width  int `json:"width,omitzero"`
	Height int `json:"height,omitzero"`
	// Inline: it is shown where the comment's HTML says, not in a list.
	Inline bool `json:"inline,omitzero"`
	// Original: it is the e-mail itself, which is no attachment to anybody.
	Original bool `json:"original,omitzero"`
	// Blob is where its bytes are, sealed under Key. It is zero for what a redaction has
	// put in the place of a file: that holds a space.
	Blob   BlobID   `json:"blob,omitzero"`
	Key    [32]byte `json:"key,omitzero"`
	Digest [32]byte `json:"digest,omitzero"` // SHA-256 of its bytes
	// Thumbnails are smaller images of it, which are files of their own.
	Thumbnails []Attachment `json:"thumbnails,omitzero"`
}

// Equal reports whether two attachments are the same in everything.
func (a Attachment) Equal(b Attachment) bool {
	return a.Number == b.Number && a.Name == b.Name && a.Type == b.Type && a.Size == b.Size &&
		a.Width == b.Width && a.Height == b.Height && a.Inline == b.Inline && a.Original == b.Original &&
		a.Blob == b.Blob && a.Key == b.Key && a.Digest == b.Digest &&
		slices.EqualFunc(a.Thumbnails, b.Thumbnails, Attachment.Equal)
}

// Placeholder reports whether a redaction has put it in the place of a file.
func (a Attachment) Placeholder() bool { return a.Blob == BlobID{} }

// PlaceholderContent is what a placeholder holds.
const PlaceholderContent = " "

// placeholder is what a redaction leaves of a file (contract §8.5).
func placeholder(number int64) Attachment {
	return Attachment{Number: number, Name: "redacted.txt", Type: "text/plain", Size: int64(len(PlaceholderContent))}
}

// numbers returns the numbers of a file and its thumbnails.
func (a Attachment) numbers() []int64 {
	all := []int64{a.Number}
	for _, t := range a.Thumbnails {
		all = append(all, t.numbers()...)
	}
	return all
}

// A Claim is one upload whose files a text attaches. Log.append judges it: the upload has
// so many files, none of them attached, and they have not expired.
type Claim struct {
	Upload [32]byte // keyed digest of the upload's token
	Files  int      // thumbnails included
}

// Missing reports whether there was no such upload: none has fewer than no files.
func (c Claim) Missing() bool { return c.Files < 0 }
