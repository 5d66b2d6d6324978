package v1

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestDiff(t *testing.T) {
	for _, tt := range []struct {
		x, y string
		want []DiffPart
	}{
		{"", "", nil},
		{"same", "same", []DiffPart{{"equal", "same"}}},
		{"", "new", []DiffPart{{"insert", "new"}}},
		{"old", "", []DiffPart{{"delete", "old"}}},
		{"call 555 now", "call 556 now", []DiffPart{{"equal", "call "}, {"delete", "555"}, {"insert", "556"}, {"equal", " now"}}},
		{"Grüße, Jörg!", "Grüße, Jürgen!", []DiffPart{{"equal", "Grüße, "}, {"delete", "Jörg"}, {"insert", "Jürgen"}, {"equal", "!"}}},
		{"pin ▇▇▇▇", "pin ▇▇▇▇ please", []DiffPart{{"equal", "pin ▇▇▇▇"}, {"insert", " please"}}},
		{"a\nb\nc", "a\nc", []DiffPart{{"equal", "a\n"}, {"delete", "b\n"}, {"equal", "c"}}},
	} {
		if diff := cmp.Diff(tt.want, diff(tt.x, tt.y)); diff != "" {
			t.Errorf("diff(%q, %q) (-want +got):\n%s", tt.x, tt.y, diff)
		}
	}
}

// Texts with more words than there are characters below the surrogates, and nothing in
// common, are compared in bounded effort and not mixed up.
func TestDiffOfLongTexts(t *testing.T) {
	numbers := func(from int, sep string) string {
		var b strings.Builder
		for i := range 32_000 {
			b.WriteString(string(rune('a'+(from+i)%26)) + string(rune('a'+(from+i)/26%26)) + sep)
		}
		return b.String()
	}
	long := strings.Repeat("\U0001F600", 60_000)
	for _, tt := range []struct{ x, y string }{
		{numbers(0, " "), numbers(7, " ")}, {numbers(0, "\n"), numbers(7, "\n")}, {long, long + "x"}, {numbers(0, " "), ""},
	} {
		checkDiff(t, tt.x, tt.y)
	}
}

// FuzzDiff: what is not inserted is the one text, what is not deleted the other, and
// no character is cut in two.
func FuzzDiff(f *testing.F) {
	f.Add("one two", "one three")
	f.Add("\xff\xfe", "\xff")
	f.Add("e\u0301", "e")
	f.Fuzz(func(t *testing.T, x, y string) { checkDiff(t, x, y) })
}

func checkDiff(t *testing.T, x, y string) {
	t.Helper()
	var from, to strings.Builder
	for _, p := range diff(x, y) {
		if p.Op != "insert" {
			from.WriteString(p.Text)
		}
		if p.Op != "delete" {
			to.WriteString(p.Text)
		}
		if p.Text == "" || utf8.ValidString(x+y) && !utf8.ValidString(p.Text) {
			t.Errorf("diff(%.40q, %.40q) has a part %.40q", x, y, p.Text)
		}
	}
	if from.String() != x || to.String() != y {
		t.Errorf("diff(%.40q, %.40q) leads from %.40q to %.40q", x, y, from.String(), to.String())
	}
}
