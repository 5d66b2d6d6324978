package domain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/commentd/commentd/domain"
)

// TestRedactMarks marks what comes last among the versions given. In when, the
// envelope is left out.
func TestRedactMarks(t *testing.T) {
	const table = "<table><tbody><tr><td>one 12</td><td>34</td></tr><tr><td>5</td></tr></tbody></table>"
	link := `<a href="https://x.org/?t=abc" title="T">label</a>`
	image := `<img src="https://x.org/i.png" alt="A">`
	for _, tt := range []struct {
		name  string
		given []Body
		when  string
		then  []string
	}{
		{"word", []Body{page("the secret word")}, "the <redact>secret</redact> word", []string{"the ▇▇▇▇ word"}},
		{"nothing", []Body{page("the word")}, "the word", []string{"the word"}},
		{"empty mark", []Body{page("the word")}, "the <redact></redact>word", []string{"the word"}},
		{"empty mark, self-closing", []Body{page("the word")}, "the <redact/>word", []string{"the word"}},
		{"white space", []Body{page("the word")}, "the<redact> </redact>word", []string{"the word"}},
		{"white space at the ends stays", []Body{page("a word b")}, "a<redact> word </redact>b", []string{"a ▇▇▇▇ b"}},
		{"everything", []Body{page("<p>a word</p>")}, "<redact><p>a word</p></redact>", []string{"<p>▇▇▇▇</p>"}},
		{"upper case", []Body{page("the word")}, "the <REDACT x=1>word</Redact >", []string{"the ▇▇▇▇"}},
		{"a rendered text", []Body{text("a <b>word</b>\nand\n\nmore")},
			`<p dir="auto">a &lt;b&gt;<redact>word</redact>&lt;/b&gt;` + "\n<br>and</p>\n\n<p dir=auto>more</p>",
			[]string{"a <b>▇▇▇▇</b>\nand\n\nmore"}},
		{"a text with much white space", []Body{text("\n a\t  word\r\n\r\n\r\nand \n more")},
			`<p dir="auto">a <redact>word</redact></p>` + `<p dir=auto>and<br>more</p>`,
			[]string{"\n a\t  ▇▇▇▇\r\n\r\n\r\nand \n more"}},

		{"formatting inside", []Body{page("x 12<b>34</b> y")}, "x <redact>12<b>34</b></redact> y", []string{"x ▇▇▇▇<b></b> y"}},
		{"formatting crossed", []Body{page("x 12<b>34</b> y")}, "x <redact>12<b>34</redact></b> y", []string{"x ▇▇▇▇<b></b> y"}},
		{"formatting crossed in part", []Body{page("<i>x 123</i>45 y")}, "<i>x 12<redact>3</i>45</redact> y", []string{"<i>x 12▇▇▇▇</i> y"}},
		{"nested", []Body{page("x 1234 y")}, "x <redact>1<redact>23</redact>4</redact> y", []string{"x ▇▇▇▇ y"}},
		{"overlapping", []Body{page("x 1234 y")}, "x <redact>12<redact>3</redact>4</redact> y", []string{"x ▇▇▇▇ y"}},
		{"one behind the other", []Body{page("x 1234 y")}, "x <redact>12</redact><redact>34</redact> y", []string{"x ▇▇▇▇ y"}},
		{"two words", []Body{page("one two six")}, "<redact>one</redact> <redact>two</redact> six", []string{"▇▇▇▇ ▇▇▇▇ six"}},
		{"two paragraphs", []Body{page("<p>abc</p><p>def</p>")}, "<p><redact>abc</redact></p><p><redact>def</redact></p>",
			[]string{"<p>▇▇▇▇</p><p>▇▇▇▇</p>"}},
		{"lines of a text", []Body{text("Smith\nMain Road\nof Smith")},
			`<p dir="auto"><redact>Smith<br>Main Road</redact><br>of Smith</p>`, []string{"▇▇▇▇\nof ▇▇▇▇"}},
		{"short lines of a text", []Body{text("a\nb\nc a")}, `<p dir="auto"><redact>a<br>b</redact><br>c a</p>`, []string{"▇▇▇▇\nc ▇▇▇▇"}},
		{"short lines", []Body{page("a<br>b<br>c a")}, "<redact>a<br>b</redact><br>c a", []string{"▇▇▇▇<br><br>c ▇▇▇▇"}},
		{"across table cells", []Body{page(table)},
			strings.NewReplacer("12", "<redact>12", "34", "34</redact>").Replace(table),
			[]string{"<table><tbody><tr><td>one ▇▇▇▇</td><td></td></tr><tr><td>5</td></tr></tbody></table>"}},
		{"rows of a table", []Body{page(table)},
			strings.NewReplacer("<tbody>", "<tbody><redact>", "</tbody>", "</redact></tbody>").Replace(table),
			[]string{"<table><tbody><tr><td>▇▇▇▇</td><td></td></tr><tr><td></td></tr></tbody></table>"}},

		{"entities spelled otherwise", []Body{page("a &amp; b&lt;c")}, "a <redact>&#38;</redact> b&#x3c;c", []string{"a ▇▇▇▇ b&lt;c"}},
		{"part of the text of entities", []Body{page("&amp;amp; &amp;")}, "<redact>&amp;amp;</redact> &", []string{"▇▇▇▇ &amp;"}},
		{"attributes spelled otherwise", []Body{page(`<p dir="ltr" title="a&quot;b">xyz</p>`)},
			`<P title='a"b'   DIR=ltr><redact>xyz</redact></P>`, []string{`<p dir="ltr" title="a&quot;b">▇▇▇▇</p>`}},
		{"void elements closed", []Body{page("a<br>bcd<wbr>e")}, "a<br /><redact>bcd</redact><wbr/>e", []string{"a<br>▇▇▇▇<wbr>e"}},
		{"white space between blocks", []Body{page("<ul><li>abc</li><li>d</li></ul>")},
			"\n<ul>\n <li> <redact>abc</redact>\n </li>\n <li>d\n</ul>\n", []string{"<ul><li>▇▇▇▇</li><li>d</li></ul>"}},
		{"comments added", []Body{page("abcd")}, "<!-- + --><redact>ab<!--+-->cd</redact>", []string{"▇▇▇▇"}},
		{"invisible characters lost", []Body{page("x ab\u00adcd\u200b y")}, "x <redact>abcd</redact> y", []string{"x ▇▇▇▇\u200b y"}},
		{"half a character", []Body{page("xe\u0301y abc")}, "x<redact>e</redact>\u0301y abc", []string{"x▇▇▇▇y abc"}},
		{"one of a family", []Body{page("👨\u200d👩\u200d👧 abc")}, "👨\u200d<redact>👩</redact>\u200d👧 abc", []string{"▇▇▇▇ abc"}},

		{"link by attribute", []Body{page("see " + link)}, `see <a redact title="T" href="https://x.org/?t=abc">label</a>`, []string{"see ▇▇▇▇"}},
		{"link inside a mark", []Body{page("see " + link)}, `see <redact>` + link + `</redact>`, []string{"see ▇▇▇▇"}},
		{"label of a link", []Body{page("see " + link)}, `see ` + strings.Replace(link, "label", "<redact>label</redact>", 1),
			[]string{`see <a href="https://x.org/?t=abc" title="T">▇▇▇▇</a>`}},
		{"image by attribute", []Body{page("a " + image + " b")}, strings.Replace("a "+image+" b", "alt", "redact alt", 1), []string{"a  b"}},
		{"image inside a mark", []Body{page("one " + image + " two")}, "<redact>one " + image + "</redact> two", []string{"▇▇▇▇  two"}},
		{"attribute on another element", []Body{page("a <b>bcd</b> e")}, "a <b redact=false>bcd</b> e", []string{"a <b>▇▇▇▇</b> e"}},
		{"attribute on nested elements", []Body{page("a <i>b <b>cde</b></i> f")}, "a <i redact>b <b redact>cde</b></i> f",
			[]string{"a <i>▇▇▇▇<b></b></i> f"}},
		{"attribute and element", []Body{page("see " + link)},
			`see <a redact title="T" href="https://x.org/?t=abc">la<redact>bel</redact></a>`, []string{"see ▇▇▇▇"}},

		{"other occurrences", []Body{text("secret: old"), page("<p>sec<i>ret</i></p>"), page("secret, se&shy;cret")},
			"<redact>secret</redact>, se&shy;cret", []string{"▇▇▇▇: old", "<p>▇▇▇▇<i></i></p>", "▇▇▇▇, ▇▇▇▇"}},
		{"lines of a mark", []Body{text("Smith, Main Road"), page("<p>Smith</p><p>Main Road</p>")},
			"<redact><p>Smith</p><p>Main Road</p></redact>", []string{"▇▇▇▇, ▇▇▇▇", "<p>▇▇▇▇</p><p></p>"}},
		{"lines of a mark as one text", []Body{text("a Smith Main Road b"), page("<p>Smith</p><p>Main Road</p>")},
			"<redact><p>Smith</p><p>Main Road</p></redact>", []string{"a ▇▇▇▇ b", "<p>▇▇▇▇</p><p></p>"}},
		{"short text, elsewhere as a word", []Body{text("an answer"), page("an answer an")},
			"<redact>an</redact> answer an", []string{"▇▇▇▇ answer", "▇▇▇▇ answer ▇▇▇▇"}},
		{"part of a word, elsewhere in that word", []Body{text("password, passing"), page("my password")},
			"my pa<redact>ss</redact>word", []string{"pa▇▇▇▇word, passing", "my pa▇▇▇▇word"}},
		{"end of the beginning of another", []Body{text("abcde abcdey"), page("abcdex bcdey cde")},
			"<redact>abcdex</redact> <redact>bcdey</redact> <redact>cde</redact>", []string{"ab▇▇▇▇ a▇▇▇▇", "▇▇▇▇ ▇▇▇▇ ▇▇▇▇"}},
		{"several parts of a word", []Body{text("password"), page("password")},
			"pa<redact>ss</redact>wo<redact>r</redact>d", []string{"pa▇▇▇▇wo▇▇▇▇d", "pa▇▇▇▇wo▇▇▇▇d"}},
		{"part of a word with accents", []Body{text("re\u0301sume\u0301"), page("r\u00e9sum\u00e9")},
			"r\u00e9s<redact>u</redact>m\u00e9", []string{"re\u0301s▇▇▇▇me\u0301", "r\u00e9s▇▇▇▇m\u00e9"}},
		{"short text without spaces around", []Body{text("山田さん"), page("田 です")}, "<redact>田</redact> です",
			[]string{"山▇▇▇▇さん", "▇▇▇▇ です"}},
		{"half masked already", []Body{text("abc def"), page("abc ▇▇▇▇ def")}, "<redact>abc ▇▇▇▇ def</redact>",
			[]string{"▇▇▇▇ ▇▇▇▇", "▇▇▇▇"}},
		{"address of a link, elsewhere", []Body{text("https://x.org/?t=abc or https://x.org/"), page("see " + link)},
			`see <a redact title="T" href="https://x.org/?t=abc">label</a>`, []string{"▇▇▇▇ or https://x.org/", "see ▇▇▇▇"}},
		{"address of a link, coded, elsewhere", []Body{text("x.org/a%20b https://x.org/a%20b or https://x.org/a b"), page(`<a href="https://x.org/a%20b">here</a>`)},
			`<a redact href="https://x.org/a%20b">here</a>`, []string{"x.org/a%20b ▇▇▇▇ or ▇▇▇▇", "▇▇▇▇"}},
		{"address of mail, elsewhere", []Body{text("to jo@x.org"), page(`<a href="mailto:jo@x.org">write</a>`)},
			`<a href="mailto:jo@x.org" redact>write</a>`, []string{"to ▇▇▇▇", "▇▇▇▇"}},
		{"same link, other label", []Body{page(strings.Replace(link, "label", "here", 1)), page(link)},
			strings.Replace(link, "<a", "<a redact", 1), []string{"here", "▇▇▇▇"}},
		{"same image elsewhere", []Body{page("x " + image), page(image)}, strings.Replace(image, "alt", "redact alt", 1),
			[]string{"x ", ""}},
		{"alike link stays", []Body{page(`<a href="https://x.org/">all</a> <a href="https://x.org/more">more</a>`)},
			`<a redact href="https://x.org/">all</a> <a href="https://x.org/more">more</a>`,
			[]string{`▇▇▇▇ <a href="https://x.org/more">more</a>`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, changed, err := Redact(tt.given, Redaction{MarkedHTML: envelope(tt.when)}, MaskFixed)
			if err != nil {
				t.Fatalf("Redact(%+v): %v", tt.given, err)
			}
			if diff := cmp.Diff(tt.then, shown(got)); diff != "" {
				t.Errorf("Redact(%+v), -want +got:\n%s", tt.given, diff)
			}
			if want := !cmp.Equal(got, tt.given); changed != want {
				t.Errorf("Redact(%+v) = changed %v; want %v", tt.given, changed, want)
			}
		})
	}
}

