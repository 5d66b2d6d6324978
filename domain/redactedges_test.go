package domain_test

import (
	"strings"
	"testing"

	. "github.com/commentd/commentd/domain"
)

// TestRedactNumbersOfTags: attributes that no words fit into may still say a PIN, and
// the number a list starts with is shown.
func TestRedactNumbersOfTags(t *testing.T) {
	for _, given := range []string{
		`<p>PIN 4711</p><ol start="4711"><li>x</li></ol>`,
		`<p>PIN 4711</p><img src="https://x.org/i.png" width="4711" height="4711">`,
		`<p>PIN 4711</p><table><tbody><tr><td colspan="4711" rowspan="4711">x</td></tr></tbody></table>`,
	} {
		if SanitiseHTML(given) != given {
			t.Fatalf("%q is no fixed point", given)
		}
		for what, r := range map[string]Redaction{
			"text": {Text: "4711"}, "marks": {MarkedHTML: envelope(strings.Replace(given, "PIN 4711", "PIN <redact>4711</redact>", 1))},
		} {
			got, changed, err := Redact([]Body{page(given)}, r, MaskFixed)
			if err != nil || !changed {
				t.Fatalf("Redact(%q, %s) = %v, %v", given, what, changed, err)
			}
			if strings.Contains(got[0].HTML, "4711") {
				t.Errorf("after redaction by %s it can be read in %q", what, got[0].HTML)
			}
		}
	}
	// A short mark is a word of the text, and tells nothing about a table.
	given := `<p>room 2</p><table><tbody><tr><td colspan="2">x</td></tr></tbody></table>`
	got, _, err := Redact([]Body{page(given)}, Redaction{MarkedHTML: envelope(strings.Replace(given, "room 2", "room <redact>2</redact>", 1))}, MaskFixed)
	if want := strings.Replace(given, "room 2", "room ▇▇▇▇", 1); err != nil || got[0].HTML != want {
		t.Errorf("Redact = %+v, %v; want %+v", got, err, want)
	}
}

