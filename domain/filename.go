package domain

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxFileName is in bytes, which is what file systems take.
const maxFileName = 255

// FileName returns a name that a file can safely be offered under, made from what a
// client calls it; "" if nothing is left of that. What cannot be seen goes first, so that
// it cannot keep a later rule from seeing what it looks for; then there are no folders,
// and no dots or spaces around it.
func FileName(given string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.Is(unicode.C, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return -1
		case strings.ContainsRune(`/\:*?"<>|`, r):
			return '_'
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(given, "")))
	name = strings.TrimLeft(strings.TrimSpace(name), ".")
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	if len(name) <= maxFileName {
		return name
	}
	extension := path.Ext(name)
	if len(extension) > 16 {
		extension = ""
	}
	return Cut(name, maxFileName-len(extension)) + extension
}
