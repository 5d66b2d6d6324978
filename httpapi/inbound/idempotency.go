package inbound

import "net/http"

// MaxIdempotencyKey is in bytes.
const MaxIdempotencyKey = 255

// IdempotencyKey returns the Idempotency-Key of a request, "" if there is none. It is not
// ok unless it is given once, as 1 to 255 printable ASCII characters.
func IdempotencyKey(h http.Header) (key string, ok bool) {
	values, given := h["Idempotency-Key"]
	if !given {
		return "", true
	}
	if len(values) != 1 || values[0] == "" || len(values[0]) > MaxIdempotencyKey || !printable(values[0]) {
		return "", false
	}
	return values[0], true
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
