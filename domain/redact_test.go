package domain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/commentd/commentd/domain"
)

// text is a version whose author gave a text, page one whose author gave HTML.
func text(s string) Body { return Body{Text: s} }

func page(s string) Body {
	b := Body{HTML: SanitiseHTML(s)}
	b.Text = b.PlainBody()
	return b
}

// shown is how a version reads in a table: the HTML if there is any.
func shown(bodies []Body) []string {
	var all []string
	for _, b := range bodies {
		if b.HTML != "" {
			all = append(all, b.HTML)
		} else {
			all = append(all, b.Text)
		}
	}
	return all
}

// TestRedactText has a row for each way in which a secret may stand in a comment.
// The secret is 1234 unless the row says otherwise.
func TestRedactText(t *testing.T) {
	family := "👨\u200d👩\u200d👧"
	england := "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
	for _, tt := range []struct {
		name   string
		given  Body
		secret string
		then   string
	}{
		{"plain", text("pin 1234."), "", "pin ▇▇▇▇."},
		{"twice", text("1234 and 1234"), "", "▇▇▇▇ and ▇▇▇▇"},
		{"of a longer number", text("9912349"), "", "99▇▇▇▇9"},
		{"other case", text("Secret secret"), "secret", "Secret ▇▇▇▇"},
		{"no pattern", text("1.34 1234"), "1.34", "▇▇▇▇ 1234"},

		{"split by tags", page("x 12<b>3</b><i>4</i> y"), "", "x ▇▇▇▇<b></b><i></i> y"},
		{"split by a comment", page("12<!-- no -->34"), "", "▇▇▇▇"},
		{"split by wbr", page("12<wbr>34"), "", "▇▇▇▇<wbr>"},
		{"split by an image", page(`12<img src="https://x.org/i.png">34`), "", `▇▇▇▇<img src="https://x.org/i.png">`},
		{"split by an unknown element", page("12<foo>34</foo>"), "", "▇▇▇▇"},
		{"split by soft hyphen", text("12\u00ad34"), "", "▇▇▇▇"},
		{"split by soft hyphen entity", page("12&shy;34"), "", "▇▇▇▇"},
		{"split by zero-width space", text("1\u200b2\u200b3\u200b4"), "", "▇▇▇▇"},
		{"split by zero-width joiner and non-joiner", text("1\u200d2\u200c34"), "", "▇▇▇▇"},
		{"split by word joiner and byte order mark", text("1\u20602\ufeff34"), "", "▇▇▇▇"},
		{"split by marks of direction", text("1\u200e2\u200f3\u202e\u202c\u2066\u20694\u061c"), "", "▇▇▇▇\u061c"},
		{"split by variation selectors", text("1\ufe0f2\ufe0e3\U000e01014"), "", "▇▇▇▇"},
		{"split by tag characters", text("1\U000e00412\U000e007f34"), "", "▇▇▇▇"},
		{"split by control characters", text("1\x0023\x1b4"), "", "▇▇▇▇"},
		{"invisible in the secret", text("1234"), "12\u200b34", "▇▇▇▇"},
		{"paragraphs are not one word", page("<p>12</p><p>34</p><p>1234</p>"), "", "<p>12</p><p>34</p><p>▇▇▇▇</p>"},
		{"across paragraphs", page("<p>a 12</p>\n<p>34 b</p>"), "12 34", "<p>a ▇▇▇▇</p><p> b</p>"},
		{"across a line break", page("12<br>34"), "12 34", "▇▇▇▇<br>"},
		{"across lines of a text", text("a 12\n\n34 b"), "12 34", "a ▇▇▇▇ b"},

		{"composed secret, decomposed text", text("cafe\u0301!"), "caf\u00e9", "▇▇▇▇!"},
		{"decomposed secret, composed text", text("caf\u00e9!"), "cafe\u0301", "▇▇▇▇!"},
		{"accent behind a tag", page("caf<b>e</b>\u0301!"), "caf\u00e9", "▇▇▇▇<b></b>!"},
		{"accents in another order", text("a\u0323\u0307b"), "a\u0307\u0323b", "▇▇▇▇"},
		{"Hangul", text("\u1112\u1161\u11ab\u1100\u1173\u11af"), "한글", "▇▇▇▇"},
		{"no-break space for a space", page("12&nbsp;34"), "12 34", "▇▇▇▇"},
		{"space for a no-break space", text("12 34"), "12\u00a034", "▇▇▇▇"},
		{"many spaces for one", text("12 \t 34"), "12 34", "▇▇▇▇"},
		{"white space around the secret stays", text("a 1234 b"), " 1234 ", "a ▇▇▇▇ b"},

		{"entity", page("&#49;2&#x33;4"), "", "▇▇▇▇"},
		{"entity with zeros", page("&#0000049;234"), "", "▇▇▇▇"},
		{"entity without semicolon", page("&#x31<b>234</b>"), "", "▇▇▇▇<b></b>"},
		{"entity coded twice is another text", page("&amp;#49;234 1234"), "", "&amp;#49;234 ▇▇▇▇"},
		{"CDATA is a comment", page("<![CDATA[1234]]>1234"), "", "▇▇▇▇"},
		{"characters that HTML escapes", page("x a&amp;b&lt;c y"), "a&b<c", "x ▇▇▇▇ y"},
		{"no half entity", page("a&amp;b"), "&", "a▇▇▇▇b"},
		{"name of an entity", page("a&amp;b amp"), "amp", "a&amp;b ▇▇▇▇"},
		{"name of a tag", page("<b>a</b> b"), "b", "<b>a</b> ▇▇▇▇"},
		{"tags in a text are text", text("<b>12</b>34 1234"), "", "<b>12</b>34 ▇▇▇▇"},

		{"in a link's address", page(`<a href="https://x.org/?q=1234">here</a> 1234`), "", "here ▇▇▇▇"},
		{"in a link's address, percent-coded", page(`<a href="https://x.org/%31%2534">a</a> 14`), "14", "a ▇▇▇▇"},
		{"in a link's address, as a form codes it", page(`<a href="https://x.org/?q=12+34">a</a> 12 34`), "12 34", "a ▇▇▇▇"},
		{"in a link's address, entity-coded", page(`<a href="https://x.org/&#49;234">a</a>`), "", "a"},
		{"in a mail address", page(`<a href="mailto:j%6fhn@x.org">mail</a>`), "john@x.org", "mail"},
		{"in a telephone number", page(`<a href="tel:+49-30/12345">call</a>`), "030 12345", "call"},
		{"in a telephone number, grouped otherwise", page(`<a href="tel:+49-3012-345">call</a>`), "+49 30 12345", `call`},
		{"in alt and title", page(`<img src="https://x.org/i.png" alt="no 1234!" title="1&#50;34">`), "",
			`<img src="https://x.org/i.png" alt="no ▇▇▇▇!" title="▇▇▇▇">`},
		{"in alt, percent-coded", page(`<img src="https://x.org/i.png" alt="%31%32%33%34">`), "", `<img src="https://x.org/i.png">`},
		{"in the name of an image", page(`a<img src="https://x.org/1234.png">b`), "", "ab"},
		{"in a title elsewhere", page(`<p title="1234">a</p>`), "", `<p title="▇▇▇▇">a</p>`},
		{"in no other attribute", page(`<p dir="auto">auto</p>`), "auto", `<p dir="auto">▇▇▇▇</p>`},

		{"family emoji, whole", text("a" + family + "b"), family, "a▇▇▇▇b"},
		{"family emoji, one of them", text("a" + family + "b"), "👩", "a▇▇▇▇b"},
		{"flag, half of two", text("🇩🇪🇺🇸"), "🇪🇺", "▇▇▇▇"},
		{"flag of England", text("a" + england + "b"), england, "a▇▇▇▇b"},
		{"skin tone", text("👍🏽 ok"), "👍", "▇▇▇▇ ok"},
		{"keycap", text("1\ufe0f\u20e32"), "1", "▇▇▇▇2"},
		{"Hangul jamo, one of them", text("x\u1112\u1161\u11aby"), "\u1161", "x▇▇▇▇y"},
		{"base of a stack of accents", text("xa\u0301\u0302\u0303\u0304\u0305y"), "a", "x▇▇▇▇y"},
		{"accent over several texts", page("x<i>a</i>\u0301\u0302y"), "a", "x<i>▇▇▇▇</i>y"},
		{"right to left", text("שלום 1234 עולם"), "עולם", "שלום 1234 ▇▇▇▇"},
		{"outside the basic plane", text("𝟏𝟐 𝒳1"), "𝒳", "𝟏𝟐 ▇▇▇▇1"},

		{"aaa in aaaa", text("aaaa"), "aaa", "▇▇▇▇a"},
		{"aab in aaab", text("aaab"), "aab", "a▇▇▇▇"},
		{"aa in aaaa", text("aaaa"), "aa", "▇▇▇▇▇▇▇▇"},
		{"next to a mask", text("▇▇▇▇1234"), "", "▇▇▇▇▇▇▇▇"},
		{"secret with a glyph", text("a▇x b▇y"), "▇x", "a▇▇▇▇ b▇y"},
		{"secret that a mask spells anew", text("yxx▇ x"), "x▇", "y▇▇▇▇▇▇▇ x"},
		{"longer than before", text(strings.Repeat("1234", 3)), "", strings.Repeat("▇", 12)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			secret := tt.secret
			if secret == "" {
				secret = "1234"
			}
			got, changed, err := Redact([]Body{tt.given}, Redaction{Text: secret}, MaskFixed)
			if err != nil || !changed {
				t.Fatalf("Redact(%+v) = changed %v, %v; want changed", tt.given, changed, err)
			}
			if diff := cmp.Diff([]string{tt.then}, shown(got)); diff != "" {
				t.Errorf("Redact(%+v), -want +got:\n%s", tt.given, diff)
			}
		})
	}
}

