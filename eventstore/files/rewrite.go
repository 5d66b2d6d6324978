package files

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/domain/mail"
	"github.com/commentd/commentd/eventstore/blob"
)

// Rewrite is eventstore.Originals: what it makes is an upload of its own, which expires if
// the redaction comes to nothing.
func (s *Store) Rewrite(ctx context.Context, account domain.AccountID, uploader domain.UserID, original domain.Attachment, hide func(domain.Body) (domain.Body, bool)) (next domain.Attachment, claim domain.Claim, ok bool, err error) {
	raw, err := s.readAll(ctx, original)
	switch {
	case errors.Is(err, blob.ErrNotFound), errors.Is(err, blob.ErrDamaged):
		return next, claim, false, nil
	case err != nil:
		return next, claim, false, err
	}
	message, found := mail.Parse(raw).Redacted(hide)
	if !found { // where it stands in there, nobody knows
		return next, claim, false, nil
	}
	written, err := message.Bytes()
	if err != nil { // it is better gone than whole
		return next, claim, false, nil
	}
	if next, err = s.Put(ctx, bytes.NewReader(written)); err != nil {
		return next, claim, false, err
	}
	next.Name, next.Type, next.Original = original.Name, original.Type, true
	upload, noted, err := s.Begin(ctx, account, uploader, next)
	if err != nil {
		s.Forget(ctx, next)
		return next, claim, false, err
	}
	return noted, domain.Claim{Upload: s.vault.UploadDigest(account, upload.Token), Files: 1}, true, nil
}

func (s *Store) readAll(ctx context.Context, a domain.Attachment) ([]byte, error) {
	file := s.Open(ctx, a)
	defer file.Close()
	return io.ReadAll(file)
}
