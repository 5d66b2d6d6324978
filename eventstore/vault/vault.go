package vault

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/commentd/commentd/domain"
)

// Vault seals and opens contents. It may be used by any number of goroutines.
//
// A method that opens fails with ErrDamaged, ErrDestroyed, ErrNoKey,
// ErrWrongRootKey or ErrUnavailable.
type Vault struct {
	keyring    *Keyring
	receiptIDs *keyedHash
	emails     *keyedHash
	uploads    *keyedHash
	uploadSalt []byte
	receiptKey renewable[*receiptKey]
}

// New returns a vault whose keys are in keyring.
func New(keyring *Keyring) *Vault {
	return &Vault{
		keyring:    keyring,
		receiptIDs: newKeyedHash(keyring.root.Derive("receipt id")),
		emails:     newKeyedHash(keyring.root.Derive("email")),
		uploads:    newKeyedHash(keyring.root.Derive("upload")),
		uploadSalt: keyring.root.Derive("upload salt"),
	}
}

// Seal seals document for place under the current bucket key of the account. It
// asks the database once in 1,024 contents of an account. The key is durable when
// Seal returns; the content is so when the caller has stored it. The error is
// ErrUnavailable.
func (v *Vault) Seal(ctx context.Context, place Place, document []byte) (Sealed, error) {
	b, err := v.keyring.current(ctx, place.account, place.purpose)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal %s: %w", place, err)
	}
	return b.seal(&place, document), nil
}

// Open returns the document that was sealed for place.
func (v *Vault) Open(ctx context.Context, place Place, bucketID int64, sealed []byte) ([]byte, error) {
	return v.AppendOpen(ctx, nil, place, bucketID, sealed)
}

// AppendOpen is Open that appends the document to dst. After an error it returns
// dst as it came.
func (v *Vault) AppendOpen(ctx context.Context, dst []byte, place Place, bucketID int64, sealed []byte) ([]byte, error) {
	out, _, err := v.open(ctx, dst, &place, bucketID, sealed)
	return out, err
}

// OpenVerified is Open that also fails, with ErrDigest, if the document is not the
// one whose digest its event holds.
func (v *Vault) OpenVerified(ctx context.Context, place Place, bucketID int64, sealed []byte, want domain.Digest) ([]byte, error) {
	document, salt, err := v.open(ctx, nil, &place, bucketID, sealed)
	if err != nil {
		return nil, err
	}
	got := digest(salt[:], document)
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return nil, fmt.Errorf("open %s: %w", place, ErrDigest)
	}
	return document, nil
}

func (v *Vault) open(ctx context.Context, dst []byte, place *Place, bucketID int64, sealed []byte) ([]byte, [saltSize]byte, error) {
	b, err := v.keyring.bucket(ctx, bucketID)
	if err != nil {
		return dst, [saltSize]byte{}, fmt.Errorf("open %s: %w", *place, err)
	}
	out, salt, err := b.open(dst, place, sealed)
	if err != nil {
		return dst, salt, fmt.Errorf("open %s: %w", *place, err)
	}
	return out, salt, nil
}

// Forget sees to it that this process seals nothing more under a bucket key, and asks
// the database again before it opens anything under it.
func (v *Vault) Forget(bucketID int64) { v.keyring.Forget(bucketID) }

// Prefetch loads the keys of buckets that are not in memory, in one query. A list
// calls it before it opens contents one by one. Its only error is ErrUnavailable:
// a key that cannot be had is reported by Open.
func (v *Vault) Prefetch(ctx context.Context, bucketIDs []int64) error {
	return v.keyring.prefetch(ctx, bucketIDs)
}

// EmailDigest returns 32 bytes by which the person with this address is found
// within the account. Spellings that differ in case, in the composition of
// characters or in space around them give the same digest.
func (v *Vault) EmailDigest(account domain.AccountID, email string) []byte {
	email = norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(email))))
	sum := v.emails.sum(accountBytes(account), []byte(email))
	return sum[:]
}
