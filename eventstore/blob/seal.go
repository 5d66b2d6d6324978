package blob

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
)

// Key seals one blob, and no other: the nonces below count from 0 in every blob.
type Key [32]byte

// NewKey draws a key.
func NewKey() (k Key) {
	_, _ = rand.Read(k[:]) // which never fails
	return k
}

// A blob is sealed piece by piece, each with AES-256-GCM, so that a reader may begin in
// the middle and need not trust a byte before it has seen the whole piece. The nonce is
// the number of the piece and whether it is the last one (the STREAM construction of
// Hoang, Reyhanitabar, Rogaway and Vizár, 2015): no piece can be moved, left out or
// added, and the end cannot be cut off. An empty blob is one empty piece.
const (
	pieceSize = 64 << 10
	overhead  = 16 // bytes of a tag
)

func (k *Key) cipher() cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // the length is right
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has blocks of 16 bytes
	}
	return aead
}

func nonce(piece int64, last bool) []byte {
	var n [12]byte
	binary.BigEndian.PutUint64(n[3:11], uint64(piece))
	if last {
		n[11] = 1
	}
	return n[:]
}

// SealedSize returns how many bytes a blob of size bytes takes up.
func SealedSize(size int64) int64 { return size + overhead*pieces(size) }

func pieces(size int64) int64 { return max(1, (size+pieceSize-1)/pieceSize) }

// Sealed reads src and gives it sealed.
type Sealed struct {
	src    io.Reader
	aead   cipher.AEAD
	plain  []byte // the piece at hand, and the first byte of the next, if there is one
	sealed []byte // what is left of the piece before it, in buffer
	buffer []byte
	piece  int64
	size   int64
	err    error
}

// Seal returns a reader of src, sealed under key.
func Seal(key Key, src io.Reader) *Sealed {
	return &Sealed{src: src, aead: key.cipher(), plain: make([]byte, 0, pieceSize+1), buffer: make([]byte, 0, pieceSize+overhead)}
}

// Size returns how many bytes of src were read.
func (s *Sealed) Size() int64 { return s.size }

// Read gives what is sealed. The error is that of src.
func (s *Sealed) Read(p []byte) (int, error) {
	for len(s.sealed) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		s.next()
	}
	n := copy(p, s.sealed)
	s.sealed = s.sealed[n:]
	return n, nil
}

// fill reads until there is a piece and the first byte of the next. io.EOF is the end; a
// source that breaks off (io.ErrUnexpectedEOF) has none.
func (s *Sealed) fill() error {
	for len(s.plain) < cap(s.plain) {
		n, err := s.src.Read(s.plain[len(s.plain):cap(s.plain)])
		s.plain, s.size = s.plain[:len(s.plain)+n], s.size+int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}

// next seals a piece. Whether it is the last one is known only when one more byte was
// asked for.
func (s *Sealed) next() {
	err := s.fill()
	last := errors.Is(err, io.EOF)
	if s.err = err; err != nil && !last {
		return
	}
	piece := s.plain[:min(len(s.plain), pieceSize)]
	s.sealed = s.aead.Seal(s.buffer, nonce(s.piece, last), piece, nil)
	s.plain = s.plain[:copy(s.plain, s.plain[len(piece):])]
	s.piece++
}
