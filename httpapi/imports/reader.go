package imports

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// kind says what a record is.
type kind int

const (
	unknown kind = iota // to be told by its members
	aPerson
	aTicket
	anEvent // of a ticket, as incremental exports have it
	anAudit
)

// pages are the members by which a page of Zendesk's API is known, each an array.
var pages = map[string]kind{"users": aPerson, "tickets": aTicket, "ticket_events": anEvent, "audits": anAudit}

// A record is one thing of a file, not looked into yet.
type record struct {
	kind  kind
	value jsontext.Value
	place place
}

// A place is where something stands in a file.
type place struct {
	line   int
	member string // of a page; "": the record stands for itself
	index  int    // in it, from 1
}

func (p place) String() string {
	if p.member == "" {
		return fmt.Sprintf("line %d", p.line)
	}
	return fmt.Sprintf("line %d, %s %d", p.line, p.member, p.index)
}

// maxRecord is how many bytes one thing of a file may have: so much of the file is in memory
// at a time, for each that is being worked on.
const maxRecord = 64 << 20

var errTooLarge = errors.New("too large a record")

// A reader finds the records in a sequence of JSON values. What is no JSON is told to refuse,
// and it goes on at the next line that begins a value.
type reader struct {
	in     *meter
	json   *jsontext.Decoder
	before int64 // bytes of the input before those of json
	give   func(record) error
	refuse func(at place, reason string)
	last   place // that was marked
}

func newReader(in io.Reader, give func(record) error, refuse func(place, string)) *reader {
	r := &reader{in: &meter{in: in, most: maxRecord}, give: give, refuse: refuse}
	r.begin(r.in)
	return r
}

func (r *reader) begin(in io.Reader) {
	// Whether names occur twice, and whether texts are UTF-8, is asked of each record.
	r.json = jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// read gives all records. The error is that of give, or of the input.
func (r *reader) read() error {
	for {
		r.mark()
		err := r.value()
		var stop *stopError
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF) && r.json.StackDepth() == 0 && !errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case errors.As(err, &stop):
			return stop.err
		case r.in.failed != nil:
			return r.in.failed
		case errors.Is(err, errTooLarge):
			r.refuse(r.last, "larger than 64 MiB, or not JSON; what follows is passed over, up to the next line that begins with { or [")
		default:
			r.refuse(r.last, "not JSON; what follows is passed over, up to the next line that begins with { or [")
		}
		if err := r.recover(r.offends(err)); err != nil {
			return err
		}
	}
}

// stopError is an error of give.
type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }

// mark says that a record begins, and where.
func (r *reader) mark() place {
	at := r.before + r.json.InputOffset()
	r.in.mark = at
	r.json.PeekKind() // so that it is in the buffer
	r.last = place{line: r.in.lineAt(at + leading(r.json.UnreadBuffer()))}
	return r.last
}

// leading is how much of what stands between values bytes begin with.
func leading(b []byte) int64 { return int64(len(b) - len(bytes.TrimLeft(b, " \t\r\n,:"))) }

// value reads one value of the sequence.
func (r *reader) value() error {
	switch r.json.PeekKind() {
	case '{':
		return r.object()
	case '[':
		return r.elements("array", unknown)
	}
	at := r.mark()
	_, err := r.json.ReadToken()
	if err == nil {
		r.refuse(at, "neither an object nor an array")
	}
	return err
}

// object reads a page, whose elements are given as they come, or something that stands for
// itself. An array of audits is that of a page unless an id came before: then it belongs to
// the ticket with the id.
func (r *reader) object() error {
	rec := record{place: r.mark()}
	if _, err := r.json.ReadToken(); err != nil {
		return err
	}
	whole, page, named := []byte{'{'}, false, false
	for r.json.PeekKind() != '}' {
		name, err := r.json.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		if k, known := pages[key]; known && !named && r.json.PeekKind() == '[' {
			page = true
			if err := r.elements(key, k); err != nil {
				return err
			}
			continue
		}
		value, err := r.json.ReadValue()
		if err != nil {
			return err
		}
		named = named || key == "id"
		if page {
			r.mark()
			continue
		}
		if len(whole) > 1 {
			whole = append(whole, ',')
		}
		quoted, err := jsontext.AppendQuote(nil, key)
		if err != nil { // its name is not UTF-8
			quoted = []byte(`"\ufffd"`)
		}
		whole = append(append(append(whole, quoted...), ':'), value...)
	}
	if _, err := r.json.ReadToken(); err != nil || page {
		return err
	}
	rec.value = append(whole, '}')
	return r.pass(rec)
}

// elements gives those of an array.
func (r *reader) elements(member string, k kind) error {
	if _, err := r.json.ReadToken(); err != nil {
		return err
	}
	for i := 1; r.json.PeekKind() != ']'; i++ {
		at := r.mark()
		at.member, at.index = member, i
		r.last = at
		value, err := r.json.ReadValue()
		if err != nil {
			return err
		}
		if err := r.pass(record{k, bytes.Clone(value), at}); err != nil {
			return err
		}
	}
	_, err := r.json.ReadToken()
	return err
}

func (r *reader) pass(rec record) error {
	if rec.kind == unknown {
		rec.kind = kindOf(rec.value)
	}
	if err := r.give(rec); err != nil {
		return &stopError{err}
	}
	return nil
}

// offends returns where the mistake is that an error tells of; 0: it tells of none.
func (r *reader) offends(err error) int64 {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return r.before + syntax.ByteOffset
	}
	return 0
}

// recover passes over what cannot be read because of a mistake at some place. A line that
// begins there has not been tried yet: what came before it is cut off.
func (r *reader) recover(mistake int64) error {
	at := r.before + r.json.InputOffset()
	unread := bytes.Clone(r.json.UnreadBuffer())
	skip := leading(unread)
	last := byte(0)
	if at+skip == mistake && bytes.HasSuffix(unread[:skip], []byte("\n")) {
		last = '\n'
	}
	at, unread = at+skip, unread[skip:]
	r.in.mark = noMark
	r.in.unread(unread)
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.in.Read(buffer)
		for i, c := range buffer[:n] {
			if last == '\n' && (c == '{' || c == '[') {
				r.before = at + int64(i)
				r.in.mark = r.before
				r.in.unread(bytes.Clone(buffer[i:n]))
				r.begin(r.in)
				return nil
			}
			last = c
		}
		at += int64(n)
		r.in.lineAt(at)
		if errors.Is(err, io.EOF) {
			r.before, r.in.mark = at, at
			r.begin(bytes.NewReader(nil))
			return nil
		}
		if err != nil {
			return err
		}
	}
}