// What only looks like the secret is told, not hidden.
func TestNearHits(t *testing.T) {
	for _, tt := range []struct {
		name, given, secret string
		then                []string
	}{
		{"full-width digits", "１２３４", "1234", []string{"１２３４"}},
		{"digits of other scripts", "١٢٣٤ and १२३४", "1234", []string{"١٢٣٤", "१२३४"}},
		{"letter case", "SECRET Secret", "secret", []string{"SECRET", "Secret"}},
		{"ligature", "oﬃce", "office", []string{"oﬃce"}},
		{"Turkish i", "Dıyar DİYAR", "diyar", []string{"Dıyar"}},
		{"final sigma", "ΟΔΟΣ οδος", "οδοσ", []string{"ΟΔΟΣ", "οδος"}},
		{"eszett", "STRASSE", "straße", []string{"STRASSE"}},
		{"nothing like it", "1243", "1234", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, b := range []Body{text(tt.given), page(tt.given)} {
				versions := []Body{b, text(tt.secret)}
				r := Redaction{Text: tt.secret}
				got, _, err := Redact(versions, r, MaskFixed)
				if err != nil {
					t.Fatal(err)
				}
				if !got[0].Equal(b) {
					t.Errorf("Redact changed %+v to %+v; want it left alone", b, got[0])
				}
				if diff := cmp.Diff(tt.then, NearHits(versions, r, got[0])); diff != "" {
					t.Errorf("NearHits(%+v), -want +got:\n%s", b, diff)
				}
			}
		})
	}
}

