package auth

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Form is how credentials were presented.
type Form int

const (
	FormBearer   Form = iota + 1 // Bearer KEY
	FormToken                    // Basic base64(email/token:KEY)
	FormPassword                 // Basic base64(email:KEY)
)

// Credentials are what an Authorization header says, before anything of it is
// believed. They print and log as nothing.
type Credentials struct {
	Form  Form
	Email string // FormToken and FormPassword; the key's account must have such a user
	Key   string
}

// Format keeps credentials out of whatever is printed.
func (Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "(credentials)") }

// MarshalText keeps credentials out of logs and JSON.
func (Credentials) MarshalText() ([]byte, error) { return []byte("(credentials)"), nil }

// maxHeader bounds the Authorization header, in bytes.
const maxHeader = 8 << 10

// ParseAuthorization reads the values of the Authorization header. There must be
// one, of at most 8 KiB, in one of the three forms; anything else is
// ErrUnauthorized. The scheme is read in any case (RFC 9110), "/token" in lower
// case only: an e-mail address may end in "/TOKEN".
func ParseAuthorization(values []string) (Credentials, error) {
	if len(values) != 1 || len(values[0]) > maxHeader {
		return Credentials{}, ErrUnauthorized
	}
	scheme, rest, found := strings.Cut(values[0], " ")
	rest = strings.TrimLeft(rest, " ")
	switch {
	case !found || rest == "":
	case strings.EqualFold(scheme, "Bearer") && isToken68(rest):
		return Credentials{Form: FormBearer, Key: rest}, nil
	case strings.EqualFold(scheme, "Basic"):
		return parseBasic(rest)
	}
	return Credentials{}, ErrUnauthorized
}

func parseBasic(encoded string) (Credentials, error) {
	decoded, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || !isToken68(encoded) || !utf8.Valid(decoded) { // base64 skips line breaks
		return Credentials{}, ErrUnauthorized
	}
	// The first colon ends the user (RFC 7617); a key has none.
	user, key, found := strings.Cut(string(decoded), ":")
	if !found || key == "" || !printable(key) || strings.ContainsFunc(user, isControl) {
		return Credentials{}, ErrUnauthorized
	}
	form := FormPassword
	if email, ok := strings.CutSuffix(user, "/token"); ok {
		form, user = FormToken, email
	}
	if user == "" {
		return Credentials{}, ErrUnauthorized
	}
	return Credentials{Form: form, Email: user, Key: key}, nil
}

// isToken68 reports whether s is made of the characters that RFC 9110 allows in
// credentials of one word.
func isToken68(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) && strings.IndexByte("-._~+/=", s[i]) < 0 {
			return false
		}
	}
	return true
}

// printable reports whether s is all visible ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func isControl(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 }
