package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
)

// CursorCipher makes cursors: places in a list that a caller may keep and give
// back, and from which nothing can be read or counted. A cursor is one AES block
// over the position and a check of its context.
type CursorCipher struct {
	block    cipher.Block
	contexts *keyedHash
}

// cursors have one spelling each: Strict refuses others of the same bytes.
var cursorText = base64.RawURLEncoding.Strict()

// NewCursorCipher returns the cursor cipher of a root key. Cursor ciphers of one
// root key understand each other.
func NewCursorCipher(root RootKey) *CursorCipher {
	block, err := aes.NewCipher(root.Derive("cursor"))
	if err != nil {
		panic("vault: " + err.Error()) // only for a key of another length
	}
	return &CursorCipher{block: block, contexts: newKeyedHash(root.Derive("cursor context"))}
}

// Seal returns the cursor of position, 22 characters of base64url. context names
// the list, and for whom it is: the cursor opens with the same context only. Equal
// arguments give equal cursors; neighbouring positions give unrelated ones.
func (c *CursorCipher) Seal(context []byte, position uint64) string {
	var block [aes.BlockSize]byte
	binary.BigEndian.PutUint64(block[:], position)
	check := c.contexts.sum(context)
	copy(block[8:], check[:])
	c.block.Encrypt(block[:], block[:])
	return cursorText.EncodeToString(block[:])
}

// Open returns the position of a cursor that Seal made with the same context. The
// error is ErrCursor; one foreign text in 2^64 escapes it.
func (c *CursorCipher) Open(context []byte, cursor string) (uint64, error) {
	if len(cursor) != cursorText.EncodedLen(aes.BlockSize) {
		return 0, ErrCursor
	}
	block, err := cursorText.DecodeString(cursor)
	if err != nil || len(block) != aes.BlockSize {
		return 0, ErrCursor
	}
	c.block.Decrypt(block, block)
	check := c.contexts.sum(context)
	if subtle.ConstantTimeCompare(block[8:], check[:8]) != 1 {
		return 0, ErrCursor
	}
	return binary.BigEndian.Uint64(block), nil
}
