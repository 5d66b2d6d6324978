// Package intake takes in files, whichever API they come by: it stores them, finds out
// what they are, and makes small images of large ones. What a client says of a file's
// type is not asked.
package intake

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/files"
)

var (
	// ErrEmpty: there is nothing in the file.
	ErrEmpty = errors.New("the file is empty")
	// ErrTooLarge: the file is larger than it may be.
	ErrTooLarge = errors.New("the file is too large")
)

// Intake takes in files. It may be used by any number of goroutines.
type Intake struct {
	files   *files.Store
	drawing chan struct{} // of capacity 1: images take memory
}

// New returns an intake into files.
func New(files *files.Store) *Intake {
	return &Intake{files: files, drawing: make(chan struct{}, 1)}
}

// File stores what src gives, which is to be limit bytes at most, and returns what it is;
// the name is for the caller to add (domain.FileName). No row knows of it yet. Of its
// content no more is in memory than a piece, but for an image that is not too large to be
// drawn. Errors: ErrEmpty, ErrTooLarge, those of src, blob.ErrUnavailable.
func (i *Intake) File(ctx context.Context, src io.Reader, limit int64) (domain.Attachment, error) {
	head := &head{src: &bounded{src: src, left: limit}}
	a, err := i.files.Put(ctx, head)
	if err != nil {
		return a, err
	}
	if a.Size == 0 {
		i.files.Forget(ctx, a)
		return a, ErrEmpty
	}
	a.Type = typeOf(head.bytes)
	if a, err = i.draw(ctx, a); err != nil {
		i.files.Forget(ctx, a)
	}
	return a, err
}

// typeOf returns the media type that the first bytes of a file tell, without parameters.
func typeOf(head []byte) string {
	media, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	return media
}

// bounded fails with ErrTooLarge if there is more in it than there may be.
type bounded struct {
	src  io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 { // one more byte tells
		p = p[:b.left+1]
	}
	n, err := b.src.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

// head keeps the first bytes of what is read through it.
type head struct {
	src   io.Reader
	bytes []byte
}

// telling is how many bytes tell the type of a file.
const telling = 3072

func (h *head) Read(p []byte) (int, error) {
	n, err := h.src.Read(p)
	if room := telling - len(h.bytes); room > 0 {
		h.bytes = append(h.bytes, p[:min(n, room)]...)
	}
	return n, err
}

// Name gives a file, and the images made of it, a name as domain.FileName returns it.
func Name(a *domain.Attachment, name string) {
	a.Name = name
	for i := range a.Thumbnails {
		a.Thumbnails[i].Name = domain.FileName("thumb_" + name)
	}
}
