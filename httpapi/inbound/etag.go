package inbound

import "strings"

// NoneMatch reports whether an If-None-Match header names etag or "*". Tags are
// compared weakly (RFC 9110, 13.1.2): a proxy may have weakened ours.
func NoneMatch(values []string, etag string) bool {
	return anyTag(values, func(tag string, _ bool) bool { return tag == etag })
}

// Match reports whether an If-Match header names etag or "*". Tags are compared
// strongly: a weak one never matches.
func Match(values []string, etag string) bool {
	return anyTag(values, func(tag string, weak bool) bool { return !weak && tag == etag })
}

// anyTag reports whether is holds for any of the entity tags that the header lists,
// or the header is "*". Tags are passed with their quotes. What is no entity tag
// ends the list.
func anyTag(values []string, is func(tag string, weak bool) bool) bool {
	if len(values) == 1 && strings.Trim(values[0], " \t") == "*" {
		return true
	}
	for _, rest := range values {
		for {
			rest = strings.TrimLeft(rest, " \t,")
			opaque, weak := strings.CutPrefix(rest, "W/")
			end := tagEnd(opaque)
			if end == 0 {
				break
			}
			if is(opaque[:end], weak) {
				return true
			}
			rest = strings.TrimLeft(opaque[end:], " \t")
			if rest == "" || rest[0] != ',' {
				break
			}
		}
	}
	return false
}

// tagEnd returns the length of the quoted tag that s begins with, 0 if it does not.
func tagEnd(s string) int {
	if s == "" || s[0] != '"' {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c <= ' ' || c == 0x7f:
			return 0
		}
	}
	return 0
}
