package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"

	"github.com/commentd/commentd/domain"
)

// FileTokens makes the tokens in the addresses of files, which is all that it takes to
// get one. Nothing can be read from them, and nobody else can make any. The same file
// has the same token: an answer is the same bytes twice.
//
// A token is an account and a number, encrypted under a keyed hash of both, which stands
// before them and is what makes it authentic (synthetic IV: Rogaway and Shrimpton, 2006).
type FileTokens struct {
	block cipher.Block
	hash  *keyedHash
}

const (
	fileSize      = 4 + 8 // account, number
	fileTokenSize = aes.BlockSize + fileSize
)

// NewFileTokens returns the tokens of a root key. Those of one root key are the same.
func NewFileTokens(root RootKey) *FileTokens {
	block, err := aes.NewCipher(root.Derive("file"))
	if err != nil {
		panic("vault: " + err.Error()) // only for a key of another length
	}
	return &FileTokens{block, newKeyedHash(root.Derive("file check"))}
}

// Seal returns the 38 characters of base64url by which a file is asked for.
func (f *FileTokens) Seal(account domain.AccountID, number int64) string {
	var token [fileTokenSize]byte
	file := token[aes.BlockSize:]
	binary.BigEndian.PutUint32(file, uint32(account))
	binary.BigEndian.PutUint64(file[4:], uint64(number))
	check := f.hash.sum(file)
	copy(token[:aes.BlockSize], check[:])
	cipher.NewCTR(f.block, token[:aes.BlockSize]).XORKeyStream(file, file)
	return tokenText.EncodeToString(token[:])
}

// Open returns which file a token is for. The error is ErrDamaged.
func (f *FileTokens) Open(token string) (domain.AccountID, int64, error) {
	if len(token) != tokenText.EncodedLen(fileTokenSize) {
		return 0, 0, ErrDamaged
	}
	b, err := tokenText.DecodeString(token)
	if err != nil || len(b) != fileTokenSize {
		return 0, 0, ErrDamaged
	}
	file := b[aes.BlockSize:]
	cipher.NewCTR(f.block, b[:aes.BlockSize]).XORKeyStream(file, file)
	check := f.hash.sum(file)
	if subtle.ConstantTimeCompare(b[:aes.BlockSize], check[:aes.BlockSize]) != 1 {
		return 0, 0, ErrDamaged
	}
	return domain.AccountID(binary.BigEndian.Uint32(file)), int64(binary.BigEndian.Uint64(file[4:])), nil
}
