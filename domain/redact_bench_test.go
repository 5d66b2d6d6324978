package domain_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	. "github.com/commentd/commentd/domain"
)

const fullSize = 64 << 10

// worst are the redactions that a careless implementation takes long over, for texts
// of about size bytes.
func worst(size int) map[string]struct {
	versions []Body
	r        Redaction
} {
	type work = struct {
		versions []Body
		r        Redaction
	}
	all := map[string]work{}
	letters := strings.Repeat("a", size)
	all["each letter"] = work{[]Body{text(letters)}, Redaction{Text: "a"}}
	all["aaaab in aaaa"] = work{[]Body{text(letters + strings.Repeat("a", size/2) + "b")}, Redaction{Text: strings.Repeat("a", size/2) + "b"}}
	all["half of it"] = work{[]Body{text(letters)}, Redaction{Text: letters[:size/2]}}
	all["accents on one letter"] = work{[]Body{text("x" + strings.Repeat("\u0301", size/2))}, Redaction{Text: "x"}}
	all["composed letters"] = work{[]Body{text(strings.Repeat("e\u0301", size/3))}, Redaction{Text: "\u00e9"}}
	all["invisible"] = work{[]Body{text("a" + strings.Repeat("\u200b", size/3) + "b")}, Redaction{Text: "ab"}}
	all["white space"] = work{[]Body{text(strings.Repeat("a"+strings.Repeat(" ", 99), size/100))}, Redaction{Text: "a a"}}
	all["secret of glyphs"] = work{[]Body{text(letters[:size-100] + "▇")}, Redaction{Text: "a▇"}}
	all["tags"] = work{[]Body{page(strings.Repeat("<b>1</b><i>2</i>", size/16))}, Redaction{Text: "12"}}
	all["links"] = work{[]Body{page(strings.Repeat(`<a href="https://x.org/12">1</a>2`, size/34))}, Redaction{Text: "12"}}

	// A thousand marks at full size.
	marks := size / 64
	lines, marked := make([]string, marks), make([]string, marks)
	for i := range lines {
		lines[i] = fmt.Sprintf("<p>Some words around secret %05d, and thirty more bytes.</p>", i)
		marked[i] = strings.Replace(lines[i], fmt.Sprintf("secret %05d", i), fmt.Sprintf("<redact>secret %05d</redact>", i), 1)
	}
	b := page(strings.Join(lines, ""))
	all["marks"] = work{[]Body{b, b}, Redaction{MarkedHTML: envelope(strings.Join(marked, ""))}}
	all["a mark around all"] = work{[]Body{b, b}, Redaction{MarkedHTML: envelope("<redact>" + strings.Join(lines, "") + "</redact>")}}

	// Marks of a, aa, aaa and so on: each is a suffix of the next.
	var steps, stepsMarked strings.Builder
	for n := 1; steps.Len() < size/2; n++ {
		fmt.Fprintf(&steps, "<p>%s</p>", letters[:n])
		fmt.Fprintf(&stepsMarked, "<p><redact>%s</redact></p>", letters[:n])
	}
	all["marks within marks"] = work{[]Body{text(letters), page(steps.String())}, Redaction{MarkedHTML: envelope(stepsMarked.String())}}
	nested := strings.Repeat("<redact>", marks) + "abc" + strings.Repeat("</redact>", marks)
	all["nested marks"] = work{[]Body{page("abc")}, Redaction{MarkedHTML: envelope(nested)}}
	return all
}

// Memory must grow with the size of the comment, no faster.
func TestRedactGrowsLinearly(t *testing.T) {
	large := worst(fullSize)
	for name, small := range worst(fullSize / 8) {
		t.Run(name, func(t *testing.T) {
			few, many := allocated(t, small.versions, small.r), allocated(t, large[name].versions, large[name].r)
			if few < 1<<20 {
				few = 1 << 20 // what is there whatever the size
			}
			if many > 16*few {
				t.Errorf("took %d kB for 8 kB, %d kB for 64 kB", few>>10, many>>10)
			}
		})
	}
}

func allocated(t *testing.T, versions []Body, r Redaction) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, changed, err := Redact(versions, r, MaskFixed); err != nil || !changed {
		t.Fatalf("Redact = changed %v, %v; want changed", changed, err)
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func BenchmarkRedact(b *testing.B) {
	for name, work := range worst(fullSize) {
		b.Run(name, func(b *testing.B) {
			size := 0
			for _, v := range work.versions {
				size += len(v.HTMLBody())
			}
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, _, err := Redact(work.versions, work.r, MaskFixed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSanitiseHTML(b *testing.B) {
	given := strings.Repeat(`<p>Some <b>words</b> and a <a href="https://example.com/page?x=1">link</a>.</p>`, fullSize/80)
	b.SetBytes(int64(len(given)))
	for b.Loop() {
		SanitiseHTML(given)
	}
}

func BenchmarkRenderText(b *testing.B) {
	given := strings.Repeat("Some words & a <tag>.\n\n", fullSize/23)
	b.SetBytes(int64(len(given)))
	for b.Loop() {
		RenderText(given)
	}
}
