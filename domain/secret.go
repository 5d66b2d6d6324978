package domain

import (
	"cmp"
	"slices"
	"strings"
)

// A Secret is what one redaction hides, in normal form, to be looked for in every
// text of the comment. It lives as long as the redaction is being carried out and is
// never stored.
//
// The normal form is what a reader perceives: characters composed (NFC), invisible
// ones left out, white space of any kind as one space, tags and entities gone. Text is
// also looked for as it is typed, uncomposed.
//
// What stands under a mark is a secret line by line and as a whole. A line of fewer
// than three visible characters would turn up all over the comment, so away from its
// mark it is hidden only within the same word: a marked "a" hides no letter of
// "answer", a marked "ss" of "password" hides those two of every "password".
type Secret struct {
	all bool
	// filesOnly: there is nothing to look for in texts.
	filesOnly bool
	patterns  *automaton
	// literal: occurrences are taken from left to right and do not overlap (contract
	// §8.2). Else what overlaps is hidden together.
	literal bool
	// anywhere are the patterns that are hidden wherever they occur.
	anywhere [][]rune
	// values are what attributes of marked elements say, in normal form.
	values map[string]bool
	// numbers are the telephone numbers among the patterns, digits only.
	numbers []string
	// places are the runs that are marked in the last version, in visible runes.
	places []bounds
}

// shortMark is the number of visible characters from which on what was marked is
// hidden wherever it occurs.
const shortMark = 3

// NewSecret returns what r hides in a comment with these versions, of which the last
// is today's. It does not look whether it occurs.
func NewSecret(versions []Body, r Redaction) (*Secret, error) {
	s := &Secret{all: r.All, patterns: newAutomaton(), values: map[string]bool{}}
	switch {
	case r.All && r.Text == "" && r.MarkedHTML == "" && r.Attachments == nil:
	case !r.All && r.Text == "" && r.MarkedHTML == "" && len(r.Attachments) > 0:
		s.filesOnly = true
	case !r.All && r.Text != "" && r.MarkedHTML == "" && r.Attachments == nil && !isBlank(r.Text):
		s.literal = true
		s.hideAnywhere(read(r.Text).runes)
	case !r.All && r.Text == "" && r.MarkedHTML != "":
		if len(versions) == 0 {
			return nil, ErrMarks
		}
		if err := s.mark(versions[len(versions)-1], r.MarkedHTML); err != nil {
			return nil, err
		}
	default:
		return nil, ErrNothingToRedact
	}
	s.patterns.seal()
	return s, nil
}

// Hide returns b with the secret hidden wherever it occurs, whatever b belongs to, and
// whether it does: as Redact does it with the earlier versions of a comment. A redaction
// of files alone leaves every text as it is, and counts as found.
func (s *Secret) Hide(b Body, m Mask) (Body, bool) {
	hidden, found := s.redact(b, m, nil)
	return hidden, found || s.filesOnly
}

func (s *Secret) hideAnywhere(runes []rune) {
	s.anywhere = append(s.anywhere, runes)
	s.patterns.pattern(runes).anywhere = true
	s.patterns.pattern(compose(runes)).anywhere = true
	if digits, ok := telephone(runes); ok {
		s.numbers = append(s.numbers, digits)
	}
}

// hideInWord hides part of a word.
func (s *Secret) hideInWord(word []rune, part bounds) {
	p := s.patterns.pattern(word)
	p.asWord = append(p.asWord, part)

	before, within, after := compose(word[:part.from]), compose(word[part.from:part.to]), compose(word[part.to:])
	p = s.patterns.pattern(slices.Concat(before, within, after))
	p.asWord = append(p.asWord, bounds{len(before), len(before) + len(within)})
}

func compose(runes []rune) []rune { return read(string(runes)).composed().runes }

// spans returns where the secret stands in source, in order of the beginnings.
func (s *Secret) spans(source string, in place) []bounds {
	v := read(source)
	spans := s.occurrences(v, in)
	if c := v.composed(); len(c.runes) != len(v.runes) || string(c.runes) != string(v.runes) {
		spans = append(spans, s.occurrences(c, in)...)
	}
	sortSpans(spans)
	if !s.literal {
		return spans
	}
	end := 0
	return slices.DeleteFunc(spans, func(b bounds) bool {
		if b.from < end {
			return true
		}
		end = b.to
		return false
	})
}

// sortSpans sorts by beginning, longer spans first.
func sortSpans(spans []bounds) {
	slices.SortFunc(spans, func(a, b bounds) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to))
	})
}

// place is a kind of text that may hold a secret.
type place int

const (
	inText place = iota
	inAttribute
	inTag // an attribute that is a number: short marks mean nothing there
)

func (s *Secret) occurrences(v reading, in place) []bounds {
	var spans []bounds
	add := func(from, to int) { spans = append(spans, bounds{v.at[from].from, v.at[to-1].to}) }
	s.patterns.search(v.runes, func(p *pattern, end int) bool {
		from := end - p.size
		if p.anywhere {
			add(from, end)
			return false // whatever else ends here is shorter
		}
		if in != inTag && v.isWord(bounds{from, end}) {
			if p.asAddress && in == inText {
				add(from, end)
			}
			for _, part := range p.asWord {
				add(from+part.from, from+part.to)
			}
		}
		return true
	})
	return spans
}

// telephone returns the digits of what may be a telephone number, without the zeros
// that are dialled in place of a country.
func telephone(runes []rune) (digits string, ok bool) {
	var b strings.Builder
	for _, r := range runes {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.ContainsRune(" +-()./\u2010\u2011\u2012\u2013", r):
			return "", false
		}
	}
	digits = strings.TrimLeft(b.String(), "0")
	return digits, len(digits) >= 5
}
