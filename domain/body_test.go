package domain_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	. "github.com/commentd/commentd/domain"
)

func TestBody(t *testing.T) {
	for _, tt := range []struct {
		name        string
		given       Body
		html, plain string // html without its envelope
	}{
		{"text", text("Thanks"), `<p dir="auto">Thanks</p>`, "Thanks"},
		{"nothing", text(""), "", ""},
		{"only white space", text(" \n\n\t"), "", ""},
		{"paragraphs", text("Hi,\n\nA"), "<p dir=\"auto\">Hi,</p>\n\n<p dir=\"auto\">A</p>", "Hi, \n\n A"},
		{"many blank lines", text("\n\na\n \n\n\nb\n\n"), "<p dir=\"auto\">a</p>\n\n<p dir=\"auto\">b</p>", "a \n\n b"},
		{"lines", text("a\nb\r\nc\rd"), "<p dir=\"auto\">a\n<br>b\n<br>c\n<br>d</p>", "a\nb\nc\nd"},
		{"runs of spaces", text("a  \t b "), `<p dir="auto">a b</p>`, "a b"},
		{"spaces kept by their author", text("a \u00a0 b"), "<p dir=\"auto\">a \u00a0 b</p>", "a \u00a0 b"},
		{"a line that holds a no-break space", text("a\n\u00a0\nb"), "<p dir=\"auto\">a\n<br>\u00a0\n<br>b</p>", "a\n\u00a0\nb"},
		{"HTML is text", text(`1 < 2 & <b>"x"</b> &amp;`),
			`<p dir="auto">1 &lt; 2 &amp; &lt;b&gt;&quot;x&quot;&lt;/b&gt; &amp;amp;</p>`, `1 < 2 & <b>"x"</b> &amp;`},
		{"Markdown is text", text("**a** [b](https://x.org)"), `<p dir="auto">**a** [b](https://x.org)</p>`, "**a** [b](https://x.org)"},
		{"a mark is text", text("<redact>a</redact>"), `<p dir="auto">&lt;redact&gt;a&lt;/redact&gt;</p>`, "<redact>a</redact>"},

		{"HTML", Body{HTML: "This is great<br>"}, "This is great<br>", "This is great"},
		{"blocks", Body{HTML: "<p>Hi,</p>\n\n<p>A</p>"}, "<p>Hi,</p>\n\n<p>A</p>", "Hi, \n\n A"},
		{"list", Body{HTML: "x<ul><li>a</li><li>b</li></ul>y"}, "x<ul><li>a</li><li>b</li></ul>y", "x \n\n a\nb \n\n y"},
		{"table", Body{HTML: "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>"},
			"<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>", "a b\nc"},
		{"entities, decoded once", Body{HTML: "&amp;lt; a&nbsp;b"}, "&amp;lt; a&nbsp;b", "&lt; a\u00a0b"},
		{"code", Body{HTML: "<pre>a\n  b</pre>"}, "<pre>a\n  b</pre>", "a\n  b"},
		{"formatting", Body{HTML: "a<b>b</b> <i> c</i>"}, "a<b>b</b> <i> c</i>", "ab c"},
		{"HTML and a text", Body{HTML: "<b>a</b>", Text: "**a**"}, "<b>a</b>", "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, want := tt.given.HTMLBody(), envelope(tt.html); got != want {
				t.Errorf("HTMLBody(%+v) = %+v; want %+v", tt.given, got, want)
			}
			if got := tt.given.PlainBody(); got != tt.plain {
				t.Errorf("PlainBody(%+v) = %+v; want %+v", tt.given, got, tt.plain)
			}
		})
	}
}

func TestMaskSetting(t *testing.T) {
	for name, want := range map[string]Mask{"fixed": MaskFixed, "per_char": MaskPerCharacter} {
		var m Mask
		if err := m.UnmarshalText([]byte(name)); err != nil || m != want {
			t.Errorf("UnmarshalText(%q) = %v, %v; want %v", name, m, err, want)
		}
		if b, err := want.MarshalText(); err != nil || string(b) != name {
			t.Errorf("%v.MarshalText() = %q, %v; want %q", want, b, err, name)
		}
	}
	for _, name := range []string{"", "Fixed", "four", "per-char"} {
		m := MaskPerCharacter
		if err := m.UnmarshalText([]byte(name)); err == nil || m != MaskPerCharacter {
			t.Errorf("UnmarshalText(%q) = %v, %v; want an error and no change", name, m, err)
		}
	}
}

// TestTextIsShownAsItsHTML: what is made of a text without parsing is what would be read
// in its HTML, and each line of it is there with its words.
func TestTextIsShownAsItsHTML(t *testing.T) {
	words := regexp.MustCompile(`[^ \t\v\f\r\n]+`)
	rapid.Check(t, func(t *rapid.T) {
		given := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune("ab <>&\"';\t\n\r\v\f\u00a0\x00\u2028")), rapid.Rune())).Draw(t, "text")
		rendered := strings.TrimSuffix(strings.TrimPrefix(RenderText(given), envelope("")[:len(envelope(""))-len("</div>")]), "</div>")
		plain := text(given).PlainBody()
		if rendered != "" {
			if want := (Body{HTML: rendered}).PlainBody(); plain != want {
				t.Fatalf("PlainBody = %+q; want what is read in %+q, %+q", plain, rendered, want)
			}
		}
		got, want := words.FindAllString(plain, -1), words.FindAllString(strings.ReplaceAll(given, "\x00", ""), -1)
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Fatalf("words = %+q; want %+q", got, want)
		}
	})
}