// TestRedactTextAsOftenAsHTML: what an author's own markup hides in the text is no less
// hidden for being found elsewhere in it.
func TestRedactTextAsOftenAsHTML(t *testing.T) {
	for _, tt := range []struct{ name, text, html, want string }{
		{"once more, split", "4711 and **47**11", "<p>4711 and <b>47</b>11</p>", "▇▇▇▇ and ▇▇▇▇"},
		{"in an address, and split", "[x](https://x.org/4711) **47**11", `<p><a href="https://x.org/4711">x</a> <b>47</b>11</p>`, "x ▇▇▇▇"},
		{"each of them as it is", "4711 and *4711*", "<p>4711 and <i>4711</i></p>", "▇▇▇▇ and *▇▇▇▇*"},
		{"more often than in the html", "4711, 4711 *x*", "<p>4711 <i>x</i></p>", "▇▇▇▇, ▇▇▇▇ *x*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := Redact([]Body{{Text: tt.text, HTML: tt.html}}, Redaction{Text: "4711"}, MaskFixed)
			if err != nil || got[0].Text != tt.want {
				t.Errorf("Redact = %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

// TestRedactSource: what is hidden as it was typed, with its markup, cannot be read without
// that either.
func TestRedactSource(t *testing.T) {
	for _, tt := range []struct{ name, text, secret, then string }{
		{"across tags", "my **hun**ter2.", "**hun**ter2", "my ▇▇▇▇."},
		{"tags around it", "my **hunter2**.", "**hunter2**", "my ▇▇▇▇."},
		{"a part of them", "my **hunter2** is", "hunter2** is", "my **▇▇▇▇"},
		{"escaped", `a hunter\_2 b`, `hunter\_2`, "a ▇▇▇▇ b"},
		{"a link", "see [hunter2](https://x.org/)", "[hunter2](https://x.org/)", "see ▇▇▇▇"},
		{"HTML", "my <b>hunter2</b>", "<b>hunter2</b>", "my ▇▇▇▇"},
		{"numbers of a list", "1. hunter2\n2. hunter3", "hunter2\n2", "1. ▇▇▇▇. hunter3"},
		{"a code, and elsewhere", "`**hunter2**` or **hunter2**", "**hunter2**", "`▇▇▇▇` or ▇▇▇▇"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := Redact([]Body{MarkdownBody(tt.text)}, Redaction{Text: tt.secret}, MaskFixed)
			if err != nil || got[0].Text != tt.then || strings.Contains(got[0].HTML, "unter2") || strings.Contains(got[0].HTML, "ter2") || strings.Contains(got[0].HTML, "hunter_2") {
				t.Errorf("Redact = %+v, %v; want %+v and nothing of it in the HTML", got, err, tt.then)
			}
		})
	}
}

// TestRedactTyped is TestRedactSource for what an end user has typed, where only tags are
// markup.
func TestRedactTyped(t *testing.T) {
	for secret, then := range map[string]string{
		"<b>hun</b>ter2": "my ▇▇▇▇ *now*", "hun</b>ter2": "my <b>▇▇▇▇ *now*", "hunter2": "my ▇▇▇▇ *now*",
	} {
		got, _, err := Redact([]Body{EndUserBody("my <b>hun</b>ter2 *now*")}, Redaction{Text: secret}, MaskFixed)
		if err != nil || got[0].Text != then || strings.Contains(got[0].HTML, "ter2") || !strings.HasSuffix(got[0].PlainBody(), "*now*") {
			t.Errorf("without %q: %+v, %v; want %+v and nothing of it in the HTML, but *now*", secret, got, err, then)
		}
	}
	given := "<b title=hunter2>x</b> `hun<br>ter2`"
	got, _, err := Redact([]Body{EndUserBody(given)}, Redaction{Text: "hunter2"}, MaskFixed)
	if err != nil || got[0].Text != "x `▇▇▇▇`" {
		t.Errorf("without hunter2 %q is %+v, %v", given, got, err)
	}
}

// TestRedactMarkedLines: of lines that are marked together none is left in the text because
// the first is a part of the next, which is split by markup; and what is masked is left alone.
func TestRedactMarkedLines(t *testing.T) {
	for _, tt := range []struct {
		name   string
		given  Body
		marked string
		want   string
	}{
		{"Markdown", MarkdownBody("5\n5 **hun**ter2"), "<redact>5\n<br>5 <strong>hun</strong>ter2</redact>", "▇▇▇▇"},
		{"typed", EndUserBody("5\n5 hun<br>ter2"), "<redact>5\n<br>5 hunter2</redact>", "▇▇▇▇"},
		{"each found", MarkdownBody("see\nyou *then*"), "<redact>see</redact>\n<br><redact>you</redact> <em>then</em>", "▇▇▇▇\n▇▇▇▇ *then*"},
		{"masked already", MarkdownBody("my **key** ▇▇▇▇"), "my <strong>key</strong> <redact>▇▇▇▇</redact>", "my **key** ▇▇▇▇"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Redaction{MarkedHTML: envelope(`<p dir="auto">` + tt.marked + "</p>")}
			got, changed, err := Redact([]Body{tt.given}, r, MaskFixed)
			if err != nil || got[0].Text != tt.want || changed != (tt.want != tt.given.Text) {
				t.Errorf("Redact = %+v, %v, %v; want %+v", got, changed, err, tt.want)
			}
		})
	}
}

// TestRedactFormerMarkup: what is marked in a text that is shown with its stars cannot be read
// in a version in which they were markup.
func TestRedactFormerMarkup(t *testing.T) {
	for _, was := range []string{"pw **hunter2**", "pw **hunter2** or `**hunter2**`"} {
		r := Redaction{MarkedHTML: envelope(`<p dir="auto">pw <redact>**hunter2**</redact>!</p>`)}
		got, _, err := Redact([]Body{MarkdownBody(was), TextBody("pw **hunter2**!")}, r, MaskFixed)
		if err != nil || got[1].Text != "pw ▇▇▇▇!" || !strings.HasPrefix(got[0].Text, "pw ▇▇▇▇") || strings.Contains(got[0].Text+got[0].HTML, "hunter2") {
			t.Errorf("Redact of %q = %+v, %v", was, got, err)
		}
	}
}
