package v1

import (
	"net/http"

	"github.com/commentd/commentd/httpapi/problem"
)

// maxIdempotencyKey is in bytes.
const maxIdempotencyKey = 255

// idempotencyKey returns the Idempotency-Key of a request, "" if there is none.
func idempotencyKey(h http.Header) (string, error) {
	values, ok := h["Idempotency-Key"]
	if !ok {
		return "", nil
	}
	if len(values) != 1 || values[0] == "" || len(values[0]) > maxIdempotencyKey || !printable(values[0]) {
		return "", problem.New(problem.BadRequest, "Idempotency-Key must be given once, as 1 to 255 printable ASCII characters.")
	}
	return values[0], nil
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
