package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/commentd/commentd/domain"
)

// Pattern is the regular expression (RE2 and PCRE) by which secret scanners
// recognise a key.
const Pattern = `\bcmt_[acis]_[0-9A-Za-z]{38}\b`

const (
	prefix       = "cmt_"
	randomStart  = len(prefix) + 2 // after the kind's letter and "_"
	randomLength = 32
	checkStart   = randomStart + randomLength
	keyLength    = checkStart + 6 // 62^6 > 2^32

	digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// digest is the SHA-256 of a key: all that is ever stored or looked up.
type digest [sha256.Size]byte

// generate returns a new random key of the kind.
func generate(kind domain.ActorKind) (string, error) {
	body := make([]byte, 0, randomLength)
	for b := make([]byte, randomLength); len(body) < randomLength; {
		rand.Read(b) // never fails
		for _, x := range b {
			// 248 = 4 × 62: beyond it some digits would come up more often.
			if x < 248 && len(body) < randomLength {
				body = append(body, digits[x%62])
			}
		}
	}
	return Compose(kind, string(body))
}

// Compose returns the key of the kind whose random part is body, 32 letters and
// digits. A key is as secret as its body: a fixed one is for demonstrations.
func Compose(kind domain.ActorKind, body string) (string, error) {
	if !known(kind) {
		return "", errKind
	}
	if len(body) != randomLength {
		return "", fmt.Errorf("the random part of a key has %d characters", randomLength)
	}
	for i := range len(body) {
		if !isDigit(body[i]) {
			return "", errors.New("the random part of a key is made of the letters a to z, A to Z and digits")
		}
	}
	key := make([]byte, checkStart, keyLength)
	copy(key, prefix)
	key[len(prefix)], key[len(prefix)+1] = kind[0], '_'
	copy(key[randomStart:], body)
	var check [keyLength - checkStart]byte
	encodeChecksum(checksum(string(key)), &check)
	return string(append(key, check[:]...)), nil
}

// digestOf returns the digest of a presented key, and whether it has the form and
// the checksum of a key. It does not allocate: every request comes through here.
func digestOf(presented string) (digest, bool) {
	if len(presented) != keyLength || presented[:len(prefix)] != prefix || presented[randomStart-1] != '_' {
		return digest{}, false
	}
	switch presented[len(prefix)] {
	case 'a', 'c', 'i', 's':
	default:
		return digest{}, false
	}
	for i := randomStart; i < keyLength; i++ {
		if !isDigit(presented[i]) {
			return digest{}, false
		}
	}
	var check [keyLength - checkStart]byte
	encodeChecksum(checksum(presented[:checkStart]), &check)
	if string(check[:]) != presented[checkStart:] {
		return digest{}, false
	}
	var key [keyLength]byte
	copy(key[:], presented)
	return sha256.Sum256(key[:]), true
}

// checksum is crc32.ChecksumIEEE for a string, which that would copy to the heap.
func checksum(s string) uint32 {
	crc := ^uint32(0)
	for i := range len(s) {
		crc = crc32.IEEETable[byte(crc)^s[i]] ^ crc>>8
	}
	return ^crc
}

func encodeChecksum(sum uint32, to *[keyLength - checkStart]byte) {
	for i := len(to) - 1; i >= 0; i-- {
		to[i] = digits[sum%62]
		sum /= 62
	}
}

func isDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
