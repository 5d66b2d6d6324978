package vault

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/commentd/commentd/domain"
)

// An UploadToken names an upload to whoever made it. The server does not keep it, only
// its digest: what is known of the files until they are attached is sealed under a key
// made from the token, and an old copy of the row opens for nobody else.
type UploadToken [32]byte

// ErrUploadToken: the text is no token of an upload. It does not repeat the text.
var ErrUploadToken = errors.New("vault: not the token of an upload")

var tokenText = base64.RawURLEncoding.Strict()

// NewUploadToken draws a token.
func NewUploadToken() (t UploadToken) {
	_, _ = rand.Read(t[:]) // which never fails
	return t
}

// ParseUploadToken reads what String wrote, or returns ErrUploadToken.
func ParseUploadToken(s string) (t UploadToken, err error) {
	if len(s) != tokenText.EncodedLen(len(t)) {
		return t, ErrUploadToken
	}
	b, err := tokenText.DecodeString(s)
	if err != nil || len(b) != len(t) { // line ends are no part of one, for instance
		return t, ErrUploadToken
	}
	return UploadToken(b), nil
}

// String returns the 43 characters that a client gets. They are not for logs.
func (t UploadToken) String() string { return tokenText.EncodeToString(t[:]) }

// UploadDigest is what the server knows of a token.
func (v *Vault) UploadDigest(account domain.AccountID, t UploadToken) [sha256.Size]byte {
	return v.uploads.sum(accountBytes(account), t[:])
}

// SealUpload seals what is known of a file until it is attached.
func (v *Vault) SealUpload(account domain.AccountID, t UploadToken, a domain.Attachment) []byte {
	return newAEAD(v.uploadKey(t)).Seal(nil, nil, encode(a), uploadPlace(account, a.Number))
}

// OpenUpload returns what SealUpload was given. The error is ErrDamaged.
func (v *Vault) OpenUpload(account domain.AccountID, t UploadToken, number int64, sealed []byte) (domain.Attachment, error) {
	document, err := newAEAD(v.uploadKey(t)).Open(nil, nil, sealed, uploadPlace(account, number))
	if err != nil {
		return domain.Attachment{}, ErrDamaged
	}
	return decode[domain.Attachment](document)
}

func (v *Vault) uploadKey(t UploadToken) []byte {
	key, err := hkdf.Key(sha256.New, t[:], v.uploadSalt, "commentd upload", keySize)
	if err != nil {
		panic("vault: " + err.Error()) // only if 32 bytes were too much to ask
	}
	return key
}

func uploadPlace(account domain.AccountID, number int64) []byte {
	return binary.BigEndian.AppendUint64(accountBytes(account), uint64(number))
}
