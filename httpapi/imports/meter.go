package imports

import (
	"errors"
	"io"
	"math/bits"
)

// A meter counts what is read, bounds how much of it may be in memory, and knows where lines
// end that have not been worked on yet.
type meter struct {
	in     io.Reader
	most   int64 // bytes of a record
	read   int64
	mark   int64    // where the present record begins; noMark: nothing is kept
	line   int      // how many end before those in ends
	ends   []uint64 // a bit for each byte that lineAt has not passed: whether it ends a line
	first  int64    // the byte of the lowest bit in ends
	again  [][]byte // what has been read and is to be read once more, from the last to the first
	failed error    // of in
}

const noMark = int64(-1)

// unread has bytes be read once more, before what comes next. They must not change.
func (m *meter) unread(b []byte) {
	if len(b) > 0 {
		m.again = append(m.again, b)
	}
}

func (m *meter) Read(b []byte) (int, error) {
	if last := len(m.again) - 1; last >= 0 {
		n := copy(b, m.again[last])
		if n < len(m.again[last]) {
			m.again[last] = m.again[last][n:]
		} else {
			m.again[last], m.again = nil, m.again[:last]
		}
		return n, nil
	}
	if m.mark != noMark && m.read-m.mark > m.most {
		return 0, errTooLarge
	}
	n, err := m.in.Read(b)
	for i, c := range b[:n] {
		at := m.read + int64(i) - m.first
		if at/64 == int64(len(m.ends)) {
			m.ends = append(m.ends, 0)
		}
		if c == '\n' {
			m.ends[at/64] |= 1 << (at % 64)
		}
	}
	m.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		m.failed = err
	}
	return n, err
}

// lineAt returns the number of the line in which a byte stands, which is not before one that
// was asked for already.
func (m *meter) lineAt(at int64) int {
	for len(m.ends) > 0 && m.first+64 <= at {
		m.line += bits.OnesCount64(m.ends[0])
		m.ends, m.first = m.ends[1:], m.first+64
	}
	if len(m.ends) > 0 && m.first < at {
		passed := m.ends[0] & (1<<(at-m.first) - 1)
		m.line += bits.OnesCount64(passed)
		m.ends[0] &^= passed
	}
	return m.line + 1
}
