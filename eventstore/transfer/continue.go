package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Lines begin with these bytes, which encode writes.
var (
	headerStart = []byte(`{"header":`)
	eventStart  = []byte(`{"event":`)
	afterStart  = [][]byte{[]byte(`{"directory":`), []byte(`{"numbers":`), []byte(`{"tree":`), []byte(`{"end":`)}
)

// wholeGroups returns how much of a file is header, events and all of their texts. Whether
// the texts of the last event are all there is only known if something comes after them.
// The error may be ErrOther.
func wholeGroups(f io.ReadSeeker) (int64, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	in := bufio.NewReaderSize(f, 1<<16)
	var at, last int64 // of this line, and of the last event
	for {
		start, size, err := skipLine(in)
		if at == 0 && !bytes.HasPrefix(headerStart, start[:min(len(start), len(headerStart))]) {
			return 0, ErrOther
		}
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return 0, err
		}
		for _, after := range afterStart {
			if bytes.HasPrefix(start, after) {
				return at, nil
			}
		}
		if bytes.HasPrefix(start, eventStart) {
			last = at
		}
		if at += size; last == 0 {
			last = at // of the header
		}
	}
}

// skipLine returns the first bytes of a whole line, and how long it is. The error of one
// that is cut off is io.EOF.
func skipLine(in *bufio.Reader) (start []byte, size int64, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if start == nil {
			start = bytes.Clone(part[:min(len(part), 16)])
		}
		if size += int64(len(part)); !errors.Is(err, bufio.ErrBufferFull) {
			return start, size, err
		}
	}
}

// unfinished reports whether a reader has failed only because the file has no end.
func (r *reader) unfinished(err error) bool {
	var refused *RefusedError
	return errors.As(err, &refused) && refused.Reason == noEnd
}

// noEnd is what is wrong with a file that is not finished.
const noEnd = "the end is missing: the file is not whole"