func TestRedactReachesEveryVersion(t *testing.T) {
	secretive := Body{HTML: SanitiseHTML("1&#50;<b>34</b>"), Text: "1&#50;34"}
	markdown := Body{HTML: SanitiseHTML("pin <strong>12</strong>34"), Text: "pin **12**34"}
	beside := Body{HTML: SanitiseHTML("<p>nothing</p>"), Text: "typed 1234"}
	versions := []Body{text("was 1234"), page("12<i>34</i>"), secretive, markdown, beside, text("nothing")}
	want := []Body{
		text("was ▇▇▇▇"),
		{HTML: "▇▇▇▇<i></i>", Text: "▇▇▇▇"},
		{HTML: "▇▇▇▇<b></b>", Text: "▇▇▇▇"},
		{HTML: "pin <strong>▇▇▇▇</strong>", Text: "pin ▇▇▇▇"},
		{HTML: "<p>nothing</p>", Text: "typed ▇▇▇▇"},
		text("nothing"),
	}
	got, changed, err := Redact(versions, Redaction{Text: "1234"}, MaskFixed)
	if err != nil || !changed {
		t.Fatalf("Redact = changed %v, %v; want changed", changed, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Redact, -want +got:\n%s", diff)
	}
}

// The text beside an author's HTML may hold the secret in ways of its own.
func TestRedactTextBesideHTML(t *testing.T) {
	for _, tt := range []struct{ name, given, then string }{
		{"as it is shown", "pin 1234", "pin ▇▇▇▇"},
		{"as it is shown, with more", "my pin 1234", "my pin ▇▇▇▇"},
		{"not at all", "see below", "pin ▇▇▇▇"},
		{"plain and behind an entity", "1234 1&#50;34", "pin ▇▇▇▇"},
		{"plain and across tags", "1234 12<b>34</b>", "pin ▇▇▇▇"},
		{"plain and in an attribute", `1234 <p title="1&#50;34">`, "pin ▇▇▇▇"},
		{"plain and coded in an attribute", `1234 <a href="%31%32%33%34">`, "pin ▇▇▇▇"},
		{"plain and in a comment", "1234 <!-- 12\u00ad34 -->", "▇▇▇▇ <!-- ▇▇▇▇ -->"},
		{"plain and markup of no concern", "<i>1234</i> &lt; 12<b>3</b>", "<i>▇▇▇▇</i> &lt; 12<b>3</b>"},
		{"too deep to tell", "1234 " + strings.Repeat("<b>", 1000), "pin ▇▇▇▇"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			given := []Body{{Text: tt.given, HTML: "pin 1234"}}
			want := []Body{{Text: tt.then, HTML: "pin ▇▇▇▇"}}
			got, _, err := Redact(given, Redaction{Text: "1234"}, MaskFixed)
			if err != nil || !cmp.Equal(want, got) {
				t.Errorf("Redact(%.99v) = %.99v, %v; want %+v", given, got, err, want)
			}
		})
	}
	only := []Body{{HTML: "nothing", Text: "typed 1234"}}
	if got, changed, err := Redact(only, Redaction{Text: "1234"}, MaskFixed); err != nil || !changed || got[0].Text != "typed ▇▇▇▇" {
		t.Errorf("Redact(%+v) = %+v, %v, %v; want it found in the text alone", only, got, changed, err)
	}
	given := []Body{page("a<br>b c")}
	want := []Body{{HTML: "▇▇▇▇<br> c", Text: "▇▇▇▇\nc"}}
	got, _, err := Redact(given, Redaction{MarkedHTML: envelope("<redact>a<br>b</redact> c")}, MaskFixed)
	if err != nil || !cmp.Equal(want, got) {
		t.Errorf("Redact(%+v) = %+v, %v; want %+v: what is read in the HTML", given, got, err, want)
	}
}

