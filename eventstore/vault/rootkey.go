package vault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// keySize is the length of every key, in bytes.
const keySize = 32

// A RootKey wraps the keys of the keyring. It is an interface so that the secret
// can stay in a key management service.
type RootKey interface {
	// ID names the key without telling anything of it. Equal ids mean equal keys.
	ID() string
	// Wrap seals plaintext; Unwrap gives it back to whoever names the same aad.
	Wrap(ctx context.Context, plaintext, aad []byte) ([]byte, error)
	Unwrap(ctx context.Context, wrapped, aad []byte) ([]byte, error)
	// Derive returns a key of 32 bytes for purpose, always the same. Keys of
	// different purposes tell nothing of each other.
	Derive(purpose string) []byte
}

// LocalRootKey is a root key in the memory of the process.
type LocalRootKey struct {
	id     string
	secret [keySize]byte
	aead   cipher.AEAD
}

// ParseRootKey reads a root key from 64 hexadecimal digits or from base64, as
// GenerateRootKey prints it; white space around it is ignored. The error is
// ErrRootKey.
func ParseRootKey(text string) (*LocalRootKey, error) {
	text = strings.TrimSpace(text)
	decode := base64.StdEncoding.DecodeString
	switch len(text) {
	case hex.EncodedLen(keySize):
		decode = hex.DecodeString
	case base64.RawStdEncoding.EncodedLen(keySize):
		decode = base64.RawStdEncoding.DecodeString
	}
	secret, err := decode(text)
	if err != nil || len(secret) != keySize {
		return nil, ErrRootKey
	}
	k := &LocalRootKey{secret: [keySize]byte(secret)}
	k.id = hex.EncodeToString(k.Derive("root key id")[:8])
	k.aead = newAEAD(k.Derive("root key wrap"))
	return k, nil
}

// GenerateRootKey returns a new random root key, in base64.
func GenerateRootKey() string {
	secret := make([]byte, keySize)
	rand.Read(secret)
	return base64.StdEncoding.EncodeToString(secret)
}

// ID is 16 hexadecimal digits derived from the key.
func (k *LocalRootKey) ID() string { return k.id }

// Wrap never fails.
func (k *LocalRootKey) Wrap(_ context.Context, plaintext, aad []byte) ([]byte, error) {
	return k.aead.Seal(nil, nil, plaintext, aad), nil
}

// Unwrap returns what Wrap was given, or ErrDamaged.
func (k *LocalRootKey) Unwrap(_ context.Context, wrapped, aad []byte) ([]byte, error) {
	plaintext, err := k.aead.Open(nil, nil, wrapped, aad)
	if err != nil {
		return nil, ErrDamaged
	}
	return plaintext, nil
}

// Derive is HKDF-SHA256 of the key.
func (k *LocalRootKey) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.secret[:], nil, "commentd "+purpose, keySize)
	if err != nil {
		panic("vault: " + err.Error()) // only if 32 bytes were too much to ask
	}
	return key
}

// Format prints the id whatever the verb, so that no log line can show the key.
func (k *LocalRootKey) Format(s fmt.State, _ rune) { io.WriteString(s, "root key "+k.id) }

// newAEAD returns AES-256-GCM that draws its own nonces and puts each in front of
// what it seals.
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("vault: " + err.Error()) // only for a key of another length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("vault: " + err.Error()) // only for another cipher
	}
	return aead
}
