package domain_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	. "github.com/commentd/commentd/domain"
)

func TestMarkdownBody(t *testing.T) {
	for _, tt := range []struct{ name, given, want string }{
		{"a word", "Try a reboot", `<p dir="auto">Try a reboot</p>`},
		{"nothing", "", ""},
		{"paragraphs", "a\n\n\n b", "<p dir=\"auto\">a</p>\n\n<p dir=\"auto\">b</p>"},
		{"lines", "a\nb  \nc\r\nd", "<p dir=\"auto\">a\n<br>b\n<br>c\n<br>d</p>"},
		{"bold, italic, code", "**b** *i* `a <b> & c`", `<p dir="auto"><strong>b</strong> <em>i</em> <code>a &lt;b&gt; &amp; c</code></p>`},
		{"what is no markup", `1 < 2 & "x" > &amp; \*`, `<p dir="auto">1 &lt; 2 &amp; "x" &gt; &amp;amp; *</p>`},
		{"elements of HTML go", `<b>x</b> <script>y</script><br/><!-- z --><IMG src=x onerror=y>`, `<p dir="auto">x y</p>`},
		{"elements over lines go", "<div>\n**x**\n</div>", "<p dir=\"auto\">\n<br><strong>x</strong>\n<br></p>"},
		{"other tags are text", "Dear <name>, </y-z>", `<p dir="auto">Dear &lt;name&gt;, &lt;/y-z&gt;</p>`},
		{"marks of a redaction go", "<redact>a</redact>", `<p dir="auto">a</p>`},
		{"lists", "- a\n  1. b\n- c", "<ul>\n<li>a\n<ol>\n<li>b</li>\n</ol>\n</li>\n<li>c</li>\n</ul>"},
		{"headings", "# a\n#### b", "<h1>a</h1>\n<h4>b</h4>"},
		{"a signature is no heading", "Bye\n--\nAna\n==", "<p dir=\"auto\">Bye\n<br>--\n<br>Ana\n<br>==</p>"},
		{"what is indented is no code", "    a\n\n      b", "<p dir=\"auto\">a</p>\n\n<p dir=\"auto\">b</p>"},
		{"a quote", "> a", "<blockquote>\n<p dir=\"auto\">a</p>\n</blockquote>"},
		{"fenced code", "```go\n<b>\n  &lt;\n```", "<pre><code>&lt;b&gt;\n  &amp;lt;\n</code></pre>"},
		{"a rule", "---", "<hr>"},
		{"links and images", "[l](https://x.org \"t\") ![i](https://x.org/a.png) <https://y.org>",
			`<p dir="auto"><a href="https://x.org" title="t">l</a> <img src="https://x.org/a.png" alt="i"> <a href="https://y.org">https://y.org</a></p>`},
		{"links to scripts are none", "[l](javascript:alert(1)) [m](data:text/html,x) ![i](javascript:x)", `<p dir="auto">l m </p>`},
		{"too deep for a text", strings.Repeat("> ", 30) + "**a**", `<p dir="auto">` + strings.Repeat("&gt; ", 30) + "**a**</p>"},
		{"too much of it", strings.Repeat("*", 2001) + "a", `<p dir="auto">` + strings.Repeat("*", 2001) + "a</p>"},
		{"a long rule", strings.Repeat("*", 1000), "<hr>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := MarkdownBody(tt.given); !got.Equal(Body{Text: tt.given, HTML: tt.want}) {
				t.Errorf("MarkdownBody(%+v) = %+v; want the html %+v", tt.given, got, tt.want)
			}
		})
	}
}

func TestBodiesAreCut(t *testing.T) {
	long := strings.Repeat("a", MaxText-1)
	for _, b := range []Body{TextBody(long + "äb"), MarkdownBody(long + "äb"), RichBody(long + "äb")} {
		if b.Text != long {
			t.Errorf("%d bytes are left, %q at the end; want %d", len(b.Text), b.Text[len(b.Text)-3:], len(long))
		}
	}
	if b := TextBody(long + "b"); b.Text != long+"b" {
		t.Errorf("%d bytes are left of %d", len(b.Text), MaxText)
	}
}

