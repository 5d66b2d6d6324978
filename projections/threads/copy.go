package threads

import (
	"encoding/binary"
	"io"
	"time"
)

// copyBuffer is rows in the binary format of COPY: each column after its length.
type copyBuffer []byte

// columns begins a row.
func (b copyBuffer) columns(n int16) copyBuffer { return binary.BigEndian.AppendUint16(b, uint16(n)) }

func (b copyBuffer) length(n int) copyBuffer { return binary.BigEndian.AppendUint32(b, uint32(n)) }

func (b copyBuffer) null() copyBuffer { return b.length(-1) }

func (b copyBuffer) int16(v int16) copyBuffer {
	return binary.BigEndian.AppendUint16(b.length(2), uint16(v))
}

func (b copyBuffer) int32(v int32) copyBuffer {
	return binary.BigEndian.AppendUint32(b.length(4), uint32(v))
}

func (b copyBuffer) int64(v int64) copyBuffer {
	return binary.BigEndian.AppendUint64(b.length(8), uint64(v))
}

func (b copyBuffer) uuid(v [16]byte) copyBuffer { return append(b.length(16), v[:]...) }

func (b copyBuffer) time(t time.Time) copyBuffer { return b.int64(t.UnixMicro() - postgresEpoch) }

func (b copyBuffer) bool(v bool) copyBuffer {
	b = b.length(1)
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// int4OID is that of the type integer.
const int4OID = 23

// int32s appends an integer[]: the number of dimensions, whether there are nulls, the
// type, the length and the lower bound of the one dimension, the elements.
func (b copyBuffer) int32s(v []int32) copyBuffer {
	b = b.length(20 + 8*len(v))
	for _, word := range [...]int{1, 0, int4OID, len(v), 1} {
		b = b.length(word)
	}
	for _, element := range v {
		b = b.int32(element)
	}
	return b
}

// copyReader is what COPY reads.
type copyReader struct {
	next    func(dst copyBuffer, i int) (copyBuffer, bool) // appends what comes i-th, if there is any
	i       int
	buffer  copyBuffer
	pending []byte // of buffer
	done    bool
	rest    func() // between pieces
}

func newCopyReader(next func(copyBuffer, int) (copyBuffer, bool), rest func()) *copyReader {
	r := &copyReader{next: next, rest: rest, buffer: make(copyBuffer, 0, 2*copyChunk)}
	// The signature, no flags, no extension.
	r.buffer = append(r.buffer, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	r.pending = r.buffer
	return r
}

// copyChunk is about how many bytes are encoded at a time.
const copyChunk = 16 << 10

func (r *copyReader) Read(p []byte) (int, error) {
	if len(r.pending) == 0 {
		if r.done {
			return 0, io.EOF
		}
		r.rest()
		r.fill()
	}
	n := copy(p, r.pending)
	r.pending = r.pending[n:]
	return n, nil
}

func (r *copyReader) fill() {
	r.buffer = r.buffer[:0]
	for len(r.buffer) < copyChunk && !r.done {
		var more bool
		if r.buffer, more = r.next(r.buffer, r.i); !more {
			r.buffer = r.buffer.columns(-1) // the end
			r.done = true
		}
		r.i++
	}
	r.pending = r.buffer
}
