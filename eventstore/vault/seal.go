package vault

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"sync"

	"github.com/commentd/commentd/domain"
)

const (
	format     = 1       // first byte of a sealed content
	overhead   = 12 + 16 // nonce and tag
	saltSize   = 16
	smallest   = 32 // size class
	headerSize = 1 + keySize + overhead
)

// Sealed is a content as it is stored.
type Sealed struct {
	BucketID int64 // of the key in keyring.buckets
	Bytes    []byte
	Digest   domain.Digest // for the event that brings the content
}

// seal uses up one of the contents that b may have.
func (b *bucket) seal(place *Place, document []byte) Sealed {
	var salt [saltSize]byte
	rand.Read(salt[:])
	return b.sealSalted(place, document, salt[:])
}

func (b *bucket) sealSalted(place *Place, document, salt []byte) Sealed {
	key := make([]byte, keySize)
	rand.Read(key)

	var length [binary.MaxVarintLen64]byte
	prefix := binary.PutUvarint(length[:], uint64(len(document)))
	plain := make([]byte, sizeClass(saltSize+prefix+len(document)))
	n := copy(plain, salt)
	n += copy(plain[n:], length[:prefix])
	copy(plain[n:], document)

	var aad additionalData
	aad.set(place, b.id)
	sealed := make([]byte, 1, headerSize+len(plain)+overhead)
	sealed[0] = format
	sealed = b.aead.Seal(sealed, nil, key, aad.dataKey[:])
	sealed = newAEAD(key).Seal(sealed, nil, plain, aad.content[:])
	return Sealed{BucketID: b.id, Bytes: sealed, Digest: digest(salt, document)}
}

// scratch is what open needs on the heap, because it goes through an interface.
type scratch struct {
	aad additionalData
	key [keySize]byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// open appends the document to dst. The error is ErrDamaged, and dst is then
// returned as it came.
func (b *bucket) open(dst []byte, place *Place, sealed []byte) (_ []byte, salt [saltSize]byte, err error) {
	if len(sealed) < headerSize+smallest+overhead || sealed[0] != format {
		return dst, salt, ErrDamaged
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.aad.set(place, b.id)
	key, err := b.aead.Open(s.key[:0], nil, sealed[1:headerSize], s.aad.dataKey[:])
	if err != nil {
		return dst, salt, ErrDamaged
	}
	at := len(dst)
	out, err := newAEAD(key).Open(dst, nil, sealed[headerSize:], s.aad.content[:])
	clear(key)
	if err != nil {
		return dst, salt, ErrDamaged
	}
	plain := out[at:]
	copy(salt[:], plain)
	length, prefix := binary.Uvarint(plain[saltSize:])
	from := saltSize + prefix
	if prefix <= 0 || length > uint64(len(plain)-from) {
		return dst, salt, ErrDamaged
	}
	n := copy(plain, plain[from:from+int(length)])
	return out[:at+n], salt, nil
}

// digest binds a document to its event. Salts have one length, so that a digest
// stands for one pair of salt and document.
func digest(salt, document []byte) (d domain.Digest) {
	mac := hmac.New(sha256.New, salt)
	mac.Write(document)
	mac.Sum(d[:0])
	return d
}

// sizeClass rounds n up to its class (Padmé: Nikitin and others, PETS 2019): at
// most an eighth is added, and n bytes tell log log n bits of themselves.
func sizeClass(n int) int {
	if n <= smallest {
		return smallest
	}
	exponent := bits.Len(uint(n)) - 1
	mask := 1<<(exponent-bits.Len(uint(exponent))) - 1
	return (n + mask) &^ mask
}