func TestRichBody(t *testing.T) {
	got := RichBody(`<p onclick=x>Hi,</p><script>y</script><p>A <b>b</b></p>`)
	if want := (Body{Text: "Hi, \n\n A b", HTML: "<p>Hi,</p><p>A <b>b</b></p>"}); !got.Equal(want) {
		t.Errorf("RichBody = %+v; want %+v", got, want)
	}
}

var markdownParts = rapid.SampledFrom([]string{"*", "**", "_", "`", "```\n", "# ", "> ", "- ", "1. ", "\n", "\n\n", "    ", "[", "](", ")", "![", "<", ">", "<b>", "</b>",
	"<script>", "<!--", "-->", "&", "&#60;", "\\", "a", "B", " ", "https://x.org", "javascript:x", "\"", "'", "=", "\t", "\u00a0", "é", "\x00", "[a]: b\n", "<https://x.org>", "onerror="})

// Whatever is typed, its words can be read in the rendering, and that is harmless: the
// sanitiser has nothing to object.
func TestMarkdownProperties(t *testing.T) { rapid.Check(t, checkMarkdown) }

func FuzzMarkdown(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkMarkdown)) }

func checkMarkdown(t *rapid.T) {
	words := rapid.SliceOfN(rapid.StringMatching(`W[0-9]{4}W`), 1, 4).Draw(t, "words")
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"*", "> ", "- ", "    ", "# ", "1 < 2 ", "&", "\\", "é "}), 0, 5).Draw(t, "before"), "") + w)
	}
	plain := MarkdownBody(b.String())
	for _, w := range words {
		if !strings.Contains(plain.PlainBody(), w) {
			t.Fatalf("%q has lost %s: %q", plain.Text, w, plain.HTML)
		}
	}
	wild := MarkdownBody(strings.Join(rapid.SliceOf(markdownParts).Draw(t, "parts"), ""))
	if s := SanitiseHTML(wild.HTML); s != wild.HTML || !utf8.ValidString(s) {
		t.Fatalf("%q became %q, which is no fixed point: %q", wild.Text, wild.HTML, s)
	}
	for _, bad := range []string{"<script", "href=\"javascript", "<redact", "<!--"} {
		if strings.Contains(wild.HTML, bad) {
			t.Fatalf("%q became %q", wild.Text, wild.HTML)
		}
	}
}

// rendered are the ways in which a text is rendered when it comes.
var rendered = []func(string) Body{MarkdownBody, EndUserBody}

// What is hidden of a text that was rendered can be read neither in the text, however it
// is marked up there, nor in what a reader would make of that.
func TestRedactMarkdownProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const secret = "12345"
		spell := func() string {
			parts := rapid.SampledFrom([]string{"", "**", "*", "\\", "<b>", "</b>", "\u200b", "`", "<!-- x -->"})
			var b strings.Builder
			for i, r := range secret {
				if i > 0 && rapid.IntRange(0, 2).Draw(t, "split") == 0 {
					b.WriteString(parts.Draw(t, "part"))
				}
				b.WriteRune(r)
			}
			return b.String()
		}
		source := "QQ " + secret + "\n\n" + filler.Draw(t, "filler") + " " + spell() + "\n\n[x](https://x.org/" + spell() + ") " + spell()
		render := rapid.SampledFrom(rendered).Draw(t, "render")
		given := render(source)
		got, changed, err := Redact([]Body{given}, Redaction{Text: secret}, masks.Draw(t, "mask"))
		if err != nil || !changed {
			t.Fatalf("Redact(%+v) = %v, %v", given, changed, err)
		}
		for _, s := range []string{got[0].Text, got[0].HTML, got[0].PlainBody()} {
			if strings.Contains(perceived(s), secret) {
				t.Fatalf("%s is in %+v of %+v, which was %+v", secret, s, got[0], given)
			}
		}
		if again := render(got[0].Text); strings.Contains(perceived(again.PlainBody()), secret) || strings.Contains(again.HTML, secret) {
			t.Fatalf("%q reads %q", got[0].Text, again.HTML)
		}
	})
}
