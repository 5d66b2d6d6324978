package domain_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	. "github.com/commentd/commentd/domain"
)

func TestSanitiseHTML(t *testing.T) {
	for _, tt := range []struct{ name, given, want string }{
		{"well written", "This is great<br>", "This is great<br>"},
		{"quotes", `Don't "x"`, `Don't "x"`},
		{"formatting", "<b>a</b> <em>b</em> <code>c</code>", "<b>a</b> <em>b</em> <code>c</code>"},
		{"table", "<table><tr><td colspan=2>a</table>", `<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>`},
		{"unclosed", "<p>a<b>b", "<p>a<b>b</b></p>"},
		{"closes the envelope", "a</div></div>b", "ab"},
		{"NUL and wrong UTF-8", "a\x00b\xffc", "ab\ufffdc"},
		{"line ends", "a\r\nb&#13;c", "a\nb\nc"},
		{"pre begins with line ends", "<pre>\n\n\n\n\n\n\n\n\na</pre>", "<pre>a</pre>"},

		{"script", "a<script>alert(1)</script>b", "ab"},
		{"script unclosed", "a<script>alert(1)", "a"},
		{"script within a tag within", "<scr<script>x</script>ipt>alert(1)</script>", "xipt&gt;alert(1)"},
		{"style", "<style>p{}</style>a", "a"},
		{"iframe, object, template", "<iframe src=x>a</iframe><object>b</object><template>c</template>d", "d"},
		{"SVG and MathML", `<svg><a href="https://x.org">x</a></svg><math><mi>y</mi></math>z`, "z"},
		{"comment", "a<!-- b -->c<![CDATA[d]]>e<!doctype x>f", "acef"},
		{"form", "<form action=x><input name=y><button>b</button></form>", "<div>b</div>"},
		{"handlers and styles", `<p onclick="x" style="y" class="z" id="i" data-x="1">a</p>`, "<p>a</p>"},
		{"unknown elements keep their content", "<foo>a<bar>b</bar></foo>", "ab"},
		{"unknown blocks keep words apart", "<section>a</section><section>b</section>", "<div>a</div><div>b</div>"},

		{"link", `<a href=" https://x.org/?a&b " title='t"' rel=x>a</a>`, `<a href="https://x.org/?a&amp;b" title="t&quot;">a</a>`},
		{"mail and telephone", `<a href="mailto:a@x.org">a</a><a href="TEL:1">b</a>`, `<a href="mailto:a@x.org">a</a><a href="TEL:1">b</a>`},
		{"script in a link", `<a href="javascript:alert(1)">a</a>`, "a"},
		{"script in a link, hidden", "<a href=\" java\tscript:alert(1)\">a</a><a href='&#x6a;avascript&colon;x'>b</a>", "ab"},
		{"data in a link", `<a href="data:text/html,x">a</a>`, "a"},
		{"relative link", `<a href="/x">a</a><a href="//x.org">b</a><a name="c">c</a>`, "abc"},
		{"links to nowhere", `<a href="https:x">a</a><a href="http:///x">b</a><a href="mailto:">c</a><a href="">d</a>`, "abcd"},
		{"image", `<img src=https://x.org/i.png alt=a width=10 height=10% srcset=x onerror=y>`,
			`<img src="https://x.org/i.png" alt="a" width="10">`},
		{"image of data", `<img src="data:image/png;base64,AAAA">`, ""},
		{"link in a link", `<a href="https://x.org">a<a href="https://y.org">b</a></a>`, `<a href="https://x.org">a</a><a href="https://y.org">b</a>`},
		{"no-break spaces", "a\u00a0b&nbsp;c", "a&nbsp;b&nbsp;c"},

		{"mark", "a <redact>b</redact>", "a b"},
		{"mark within a tag", "<re<redact>dact>a</redact>", "dact&gt;a"},
		{"mark as attribute", `<p redact>a</p><img redact src="https://x.org/i.png">`, `<p>a</p><img src="https://x.org/i.png">`},
		{"mark as text", "&lt;redact&gt;a", "&lt;redact&gt;a"},
		{"too deep", strings.Repeat("<b><i>", 200) + "x<script>y", "xy"},
		{"far too deep", strings.Repeat("<div>", 100000) + "x&lt;", "x&lt;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := SanitiseHTML(tt.given)
			if got != tt.want {
				t.Errorf("SanitiseHTML(%.200q) = %q; want %q", tt.given, got, tt.want)
			}
			if again := SanitiseHTML(got); again != got {
				t.Errorf("SanitiseHTML(%q) = %q; want no change", got, again)
			}
		})
	}
}