// HTML that was stored before the sanitiser was as strict as it is now.
func TestRedactSanitises(t *testing.T) {
	given := []Body{{HTML: `<p onclick="1234">12<!-- 1234 -->34<p>a`, Text: "1234 a"}}
	want := []Body{{HTML: "<p>▇▇▇▇</p><p>a</p>", Text: "▇▇▇▇ a"}}
	got, changed, err := Redact(given, Redaction{Text: "1234"}, MaskFixed)
	if err != nil || !changed || !cmp.Equal(want, got) {
		t.Errorf("Redact(%+v) = %+v, %v, %v; want %+v", given, got, changed, err, want)
	}
}

func TestRedactPerCharacter(t *testing.T) {
	for _, tt := range []struct {
		name, secret string
		given        Body
		then         string
	}{
		{"white space stays", "4111 1111", text("card 4111 1111."), "card ▇▇▇▇ ▇▇▇▇."},
		{"tags stay", "1234", page("12<b>34</b>"), "▇▇<b>▇▇</b>"},
		{"a glyph for a character", "ae\u0301👍🏽b", text("ae\u0301👍🏽b"), "▇▇▇▇"},
		{"a character in two texts", "xe\u0301y", page("x<i>e</i>\u0301y"), "▇<i>▇</i>▇"},
		{"no glyph for what is invisible", "1234", text("1\u200b2\u200b\u00ad34"), "▇▇▇▇"},
		{"no-break spaces stay", "1 2", page("1&nbsp;2"), "▇&nbsp;▇"},
		{"what is masked stays", "1▇2", text("1▇2"), "▇▇▇"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := Redact([]Body{tt.given}, Redaction{Text: tt.secret}, MaskPerCharacter)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.then}, shown(got)); diff != "" {
				t.Errorf("Redact(%+v), -want +got:\n%s", tt.given, diff)
			}
		})
	}
}

func TestRedactAll(t *testing.T) {
	mask := text("▇▇▇▇")
	for _, m := range []Mask{MaskFixed, MaskPerCharacter} {
		got, changed, err := Redact([]Body{text("abc"), page("<b>x</b>")}, Redaction{All: true}, m)
		if want := []Body{mask, mask}; err != nil || !changed || !cmp.Equal(want, got) {
			t.Errorf("Redact(all, %v) = %+v, %v, %v; want %+v, changed", m, got, changed, err, want)
		}
		if _, changed, err = Redact(got, Redaction{All: true}, m); err != nil || changed {
			t.Errorf("Redact(all, %v) again = changed %v, %v; want unchanged", m, changed, err)
		}
	}
}

