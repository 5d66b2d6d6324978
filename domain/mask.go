package domain

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// Mask says what stands in the place of what was hidden (contract §8.1). Masking may
// make a text longer; it is never cut for that.
type Mask int

const (
	// MaskFixed is four glyphs, so that nobody learns how long the secret was.
	MaskFixed Mask = iota
	// MaskPerCharacter is a glyph for each visible character, with white space kept.
	// It tells the length.
	MaskPerCharacter
)

// MaskedText stands for a text of which nothing is shown.
const MaskedText = "▇▇▇▇"

const (
	maskGlyph = "▇"
	fixedMask = MaskedText
)

var maskNames = [...]string{MaskFixed: "fixed", MaskPerCharacter: "per_char"}

// String gives the name of the setting.
func (m Mask) String() string { return maskNames[m] }

// MarshalText is String.
func (m Mask) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads fixed or per_char.
func (m *Mask) UnmarshalText(b []byte) error {
	i := slices.Index(maskNames[:], string(b))
	if i < 0 {
		return errors.New("mask is none of fixed, per_char")
	}
	*m = Mask(i)
	return nil
}

// An edit puts text in the place of a part of the source.
type edit struct {
	bounds
	text string
}

// hide returns the edits that mask spans of source, which are in order of their
// beginnings. A span is widened to whole characters as readers count them (grapheme
// clusters), and narrowed to what can be seen. What is masked already stays.
func (m Mask) hide(source string, spans []bounds) []edit {
	if len(spans) == 0 {
		return nil
	}
	chars := characters(source)
	var edits []edit
	for _, s := range wholeCharacters(chars, spans) {
		edits = append(edits, m.run(source, chars[s.from:s.to+1])...)
	}
	return edits
}

// characters returns where the grapheme clusters of s begin, and its end.
func characters(s string) []int {
	starts := make([]int, 1, len(s)+1)
	for state, rest := -1, s; rest != ""; {
		_, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		starts = append(starts, len(s)-len(rest))
	}
	return starts
}

// wholeCharacters returns the spans as ranges of characters, those that have come to
// overlap as one.
func wholeCharacters(chars []int, spans []bounds) []bounds {
	var whole []bounds
	for _, s := range spans {
		from, exact := slices.BinarySearch(chars, s.from)
		if !exact {
			from--
		}
		to, _ := slices.BinarySearch(chars, s.to)
		if n := len(whole); n > 0 && from < whole[n-1].to {
			whole[n-1].to = max(whole[n-1].to, to)
			continue
		}
		whole = append(whole, bounds{from, to})
	}
	return whole
}

// run masks one run of characters.
func (m Mask) run(source string, chars []int) []edit {
	char := func(i int) string { return source[chars[i]:chars[i+1]] }
	for len(chars) > 1 && isBlank(char(0)) {
		chars = chars[1:]
	}
	for len(chars) > 1 && isBlank(char(len(chars)-2)) {
		chars = chars[:len(chars)-1]
	}
	if len(chars) == 1 || isMasked(source[chars[0]:chars[len(chars)-1]]) {
		return nil
	}
	if m == MaskFixed {
		return []edit{{bounds{chars[0], chars[len(chars)-1]}, fixedMask}}
	}
	var edits []edit
	for i := range chars[1:] {
		switch c := char(i); {
		case strings.ContainsFunc(c, unicode.IsSpace) && isBlank(c), c == maskGlyph:
		case isBlank(c):
			edits = append(edits, edit{bounds{chars[i], chars[i+1]}, ""})
		default:
			edits = append(edits, edit{bounds{chars[i], chars[i+1]}, maskGlyph})
		}
	}
	return edits
}

// isMasked reports whether nothing but masks is to be seen in s.
func isMasked(s string) bool { return isBlank(strings.ReplaceAll(s, maskGlyph, "")) }

// splice returns the part of a source that stood at at, after the edits that touch
// it. An edit over several parts leaves its text in the first.
func splice(part string, at bounds, edits []edit) string {
	first, _ := slices.BinarySearchFunc(edits, at.from, func(e edit, from int) int { return cmp.Compare(e.to, from+1) })
	if first == len(edits) || edits[first].from >= at.to {
		return part
	}
	var b strings.Builder
	done := at.from
	for i := first; i < len(edits) && edits[i].from < at.to; i++ {
		b.WriteString(part[done-at.from : max(edits[i].from, at.from)-at.from])
		b.WriteString(edits[i].text)
		edits[i].text = ""
		done = min(edits[i].to, at.to)
	}
	b.WriteString(part[done-at.from:])
	return b.String()
}
