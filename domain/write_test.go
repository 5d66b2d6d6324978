package domain_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	. "github.com/commentd/commentd/domain"
)

// Tags of HTML are not shown of what an end user types; all else is, as it was typed.
func TestEndUserBody(t *testing.T) {
	for _, tt := range []struct{ given, want string }{
		{"1 < 2, *no* & <none@x.org> <3", ""},
		{"<nobody> x<y>z", ""},
		{"a <b>b</b><BR/>c", `<p dir="auto">a bc</p>`},
		{`<a href="https://x.org/?a>b" title='c>'>d</a> *e* <none@x.org>`, `<p dir="auto">d *e* &lt;none@x.org&gt;</p>`},
		{"a<!-- b\n -->c\n\n<p>d", "<p dir=\"auto\">ac</p>\n\n<p dir=\"auto\">d</p>"},
		{"<<b>script>x", `<p dir="auto">&lt;script&gt;x</p>`},
		{"a<!-- <b>b", `<p dir="auto">a&lt;!-- b</p>`},
		{"a<!-- <b>b --><!--c --><i>d<x>", `<p dir="auto">ad&lt;x&gt;</p>`},
		{"<p></p>", `<p dir="auto"></p>`},
	} {
		if got := EndUserBody(tt.given); got.Text != tt.given || got.HTML != tt.want {
			t.Errorf("EndUserBody(%q) = %+v; want the html %q", tt.given, got, tt.want)
		}
	}
}

// What is shown of a body is enough to have it again, however it came to be.
func TestShownBody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := rapid.StringOf(rapid.SampledFrom([]rune("ab \n<>&\"*_-`p/i\u00a0é"))).Draw(t, "given")
		for name, body := range map[string]Body{"text": TextBody(given), "an end user's": EndUserBody(given), "Markdown": MarkdownBody(given), "HTML": RichBody(given)} {
			got := ShownBody(body.Text, body.HTMLBody())
			if got.Text != body.Text || got.HTMLBody() != body.HTMLBody() || got.PlainBody() != body.PlainBody() {
				t.Errorf("of %s %q: ShownBody = %+v; want %+v", name, given, got, body)
			}
		}
	})
	for _, tt := range []struct {
		name, text, html string
		want             Body
	}{
		{"in an envelope with classes of its own", "a", `<div class="zd-comment zd-comment-pre-styled" dir="auto"><b>a</b></div>`, Body{Text: "a", HTML: "<b>a</b>"}},
		{"without an envelope", "a", "<b>a</b>", Body{Text: "a", HTML: "<b>a</b>"}},
		{"HTML alone", "", "<b>a</b>", Body{Text: "a", HTML: "<b>a</b>"}},
		{"what no comment may hold", "a", `a<script>b</script>`, Body{Text: "a", HTML: "a"}},
		{"an envelope that does not end where it should", "a", `<div class="zd-comment">a</div>b</div>`, Body{Text: "a", HTML: "ab"}},
		{"U+0000", "a\x00b", "", Body{Text: "ab"}},
		{"a text that is too long", strings.Repeat("é", MaxText), "", Body{Text: strings.Repeat("é", MaxText/2)}},
	} {
		if got := ShownBody(tt.text, tt.html); !got.Equal(tt.want) {
			t.Errorf("%s: ShownBody = %.200s; want %.200s", tt.name, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", tt.want))
		}
	}
}
