package v1

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// A DiffPart is a stretch of text that is in both of two versions, or in one. The
// parts that are not inserted are the one version, those not deleted the other.
type DiffPart struct {
	Op   string `json:"op" enum:"equal,delete,insert"`
	Text string `json:"text"`
}

// maxCompared bounds the words, or lines, that are compared with each other: the
// effort grows with the square of what is different.
const maxCompared = 4000

// diff returns the way from x to y, word by word. Where too much is different it is
// told line by line, and at last as a whole: equal arguments give equal answers.
func diff(x, y string) []DiffPart {
	for _, split := range []func(string) []string{words, lines} {
		from, to := split(x), split(y)
		if different(from, to) <= maxCompared {
			return compare(from, to)
		}
	}
	return compare([]string{x}, []string{y})
}

// words cuts a text into words, stretches of white space, and other characters.
func words(s string) (parts []string) {
	for len(s) > 0 {
		first, end := utf8.DecodeRuneInString(s)
		if class := classOf(first); class != 0 {
			if end = strings.IndexFunc(s, func(r rune) bool { return classOf(r) != class }); end < 0 {
				end = len(s)
			}
		}
		parts, s = append(parts, s[:end]), s[end:]
	}
	return parts
}

func classOf(r rune) int {
	switch {
	case unicode.IsSpace(r):
		return 1
	case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
		return 2
	}
	return 0
}

func lines(s string) []string { return strings.SplitAfter(s, "\n") }

// different returns how many parts are between what both begin with and what both end
// with.
func different(x, y []string) int {
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return len(x) + len(y)
}

// compare has the library compare texts of which each character stands for a part.
func compare(x, y []string) []DiffPart {
	a := alphabet{letters: make(map[string]rune)}
	differ := diffmatchpatch.New()
	differ.DiffTimeout = 0 // the answer must not depend on the clock
	var parts []DiffPart
	for _, d := range differ.DiffMainRunes(a.write(x), a.write(y), false) {
		op := "equal"
		switch d.Type {
		case diffmatchpatch.DiffDelete:
			op = "delete"
		case diffmatchpatch.DiffInsert:
			op = "insert"
		}
		parts = append(parts, DiffPart{Op: op, Text: a.read(d.Text)})
	}
	return parts
}

// alphabet has a letter for each different part.
type alphabet struct {
	letters map[string]rune
	parts   []string // of letter 1, 2, 3 and so on
}

// surrogates are no characters, and lost on the way through a string.
const firstSurrogate, surrogates = 0xD800, 0x800

func (a *alphabet) write(parts []string) []rune {
	text := make([]rune, 0, len(parts))
	for _, part := range parts {
		if part == "" {
			continue
		}
		letter, ok := a.letters[part]
		if !ok {
			a.parts = append(a.parts, part)
			if letter = rune(len(a.parts)); letter >= firstSurrogate {
				letter += surrogates
			}
			a.letters[part] = letter
		}
		text = append(text, letter)
	}
	return text
}

func (a *alphabet) read(text string) string {
	var b strings.Builder
	for _, letter := range text {
		if letter >= firstSurrogate {
			letter -= surrogates
		}
		b.WriteString(a.parts[letter-1])
	}
	return b.String()
}
