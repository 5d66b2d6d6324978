package inbound

import "strings"

const (
	MaxBody  = 1 << 20 // bytes
	MaxDepth = 64      // of arrays and objects within each other

	MaxSubject = 1_000 // bytes of a ticket's subject
)

// IsJSON reports whether a media type, as mime.ParseMediaType returns it, is
// application/json or application/*+json.
func IsJSON(media string) bool {
	return media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}

// Shallow reports whether nothing in body nests deeper than MaxDepth. It does not
// care whether body is well-formed.
func Shallow(body []byte) bool {
	depth := 0
	inString := false
	for i := 0; i < len(body); i++ {
		c := body[i]
		if inString {
			switch c {
			case '\\':
				i++
			case '"':
				inString = false
			}
			continue
		}
		switch c {
		case '"':
			inString = true
		case '{', '[':
			if depth++; depth > MaxDepth {
				return false
			}
		case '}', ']':
			depth--
		}
	}
	return true
}
