package vault

import (
	"crypto/sha256"
	"encoding/binary"
)

// A trace is what is kept of a destroyed key to look for it when nobody knows it any
// more: keyring.trace in the database. It tells nothing of the key.
type trace [suffixSize + sha256.Size]byte

const (
	tracedSize = 32 // bytes at the end of a wrapped key that a trace stands for; every one has more
	suffixSize = 2  // bytes at the very end that a trace repeats, so that few others have to be hashed
)

// traces are keys to look for, and those of them that were found.
type traces struct {
	wanted   map[trace]bool
	suffixes [1 << (8 * suffixSize)]bool
	found    map[trace]bool
}

func newTraces() *traces {
	return &traces{wanted: make(map[trace]bool), found: make(map[trace]bool)}
}

func (t *traces) add(key trace) {
	t.wanted[key] = true
	t.suffixes[binary.BigEndian.Uint16(key[:])] = true
}

// search notes which of the keys are in data.
func (t *traces) search(data []byte) {
	var key trace
	for end := tracedSize; end <= len(data); end++ {
		suffix := data[end-suffixSize : end]
		if !t.suffixes[binary.BigEndian.Uint16(suffix)] {
			continue
		}
		copy(key[:], suffix)
		sum := sha256.Sum256(data[end-tracedSize : end])
		copy(key[suffixSize:], sum[:])
		if t.wanted[key] {
			t.found[key] = true
		}
	}
}

// list is a set of traces as an array for Postgres.
func list(set map[trace]bool) [][]byte {
	keys := make([][]byte, 0, len(set))
	for key := range set {
		keys = append(keys, key[:])
	}
	return keys
}
