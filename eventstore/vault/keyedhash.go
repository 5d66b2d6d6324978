package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"

	"github.com/commentd/commentd/domain"
)

// keyedHash is HMAC-SHA256 under one key, for any number of goroutines.
type keyedHash struct{ pool sync.Pool }

func newKeyedHash(key []byte) *keyedHash {
	return &keyedHash{sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// sum writes the length before each part, so that parts cannot flow into each
// other.
func (k *keyedHash) sum(parts ...[]byte) (sum [sha256.Size]byte) {
	mac := k.pool.Get().(hash.Hash)
	defer k.pool.Put(mac)
	mac.Reset()
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write(part)
	}
	mac.Sum(sum[:0])
	return sum
}

func accountBytes(account domain.AccountID) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(account))
}
