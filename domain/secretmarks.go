package domain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rivo/uniseg"
)

// mark takes the secrets from marked html, which must be today's body with marks.
func (s *Secret) mark(today Body, markedHTML string) error {
	if today.HTML != "" {
		today.HTML = SanitiseHTML(today.HTML)
	}
	given, err := readMarks(markedHTML)
	if err != nil {
		return err
	}
	stored, err := readMarks(today.HTMLBody())
	if err != nil || given.outline != stored.outline {
		return ErrMarks
	}
	root, err := parseHTML(today.HTMLBody())
	if err != nil {
		return ErrMarks
	}
	all := elements(root)
	for _, i := range given.elements {
		s.hideValues(all[i])
	}
	source := flowOf(root).source
	v := read(source)
	visible := v.visible()
	for _, run := range v.runs(source, v.spansOf(given.places)) {
		s.hideRun(source, v, run)
		from, _ := slices.BinarySearch(visible, run.from)
		to, _ := slices.BinarySearch(visible, run.to)
		s.places = append(s.places, bounds{from, to})
	}
	return nil
}

// spansOf returns where in the source of v places of visible runes are.
func (v reading) spansOf(places []bounds) []bounds {
	visible := v.visible()
	var spans []bounds
	for _, p := range places {
		spans = append(spans, bounds{v.at[visible[p.from]].from, v.at[visible[p.to-1]].to})
	}
	return spans
}

// runs returns the spans as ranges of v, widened to whole characters.
func (v reading) runs(source string, spans []bounds) []bounds {
	chars := characters(source)
	var runs []bounds
	for _, c := range wholeCharacters(chars, spans) {
		runs = append(runs, bounds{v.index(chars[c.from]), v.index(chars[c.to])})
	}
	return runs
}

// index returns the index of the first rune that stands at offset or behind it.
func (v reading) index(offset int) int {
	i, _ := slices.BinarySearchFunc(v.at, offset, func(at bounds, offset int) int {
		return cmp.Compare(at.from, offset)
	})
	return i
}

// hideRun makes secrets of a run: of each of its lines, and of all of them together.
// What is masked in it already separates like the end of a line.
func (s *Secret) hideRun(source string, v reading, run bounds) {
	lines := 0
	line := bounds{run.from, run.from}
	for i := run.from; i <= run.to; i++ {
		if i < run.to && !endsLine(source[v.at[i].from:v.at[i].to]) {
			line.to = i + 1
			continue
		}
		if s.hideLine(v, line) {
			lines++
		}
		line = bounds{i + 1, i + 1}
	}
	if whole := v.runes[run.from:run.to]; lines > 1 && visibleCharacters(whole) >= shortMark {
		s.hideAnywhere(whole)
	}
}

func endsLine(s string) bool { return strings.ContainsAny(s, "\u2028\u2029") || s == maskGlyph }

func (s *Secret) hideLine(v reading, line bounds) bool {
	for line.from < line.to && v.runes[line.from] == ' ' {
		line.from++
	}
	for line.from < line.to && v.runes[line.to-1] == ' ' {
		line.to--
	}
	switch n := visibleCharacters(v.runes[line.from:line.to]); {
	case n == 0:
		return false
	case n < shortMark:
		word := v.word(line)
		s.hideInWord(v.runes[word.from:word.to], bounds{line.from - word.from, line.to - word.from})
	default:
		s.hideAnywhere(v.runes[line.from:line.to])
	}
	return true
}

func visibleCharacters(runes []rune) int {
	return uniseg.GraphemeClusterCount(strings.ReplaceAll(string(runes), " ", ""))
}