// fragments of what has got past sanitisers.
var fragments = []string{
	"<script>", "</script>", "<style>", "</style>", "<svg>", "</svg>", "<math>", "<mtext>", "<mglyph>", "<annotation-xml encoding=text/html>",
	"<foreignObject>", "<desc>", "<title>", "</title>", "<textarea>", "</textarea>", "<noscript>", "</noscript>", "<xmp>", "<plaintext>",
	"<iframe>", "<template>", "</template>", "<select>", "<option>", "</select>", "<table>", "<tr>", "<td>", "<caption>", "<colgroup>",
	"<col>", "</table>", "</td>", "<form>", "</form>", "<p>", "</p>", "<a href=https://x.org>", "</a>", "<a href=javascript:x>", "<b>", "</b>",
	"<i>", "</i>", "<nobr>", "<font color=x>", "<button>", "<dd>", "<li>", "<h1>", "</h2>", "<br>", "</br>", "</div>", "<div>", "<pre>\n", "\n",
	"<listing>", "<image src=x onerror=y>", "<img src=https://x.org/i alt='`x'>", "<!--", "-->", "--!>", "<![CDATA[", "]]>", "<?x", "<!", "</", "<",
	">", "\"", "'", "=", "&", "&lt;", "&#60;", "&nbsp", "&#0;", "&#13;", "\x00", "\r", "\u00a0", "\xff", "x", "onload=y", "<p title=\"", "<redact>",
	"</redact>", "<p redact>", "<frameset>", "<body onload=x>", "<html>", "<head>", "<base href=x>", "<meta>", "<link rel=x>", "<input>", "<keygen>",
	"<ruby><rt>", "<details><summary>", "<marquee>", "<object>", "<embed>", "<applet>", "<isindex>", "<hr>", "<wbr>", "<ol start=3>", "<blockquote>",
}

func checkSanitise(t *rapid.T) {
	given := strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(fragments), rapid.String()), 0, 40).Draw(t, "html"), "")
	if err := sanitised(SanitiseHTML(given)); err != "" {
		t.Fatalf("SanitiseHTML(%q): %s", given, err)
	}
}

func TestSanitiseProperties(t *testing.T) { rapid.Check(t, checkSanitise) }

func FuzzSanitise(f *testing.F) {
	for _, s := range fragments {
		f.Add("<p>" + s + "x<table>" + s + "<a href=https://x.org>" + s)
	}
	f.Fuzz(func(t *testing.T, given string) {
		if err := sanitised(SanitiseHTML(given)); err != "" {
			t.Fatalf("SanitiseHTML(%q): %s", given, err)
		}
	})
}

// sanitised says what is wrong with an output of SanitiseHTML.
func sanitised(output string) string {
	if again := SanitiseHTML(output); again != output {
		return "no fixed point: " + output + " became " + again
	}
	if tags := tags(output); tags != tagsAfter(output) {
		return "another sanitiser takes tags or attributes from " + tags
	}
	if s := strings.ToLower(output); strings.Contains(s, "<redact") || strings.Contains(s, "<script") || strings.Contains(s, "<!") {
		return "what must not be there is in " + output
	}
	balance := map[string]int{}
	for z := html.NewTokenizer(strings.NewReader(output)); z.Next() != html.ErrorToken; {
		switch token := z.Token(); token.Type {
		case html.StartTagToken:
			for _, a := range token.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "redact" || a.Key == "style" {
					return "attribute " + a.Key + " in " + output
				}
			}
			if !regexp.MustCompile("^(br|hr|img|wbr)$").MatchString(token.Data) {
				balance[token.Data]++
			}
		case html.EndTagToken:
			if balance[token.Data]--; balance[token.Data] < 0 {
				return "stray </" + token.Data + "> in " + output
			}
		case html.CommentToken, html.DoctypeToken, html.SelfClosingTagToken:
			return "unexpected " + token.String() + " in " + output
		}
	}
	for name, n := range balance {
		if n != 0 {
			return "unclosed <" + name + "> in " + output
		}
	}
	return ""
}

// secondOpinion allows what comments may hold, as another library judges it.
var secondOpinion = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "div", "span", "br", "hr", "wbr", "b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "mark",
		"sub", "sup", "small", "code", "kbd", "samp", "abbr", "q", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6",
		"ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th")
	p.AllowNoAttrs().Globally()
	p.AllowAttrs("dir").Matching(bluemonday.Direction).Globally()
	p.AllowAttrs("title").Globally()
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowAttrs("width", "height").Matching(bluemonday.Number).OnElements("img")
	p.AllowAttrs("colspan", "rowspan").Matching(bluemonday.Integer).OnElements("td", "th")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.RequireParseableURLs(true)
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	return p
}()

func tagsAfter(fragment string) string { return tags(secondOpinion.Sanitize(fragment)) }

// tags returns the names of tags and attributes in order, without values.
func tags(fragment string) string {
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(fragment)); z.Next() != html.ErrorToken; {
		if token := z.Token(); token.Type != html.TextToken {
			b.WriteString("<" + token.Data)
			for _, a := range token.Attr {
				b.WriteString(" " + a.Key)
			}
		}
	}
	return b.String()
}
