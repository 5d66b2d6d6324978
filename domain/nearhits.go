package domain

import (
	"slices"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// NearHits returns what stands in b, which is what Redact has left of the last of the
// versions, and only looks like what was to be hidden: in other letter case, full-width
// or other scripts' digits, ligatures, final sigma, dotless i. It is not hidden, for it is
// not what was asked; whoever redacts should be shown it and can redact again.
func NearHits(versions []Body, r Redaction, b Body) []string {
	s, err := NewSecret(versions, r)
	if err != nil { // and then nothing was redacted
		return nil
	}
	source := b.Text
	if root, err := parseHTML(b.HTML); b.HTML != "" && err == nil {
		source = flowOf(root).source
	}
	near := newAutomaton()
	for _, text := range s.anywhere {
		if folded := read(string(text)).folded(); len(folded.runes) > 0 {
			near.pattern(folded.runes)
		}
	}
	near.seal()

	var hits []string
	v := read(source).folded()
	near.search(v.runes, func(p *pattern, end int) bool {
		hits = append(hits, source[v.at[end-p.size].from:v.at[end-1].to])
		return false
	})
	slices.Sort(hits)
	return slices.Compact(hits)
}

// folded returns the reading with all differences of form taken away.
func (v reading) folded() reading {
	var f reading
	fold := cases.Fold()
	c := v.composed()
	for i, r := range c.runes {
		for _, r := range fold.String(norm.NFKC.String(string(r))) {
			f.runes = append(f.runes, foldRune(r))
			f.at = append(f.at, c.at[i])
		}
	}
	return f
}

func foldRune(r rune) rune {
	switch {
	case r == 'ı':
		return 'i'
	case r < 0x80 || !unicode.Is(unicode.Nd, r):
		return r
	}
	// The digits of a script are ten in a row, beginning at zero.
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	return r
}
