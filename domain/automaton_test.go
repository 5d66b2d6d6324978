package domain

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The automaton finds what looking for each pattern at each place finds.
func TestAutomaton(t *testing.T) {
	letters := rapid.StringMatching("[ab]{1,6}")
	rapid.Check(t, func(t *rapid.T) {
		patterns := rapid.SliceOfN(letters, 1, 8).Draw(t, "patterns")
		text := rapid.StringMatching("[ab]{0,40}").Draw(t, "text")
		a := newAutomaton()
		for _, p := range patterns {
			a.pattern([]rune(p))
		}
		a.seal()
		var got, want []bounds
		a.search([]rune(text), func(p *pattern, end int) bool {
			got = append(got, bounds{end - p.size, end})
			return true
		})
		for end := range len(text) + 1 {
			for from := range end {
				if slices.Contains(patterns, text[from:end]) {
					want = append(want, bounds{from, end})
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q in %q at %v; want %v", patterns, text, got, want)
		}
	})
}

// However many patterns end at a rune, those that are hidden anywhere cost one step
// there, and so a text of one letter costs one step a letter.
func TestAutomatonTakesOneStepForARune(t *testing.T) {
	a := newAutomaton()
	for n := 1; n <= 300; n++ {
		a.pattern([]rune(strings.Repeat("a", n))).anywhere = true
	}
	a.seal()
	const size = 64 << 10
	steps := 0
	a.search([]rune(strings.Repeat("a", size)), func(p *pattern, end int) bool {
		steps++
		return !p.anywhere
	})
	if steps != size {
		t.Errorf("%d steps for %d runes", steps, size)
	}
}
