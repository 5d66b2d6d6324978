package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/maphash"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// An attacker has the root key and whatever files he is given, and knows all formats. He
// tries every 32 bytes in a row as the key of every content that he wants to read, and
// as the key of its bucket, and every 60 as such a key wrapped by the root key.
type attacker struct {
	wrapping cipher.AEAD // of bucket keys, under the root key
	wanted   []target

	mu     sync.Mutex
	opened map[string]bool // names of those of wanted that he has read
	tried  int
	seen   map[uint64]bool // windows that he has tried
}

// target is a sealed content: a row of log.contents, and what its event tells of it.
type target struct {
	name                     string
	account                  int32
	ticket, comment, content uuid.UUID
	bucket                   int64
	sealed                   []byte
}

const (
	keyLength     = 32
	wrappedLength = 12 + keyLength + 16
)

func newAttacker(t *testing.T, rootKey string, wanted []target) *attacker {
	t.Helper()
	secret, err := base64.StdEncoding.DecodeString(rootKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "commentd root key wrap", keyLength)
	if err != nil {
		t.Fatal(err)
	}
	return &attacker{wrapping: gcm(key), wanted: wanted, opened: map[string]bool{}, seen: map[uint64]bool{}}
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// open opens nonce | ciphertext | tag.
func open(aead cipher.AEAD, sealed, aad []byte) ([]byte, bool) {
	plain, err := aead.Open(nil, sealed[:12], sealed[12:], aad)
	return plain, err == nil
}

func (c *target) label() []byte {
	b := append([]byte{1}, "content\x00"...)
	return binary.BigEndian.AppendUint32(b, uint32(c.account))
}

// byDataKey reads the content with its own key.
func (c *target) byDataKey(aead cipher.AEAD) bool {
	aad := append(append(append(c.label(), c.ticket[:]...), c.comment[:]...), c.content[:]...)
	_, ok := open(aead, c.sealed[1+wrappedLength:], aad)
	return ok
}

// byBucketKey reads it with the key of its bucket.
func (c *target) byBucketKey(aead cipher.AEAD) bool {
	aad := binary.BigEndian.AppendUint64(append(c.label(), c.content[:]...), uint64(c.bucket))
	key, ok := open(aead, c.sealed[1:1+wrappedLength], aad)
	return ok && c.byDataKey(gcm(key))
}

// try tries what begins with 32 bytes that may be a key.
func (a *attacker) try(data []byte) {
	key := gcm(data[:keyLength])
	var wrapped cipher.AEAD
	for i := range a.wanted {
		c := &a.wanted[i]
		if len(data) >= wrappedLength && wrapped == nil {
			aad := append(binary.BigEndian.AppendUint32(nil, uint32(c.account)), "content"...)
			if unwrapped, ok := open(a.wrapping, data[:wrappedLength], aad); ok {
				wrapped = gcm(unwrapped)
			}
		}
		if c.byDataKey(key) || c.byBucketKey(key) || wrapped != nil && c.byBucketKey(wrapped) {
			a.mu.Lock()
			a.opened[c.name] = true
			a.mu.Unlock()
		}
	}
}

// fewestDifferent is how many different values the bytes of a key have: all but one in
// a million have. What has fewer is not worth the time.
const fewestDifferent = 20

// attack tries everything in the files below the folders.
func (a *attacker) attack(t *testing.T, folders ...string) {
	t.Helper()
	work := make(chan []byte)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for data := range work {
				a.try(data)
			}
		})
	}
	seed := maphash.MakeSeed()
	for _, folder := range folders {
		for _, content := range contentsBelow(t, folder) {
			for _, at := range candidates(content) {
				window := content[at:min(len(content), at+wrappedLength)]
				if h := maphash.Bytes(seed, window); !a.seen[h] {
					a.seen[h] = true
					a.tried++
					work <- window
				}
			}
		}
	}
	close(work)
	wg.Wait()
}

// candidates returns where in content a key may begin.
func candidates(content []byte) (at []int) {
	var count [256]int
	different := 0
	for i, b := range content {
		if count[b]++; count[b] == 1 {
			different++
		}
		first := i - keyLength + 1
		if first < 0 {
			continue
		}
		if different >= fewestDifferent {
			at = append(at, first)
		}
		if count[content[first]]--; count[content[first]] == 0 {
			different--
		}
	}
	return at
}

func contentsBelow(t *testing.T, folder string) (contents [][]byte) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		contents = append(contents, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return contents
}

// holds reports whether some file below the folder has the bytes in it.
func holds(t *testing.T, folder string, text []byte) bool {
	t.Helper()
	for _, content := range contentsBelow(t, folder) {
		if bytes.Contains(content, text) {
			return true
		}
	}
	return false
}
