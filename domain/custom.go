package domain

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxCustom is how many bytes the custom metadata of a comment may take up.
const MaxCustom = 16 << 10

// maxCustomDepth is how deep it may nest.
const maxCustomDepth = 32

// ErrCustom: custom metadata that is no JSON object, or too long or too deep a one, or
// one that has a name twice.
var ErrCustom = errors.New("custom metadata is a JSON object of at most 16 KiB, nested 32 deep at most, in which no name occurs twice")

// ParseCustom returns custom metadata as it is kept in Body.Custom: without white space
// between its parts, each text written in one way, and empty for an object without
// members. The error is ErrCustom.
func ParseCustom(object []byte) (string, error) {
	v := jsontext.Value(object)
	if v.Kind() != '{' || !v.IsValid() {
		return "", ErrCustom
	}
	var b strings.Builder
	in, out := jsontext.NewDecoder(bytes.NewReader(object)), jsontext.NewEncoder(&b)
	for {
		token, err := in.ReadToken()
		if err != nil {
			break // the end
		}
		if in.StackDepth() > maxCustomDepth || out.WriteToken(token) != nil {
			return "", ErrCustom
		}
	}
	switch custom := strings.TrimSpace(b.String()); {
	case len(custom) > MaxCustom:
		return "", ErrCustom
	case custom != "{}":
		return custom, nil
	}
	return "", nil
}

// redactCustom returns custom metadata with the secret hidden in its texts and its
// numbers, and whether it was found. A member whose name tells the secret goes with all
// it holds; a text in which the secret can be read otherwise is masked as a whole.
func (s *Secret) redactCustom(custom string, m Mask, otherwise func(string, Mask) bool) (string, bool) {
	if custom == "" {
		return "", false
	}
	var b strings.Builder
	in, out := jsontext.NewDecoder(strings.NewReader(custom)), jsontext.NewEncoder(&b)
	found := false
	for {
		token, err := in.ReadToken()
		if err != nil {
			break // the end
		}
		switch kind, length := in.StackIndex(in.StackDepth()); {
		case token.Kind() == '"' && kind == '{' && length%2 == 1: // a name
			if s.readsInString(token.String(), m) {
				found = true
				if in.SkipValue() != nil {
					return "", true
				}
				continue
			}
		case token.Kind() == '"':
			if text, here := s.redactValueOf(token.String(), m, otherwise); here {
				token, found = jsontext.String(text), true
			}
		case token.Kind() == '0' && s.readsInNumber(token.String(), m):
			token, found = jsontext.String(fixedMask), true
		}
		if out.WriteToken(token) != nil {
			return "", true // not what ParseCustom returns
		}
	}
	if !found {
		return custom, false
	}
	if masked := strings.TrimSpace(b.String()); masked != "{}" {
		return masked, true
	}
	return "", true
}

// redactValueOf returns a text of custom metadata with the secret hidden, and whether
// it was found.
func (s *Secret) redactValueOf(text string, m Mask, otherwise func(string, Mask) bool) (string, bool) {
	masked, found := s.redact(Body{Text: text}, m, nil)
	if otherwise(masked.Text, m) {
		return fixedMask, true
	}
	return masked.Text, found && masked.Text != text
}

// readsInString reports whether a name tells the secret.
func (s *Secret) readsInString(text string, m Mask) bool {
	return s.reads(text, inText, m) || s.readsEncoded(text, m)
}

// readsEncoded reports whether a text tells the secret once it is taken for HTML or an address.
func (s *Secret) readsEncoded(text string, m Mask) bool {
	return s.readsInMarkup(text, m) || s.readsInCode(text, m)
}

// readsInCall is readsEncoded for what is told of a call, whose telephone numbers may be
// grouped otherwise in the comment.
func (s *Secret) readsInCall(text string, m Mask) bool {
	digits, ok := telephone([]rune(text))
	return ok && s.dials("tel:"+digits) || s.readsEncoded(text, m)
}

// readsInNumber reports whether a number tells the secret, as it is written or in full.
func (s *Secret) readsInNumber(number string, m Mask) bool {
	if s.reads(number, inText, m) {
		return true
	}
	f, err := strconv.ParseFloat(number, 64)
	return err == nil && s.reads(strconv.FormatFloat(f, 'f', -1, 64), inText, m)
}
