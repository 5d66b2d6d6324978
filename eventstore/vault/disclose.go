package vault

import (
	"context"
	"crypto/subtle"
	"fmt"

	"github.com/commentd/commentd/domain"
)

// Disclose returns the document that was sealed for place, as OpenVerified does, and
// the salt with which anybody can check it against the digest in its event
// (CheckDigest). A salt that was given away lets its holder try texts against the
// digest even when the content is gone.
func (v *Vault) Disclose(ctx context.Context, place Place, bucketID int64, sealed []byte, want domain.Digest) (document, salt []byte, err error) {
	document, secret, err := v.open(ctx, nil, &place, bucketID, sealed)
	if err != nil {
		return nil, nil, err
	}
	if !CheckDigest(secret[:], document, want) {
		return nil, nil, fmt.Errorf("open %s: %w", place, ErrDigest)
	}
	return document, secret[:], nil
}

// CheckDigest reports whether an event that holds want speaks of the document.
func CheckDigest(salt, document []byte, want domain.Digest) bool {
	got := digest(salt, document)
	return len(salt) == saltSize && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// Restore seals anew what Disclose has returned, here or elsewhere: the digest is the one
// that its event holds. The error is ErrDigest or ErrUnavailable.
func (v *Vault) Restore(ctx context.Context, place Place, document, salt []byte, want domain.Digest) (Sealed, error) {
	if !CheckDigest(salt, document, want) {
		return Sealed{}, fmt.Errorf("restore %s: %w", place, ErrDigest)
	}
	b, err := v.keyring.current(ctx, place.account, place.purpose)
	if err != nil {
		return Sealed{}, fmt.Errorf("restore %s: %w", place, err)
	}
	return b.sealSalted(&place, document, salt), nil
}