func TestRedactRefuses(t *testing.T) {
	abc := []Body{text("abc")}
	marked := func(s string) Redaction { return Redaction{MarkedHTML: RenderText("abc")[:35] + s + "</div>"} }
	for _, tt := range []struct {
		name  string
		given []Body
		when  Redaction
		want  error
	}{
		{"nothing", abc, Redaction{}, ErrNothingToRedact},
		{"white space", abc, Redaction{Text: " \t\n\u00a0"}, ErrNothingToRedact},
		{"invisible", abc, Redaction{Text: "\u200b\ufeff"}, ErrNothingToRedact},
		{"two ways", abc, Redaction{Text: "a", All: true}, ErrNothingToRedact},
		{"text and marks", abc, Redaction{Text: "a", MarkedHTML: "b"}, ErrNothingToRedact},
		{"absent text", abc, Redaction{Text: "abd"}, ErrTextNotFound},
		{"no version", nil, Redaction{Text: "a"}, ErrTextNotFound},
		{"no version to mark", nil, marked("abc"), ErrMarks},
		{"text given back changed", abc, marked(`<p dir="auto">ab<redact>x</redact></p>`), ErrMarks},
		{"unclosed", abc, marked(`<p dir="auto">ab<redact>c</p>`), ErrMarks},
		{"closed before it is opened", abc, marked(`<p dir="auto"></redact>ab<redact>c</p>`), ErrMarks},
		{"closed without opening", abc, marked(`<p dir="auto">ab</redact>c</p>`), ErrMarks},
		{"no envelope", abc, Redaction{MarkedHTML: `<p dir="auto">ab<redact>c</redact></p>`}, ErrMarks},
		{"element added", abc, marked(`<p dir="auto">ab<redact><b>c</b></redact></p>`), ErrMarks},
		{"attribute added", abc, marked(`<p dir="auto" id="x">ab<redact>c</redact></p>`), ErrMarks},
		{"tag that is text", abc, marked(`<p dir="auto">ab&lt;redact&gt;c</p>`), ErrMarks},
		{"too deep", abc, marked(strings.Repeat("<b>", 10000)), ErrMarks},
		{"marked in an earlier version only", []Body{text("old"), text("abc")},
			Redaction{MarkedHTML: strings.Replace(RenderText("old"), "old", "<redact>old</redact>", 1)}, ErrMarks},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, changed, err := Redact(tt.given, tt.when, MaskFixed)
			if !errors.Is(err, tt.want) || got != nil || changed {
				t.Errorf("Redact(%+v) = %+v, %v, %v; want %v", tt.when, got, changed, err, tt.want)
			}
		})
	}
}

func TestRedactAgain(t *testing.T) {
	masked := []Body{text("pin ▇▇▇▇"), page("a <b>▇▇▇▇</b>")}
	for _, r := range []Redaction{
		{Text: "▇▇▇▇"}, {Text: "▇"}, {Text: "▇▇ "},
		{MarkedHTML: envelope("a <b><redact>▇▇▇▇</redact></b>")},
		{MarkedHTML: envelope("a <redact><b>▇▇</redact>▇▇</b>")},
		{MarkedHTML: envelope("a<redact> </redact><b>▇▇▇▇</b>")},
	} {
		got, changed, err := Redact(masked, r, MaskFixed)
		if r.Text == "▇▇ " { // not in there
			if !errors.Is(err, ErrTextNotFound) {
				t.Errorf("Redact(%+v) = %v; want %v", r, err, ErrTextNotFound)
			}
			continue
		}
		if err != nil || changed || !cmp.Equal(got, masked) {
			t.Errorf("Redact(%+v) = %+v, %v, %v; want no change", r, got, changed, err)
		}
	}
	if _, _, err := Redact([]Body{text("pin ▇▇▇▇")}, Redaction{Text: "1234"}, MaskFixed); !errors.Is(err, ErrTextNotFound) {
		t.Errorf("Redact what is no longer there = %v; want %v", err, ErrTextNotFound)
	}
}

func envelope(s string) string { return `<div class="zd-comment" dir="auto">` + s + "</div>" }

func TestHide(t *testing.T) {
	s, err := NewSecret([]Body{text("John Smith")}, Redaction{
		MarkedHTML: envelope(`<p dir="auto"><redact>John Smith</redact></p>`)})
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"John\u00a0Smith's CV.pdf": "▇▇▇▇'s CV.pdf",
		"jo\u200bhn.pdf":           "jo\u200bhn.pdf",
		"Jo\u200bhn  Smith":        "▇▇▇▇",
	} {
		if got, _ := s.Hide(Body{Text: given}, MaskFixed); got.Text != want {
			t.Errorf("Hide(%+q) = %+q; want %+q", given, got.Text, want)
		}
	}
}
