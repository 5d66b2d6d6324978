package v1

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/httpapi/inbound"
	"github.com/commentd/commentd/httpapi/problem"
)

const maxBody = inbound.MaxBody

// buffers are for bodies on their way in and out. Big ones are left to the
// garbage collector.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const maxPooled = 64 << 10

func putBuffer(b *bytes.Buffer) {
	if b.Cap() <= maxPooled {
		b.Reset()
		buffers.Put(b)
	}
}

// readBody decodes the body of r, a JSON object, into v, a pointer to a struct of
// Fields. It is the one gate for bodies, and strict: duplicate names, invalid
// UTF-8 and anything after the object are refused; names count in their exact
// case, and those that v does not have are ignored. The error is a *problem.Error.
func readBody(w http.ResponseWriter, r *http.Request, v any) error {
	if err := checkMediaType(r.Header); err != nil {
		return err
	}
	if r.ContentLength > maxBody {
		return errTooLarge
	}
	b := buffers.Get().(*bytes.Buffer)
	defer putBuffer(b)
	if _, err := b.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		return readError(err)
	}
	return decode(b.Bytes(), v)
}

var (
	errTooLarge  = problem.New(problem.PayloadTooLarge, "The body must not be longer than 1 MiB.")
	errMediaType = problem.New(problem.UnsupportedMedia, "The body must be JSON in UTF-8: Content-Type: application/json.")
	errEncoding  = problem.New(problem.UnsupportedMedia, "The body must not be compressed.")
	errTimeout   = problem.New(problem.RequestTimeout, "The body took too long to arrive.")
	errBroken    = problem.New(problem.BadRequest, "The body could not be read to its end.")
	errMalformed = problem.New(problem.BadRequest, "The body must be one well-formed JSON value in UTF-8, without duplicate names.")
	errNoObject  = problem.New(problem.BadRequest, "The body must be a JSON object.")
	errDepth     = problem.New(problem.BadRequest, "The body must not nest arrays and objects more than 64 deep.")
)

func readError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errTimeout
	}
	return errBroken
}

// checkMediaType accepts application/json and application/*+json, in UTF-8.
func checkMediaType(h http.Header) error {
	if encodings := h["Content-Encoding"]; len(encodings) > 1 || len(encodings) == 1 && !strings.EqualFold(encodings[0], "identity") {
		return errEncoding
	}
	types := h["Content-Type"]
	if len(types) != 1 {
		return errMediaType
	}
	if types[0] == "application/json" {
		return nil
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || !inbound.IsJSON(media) {
		return errMediaType
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return errMediaType
	}
	return nil
}

func decode(body []byte, v any) error {
	if !inbound.Shallow(body) {
		return errDepth
	}
	if start := bytes.TrimLeft(body, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		// Whether it is malformed or only no object, it is the same to the caller.
		return errNoObject
	}
	err := json.Unmarshal(body, v)
	var semantic *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &semantic) && semantic.JSONKind != 0:
		// Only members that v has are looked into, so the name is ours.
		return problem.New(problem.BadRequest, semantic.JSONPointer.LastToken()+" has a value of the wrong JSON type.")
	}
	return errMalformed
}
