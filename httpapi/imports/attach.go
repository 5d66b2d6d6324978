package imports

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/intake"
)

// attached is what has become of the files of a comment.
type attached struct {
	upload *files.Upload  // those that are here; nil: none is
	inside map[int64]bool // numbers of those that are shown in the text
	left   map[string]int // how many are not carried, by reason
}

// attach has the files of a comment be here, in an upload that waits to be attached, and has
// the text show those that it shows where they are now. The error is a *lostError if one of
// them cannot be had, and that is not to be passed over; after an error nothing waits.
func (l *lane) attach(ctx context.Context, uploader domain.UserID, there []fileShape, body *domain.Body) (a attached, err error) {
	defer func() {
		if err != nil {
			l.withdraw(ctx, a)
		}
	}()
	a.inside, a.left = map[int64]bool{}, map[string]int{}
	moved := map[string]string{}
	for i := range there {
		f := &there[i]
		switch {
		case l.config.NoFiles:
			a.left["not wanted"]++
			continue
		case f.Deleted:
			a.left["deleted there"]++
			continue
		case l.config.DryRun:
			continue
		}
		file, err := l.keep(ctx, &a, uploader, f)
		var lost *lostError
		if errors.As(err, &lost) && l.config.WithoutLostFiles {
			a.left["cannot be had"]++
			continue
		}
		if err != nil {
			return a, err
		}
		if l.config.PublicURL != "" && shows(body.HTML, f) {
			at := intake.Address(l.config.PublicURL, l.config.FileTokens, l.account, file)
			moved[f.At], moved[f.Mapped] = at, at
			a.inside[file.Number] = true
		}
	}
	if len(moved) > 0 {
		body.HTML = domain.ResolveImages(body.HTML, func(address string) string { return moved[address] })
	}
	return a, nil
}

// shows reports whether a text has a file as an image.
func shows(html string, f *fileShape) bool {
	if !strings.Contains(html, "<img") {
		return false
	}
	for _, address := range domain.Images(html) {
		if address != "" && (address == f.At || address == f.Mapped) {
			return true
		}
	}
	return false
}

// keep fetches a file and adds it to the upload of a comment.
func (l *lane) keep(ctx context.Context, a *attached, uploader domain.UserID, f *fileShape) (domain.Attachment, error) {
	settings, err := l.people.directory.Settings(ctx, l.account)
	if err != nil {
		return domain.Attachment{}, err
	}
	fetched, err := l.fetcher.fetch(ctx, f.At, settings.MaxAttachment())
	if err != nil {
		return fetched, err
	}
	intake.Name(&fetched, cmp.Or(domain.FileName(f.Name), "unnamed"))
	var file domain.Attachment
	if a.upload == nil {
		a.upload = new(files.Upload)
		*a.upload, file, err = l.files.Begin(ctx, l.account, uploader, fetched)
	} else {
		file, err = l.files.Add(ctx, *a.upload, fetched)
	}
	if err != nil {
		l.files.Forget(ctx, fetched)
	}
	return file, err
}

// withdraw gives back files that are not attached after all. What it fails to, expires.
func (l *lane) withdraw(ctx context.Context, a attached) {
	if a.upload != nil {
		_ = l.files.Drop(context.WithoutCancel(ctx), *a.upload)
	}
}

// claim has a text attach its files.
func (l *lane) claim(ctx context.Context, a attached, text *domain.Text) error {
	if a.upload == nil {
		return nil
	}
	err := l.files.Claim(ctx, l.account, a.upload.Uploader, []vault.UploadToken{a.upload.Token}, text)
	if err != nil {
		l.withdraw(ctx, a)
	}
	for i := range text.Attachments {
		text.Attachments[i].Inline = a.inside[text.Attachments[i].Number]
	}
	return err
}
