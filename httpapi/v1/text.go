package v1

import (
	"net/http"
	"strings"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/inbound"
	"github.com/commentd/commentd/httpapi/problem"
)

const (
	maxContent = 65_536 // bytes of a comment
	maxSubject = inbound.MaxSubject
)

// mistakes are what is wrong with the members of a body.
type mistakes []problem.FieldError

func (m *mistakes) add(field, message string) {
	*m = append(*m, problem.FieldError{Field: field, Message: message})
}

// err returns the *problem.Error for the mistakes, nil for none.
func (m mistakes) err() error {
	if len(m) == 0 {
		return nil
	}
	return problem.Invalid(m...)
}

// notNull notes a mistake if the member is null.
func notNull[T any](m *mistakes, field string, f Field[T]) {
	if f.Null {
		m.add(field, "must not be null")
	}
}

// text notes what is wrong with a text that is present: it is kept as it is, so it
// must say something and fit.
func (m *mistakes) text(field, s string, max int, most string) {
	switch {
	case strings.TrimSpace(s) == "":
		m.add(field, "must not be blank")
	case len(s) > max:
		m.add(field, "must not be longer than "+most+" bytes of UTF-8")
	case strings.IndexByte(s, 0) >= 0:
		m.add(field, "must not contain U+0000")
	}
}

// newText returns a text that r brings, with a content id of its own.
func newText(body string, r *http.Request) (*domain.Text, error) {
	return inbound.NewText(r, domain.Body{Text: body})
}