func TestRedactMarksPerCharacter(t *testing.T) {
	given := []Body{page("<p>call 555 12</p><p>34</p>")}
	got, _, err := Redact(given, Redaction{MarkedHTML: envelope("<p>call <redact>555 12</p><p>34</redact></p>")}, MaskPerCharacter)
	if err != nil {
		t.Fatal(err)
	}
	want := []Body{{HTML: "<p>call ▇▇▇ ▇▇</p><p>▇▇</p>", Text: "call ▇▇▇ ▇▇ \n\n ▇▇"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Redact, -want +got:\n%s", diff)
	}
}

// A mark must be found by its integrity check in whatever the stored HTML is.
func TestUnmarkedHTMLIsTheComments(t *testing.T) {
	for _, b := range []Body{
		text(""), text("a"), text("a\n\n\nb \n c"), text("a\x00\x01\x02b\r"), text("\u2028a\u00a0 "), text("a\xff\xfe"),
		page("<pre>\n\n a\n  b</pre>"), page("a<p>b</p>c <b> d </b>"), page("<table><tr><td>x</table>"),
	} {
		if got, changed, err := Redact([]Body{b}, Redaction{MarkedHTML: b.HTMLBody()}, MaskFixed); err != nil || changed {
			t.Errorf("Redact(%+v) without marks = %+v, %v, %v; want no change", b, got, changed, err)
		}
	}
}

// HTML as deep as may be has room for its envelope, and for marks.
func TestRedactMarksInTheDeep(t *testing.T) {
	deepest := 0
	for n := 200; n < 300; n++ {
		b := page(strings.Repeat("<div>", n) + "abc")
		if !strings.Contains(b.HTML, "<div>") {
			break
		}
		deepest = n
		marked := strings.Replace(b.HTMLBody(), "abc", "<redact>abc</redact>", 1)
		got, _, err := Redact([]Body{b}, Redaction{MarkedHTML: marked}, MaskFixed)
		if err != nil || got[0].PlainBody() != "▇▇▇▇" {
			t.Fatalf("Redact at depth %d = %+v, %v", n, got, err)
		}
	}
	if deepest != 249 {
		t.Errorf("HTML may be %d deep; want 249", deepest)
	}
}

// No error says what the comment or the caller said.
func TestRefusalsDoNotQuote(t *testing.T) {
	for _, r := range []Redaction{{Text: "canary"}, {MarkedHTML: "canary"}, {MarkedHTML: envelope("<redact>canary")}} {
		_, _, err := Redact([]Body{text("parrot")}, r, MaskFixed)
		if err == nil || strings.Contains(fmt.Sprint(err, errors.Unwrap(err)), "canary") || strings.Contains(err.Error(), "parrot") {
			t.Errorf("Redact(%+v) = %v; want an error that quotes nothing", r, err)
		}
	}
}
