package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// bounds are a half-open range.
type bounds struct{ from, to int }

// A reading is a text in normal form: what a reader perceives, and where in the
// source each rune of it stands. Invisible characters are left out, and white space
// of any kind and length is one plain space, as it is on a page of HTML.
type reading struct {
	runes []rune
	at    []bounds // in bytes of the source
}

func read(source string) reading {
	size := utf8.RuneCountInString(source)
	v := reading{make([]rune, 0, size), make([]bounds, 0, size)}
	for i := 0; i < len(source); {
		r, width := utf8.DecodeRuneInString(source[i:])
		from := i
		i += width
		switch {
		case unicode.IsSpace(r):
			if n := len(v.runes); n > 0 && v.runes[n-1] == ' ' {
				v.at[n-1].to = i
				continue
			}
			r = ' '
		case isInvisible(r):
			continue
		}
		v.runes = append(v.runes, r)
		v.at = append(v.at, bounds{from, i})
	}
	return v
}

// composed returns the reading in Unicode normal form C. Runes that were composed
// together stand, each of them, where all of them stood.
func (v reading) composed() reading {
	s := string(v.runes)
	if norm.NFC.IsNormalString(s) {
		return v
	}
	var c reading
	first := 0 // of the runes of a segment
	for len(s) > 0 {
		n := norm.NFC.NextBoundaryInString(s, true)
		if n <= 0 {
			n = len(s)
		}
		last := first + utf8.RuneCountInString(s[:n]) - 1
		at := bounds{v.at[first].from, v.at[last].to}
		for _, r := range norm.NFC.String(s[:n]) {
			c.runes = append(c.runes, r)
			c.at = append(c.at, at)
		}
		s, first = s[n:], last+1
	}
	return c
}

// visible returns the indexes of the runes that are not white space.
func (v reading) visible() []int {
	all := make([]int, 0, len(v.runes))
	for i, r := range v.runes {
		if r != ' ' {
			all = append(all, i)
		}
	}
	return all
}

// isWord reports whether the runes of b are not part of a longer word.
func (v reading) isWord(b bounds) bool { return !v.joined(b.from) && !v.joined(b.to) }

// word widens b to the words that it begins and ends in.
func (v reading) word(b bounds) bounds {
	for v.joined(b.from) {
		b.from--
	}
	for v.joined(b.to) {
		b.to++
	}
	return b
}

// joined reports whether the runes before and after i are of one word.
func (v reading) joined(i int) bool {
	return i > 0 && i < len(v.runes) && isWordRune(v.runes[i-1]) && isWordRune(v.runes[i])
}

// isWordRune: letters and digits of scripts that put spaces between words. In the
// others any character may be a word.
func isWordRune(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.M) && !unicode.In(r, unicode.Han, unicode.Hiragana,
		unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// isInvisible reports whether a page shows nothing for r: the default-ignorable code
// points of Unicode (soft hyphen, zero-width space and joiners, marks of direction,
// variation selectors, tags, byte order mark and so on) and control characters.
func isInvisible(r rune) bool {
	if r < 0x80 {
		return r < ' ' && !unicode.IsSpace(r) || r == 0x7f
	}
	if unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Cc) && !unicode.IsSpace(r) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r) // they are seen, around the digits after them
}

// isBlank reports whether there is nothing to see in s.
func isBlank(s string) bool {
	for _, r := range s {
		if !unicode.IsSpace(r) && !isInvisible(r) {
			return false
		}
	}
	return true
}

// normalForm returns s as a reader perceives it, composed: two texts that cannot be
// told apart have the same, white space at the ends aside.
func normalForm(s string) string { return strings.Trim(string(read(s).composed().runes), " ") }
