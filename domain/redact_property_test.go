package domain_test

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	. "github.com/commentd/commentd/domain"
)

// The properties of a redaction, checked with means of their own: nothing below
// shares code with what it judges, apart from the parser of HTML.

func TestRedactTextProperties(t *testing.T)  { rapid.Check(t, checkRedactText) }
func TestRedactMarksProperties(t *testing.T) { rapid.Check(t, checkRedactMarks) }

func FuzzRedactText(f *testing.F)  { f.Fuzz(rapid.MakeFuzz(checkRedactText)) }
func FuzzRedactMarks(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkRedactMarks)) }

var (
	// What surrounds secrets has none of their letters.
	filler  = rapid.StringMatching(`[QWXYZ.,!-]{1,6}( [QWXYZ]{1,4}){0,2}`)
	secrets = rapid.StringMatching(`[abc0-9éäñ한山😀ñ\x{1f468}]{1,6}( [a-d0-9éñ]{1,4}){0,2}`)
	masks   = rapid.SampledFrom([]Mask{MaskFixed, MaskPerCharacter})
)

var (
	invisibleParts = []string{"\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u202e", "\u2060", "\ufe0f", "\U000e0041", "\ufeff", "\u034f"}
	tagParts       = []string{"<b>", "</b>", "<i></i>", "<!-- x -->", "<wbr>", "<span title=x>", "</span>", "&shy;", "<foo>", "</u>", "<redact>",
		`<a href="https://x.org">`, "</a>", `<img src="https://x.org/i.png">`}
	spaces     = []string{" ", "\u00a0", "  ", "\n", "\t \u2003"}
	htmlSpaces = append([]string{"&nbsp;", "<br>", " <b> </b>", "</p>\n<p>"}, spaces...)
)

// disguise spells a secret in another way that reads the same.
func disguise(t *rapid.T, secret string, inHTML bool) string {
	parts, blanks := invisibleParts, spaces
	if inHTML {
		parts, blanks = slices.Concat(invisibleParts, tagParts), htmlSpaces
	}
	if rapid.Bool().Draw(t, "decompose") {
		secret = norm.NFD.String(secret)
	}
	var b strings.Builder
	for i, r := range secret {
		if i > 0 {
			for range rapid.IntRange(-2, 2).Draw(t, "parts") {
				b.WriteString(rapid.SampledFrom(parts).Draw(t, "part"))
			}
		}
		switch {
		case r == ' ':
			b.WriteString(rapid.SampledFrom(blanks).Draw(t, "blank"))
		case inHTML:
			fmt.Fprintf(&b, rapid.SampledFrom([]string{"%c", "&#%d;", "&#x%x;", "&#000%d;", "&#X%X;"}).Draw(t, "code"), r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// drawVersion makes a version that holds the secret, or not.
func drawVersion(t *rapid.T, secret string) Body {
	around := func() string { return filler.Draw(t, "filler") }
	switch rapid.IntRange(0, 6).Draw(t, "kind") {
	case 0:
		return text(around())
	case 1, 2:
		s := around() + disguise(t, secret, false) + around()
		if rapid.Bool().Draw(t, "twice") {
			s += "\n\n" + disguise(t, secret, false)
		}
		return text(s)
	case 3:
		address := "https://x.org/" + rapid.SampledFrom([]string{url.PathEscape(secret), url.QueryEscape(secret),
			url.PathEscape(url.PathEscape(secret)), url.PathEscape(norm.NFD.String(secret))}).Draw(t, "address")
		return page("<p>" + around() + `<a href="` + address + `">` + around() + `</a><img alt="` + strings.ReplaceAll(secret, " ", "&nbsp;") +
			`" src="` + address + `"></p><p title="` + around() + secret + `">` + around() + "</p>")
	}
	source := "<p>" + around() + disguise(t, secret, true) + around() + "</p>"
	b := page(source)
	switch rapid.IntRange(0, 3).Draw(t, "text") { // what may be beside the HTML
	case 0:
		b.Text = source
	case 1:
		b.Text = disguise(t, secret, false)
	}
	return b
}

func checkRedactText(t *rapid.T) {
	secret := secrets.Draw(t, "secret")
	versions := []Body{text("QQ " + disguise(t, secret, false))}
	for range rapid.IntRange(0, 3).Draw(t, "versions") {
		versions = append(versions, drawVersion(t, secret))
	}
	r := Redaction{Text: disguise(t, secret, false)}
	mask := masks.Draw(t, "mask")
	got, changed, err := Redact(versions, r, mask)
	if err != nil || !changed || len(got) != len(versions) {
		t.Fatalf("Redact(%+v, %+v) = %d versions, %v, %v", versions, r.Text, len(got), changed, err)
	}
	for i, b := range got {
		if where := holds(b, secret); where != "" {
			t.Fatalf("%+v is in the %s of %+v, which was %+v", secret, where, b, versions[i])
		}
		if before, after := outside(versions[i]), outside(b); before != after {
			t.Fatalf("outside the secret %+v became %+v: %+v became %+v", before, after, versions[i], b)
		}
		if s := SanitiseHTML(b.HTML); s != b.HTML {
			t.Fatalf("%+q is no fixed point of the sanitiser: %+q", b.HTML, s)
		}
	}
	if _, _, err := Redact(got, r, mask); !errors.Is(err, ErrTextNotFound) {
		t.Fatalf("Redact again = %v; want %v", err, ErrTextNotFound)
	}
}

// markup is what is in HTML besides text.
var markup = regexp.MustCompile(`<[^>]*>|&\w+;`)

// holds says where in b the secret can be read.
func holds(b Body, secret string) string {
	secret = perceived(secret)
	in := func(s string) bool { return strings.Contains(perceived(s), secret) }
	switch {
	case in(b.Text):
		return "text"
	case in(b.PlainBody()):
		return "plain body"
	case in(markup.ReplaceAllString(b.HTML, "\ufffc")), strings.Contains(markup.ReplaceAllString(b.HTML, "\ufffc"), secret):
		return "source"
	case in(visible(parse(b.HTMLBody()))):
		return "visible text"
	case b.HTML != "" && in(visible(parse(b.Text))):
		return "text taken for HTML"
	}
	for n := range parse(b.HTMLBody()).Descendants() {
		for _, a := range n.Attr {
			if a.Key == "dir" || a.Key == "class" { // of the envelope
				continue
			}
			decoded := a.Val
			for range 3 {
				if in(decoded) || in(strings.ReplaceAll(decoded, "+", " ")) {
					return "attribute " + a.Key
				}
				decoded, _ = url.PathUnescape(decoded)
			}
		}
	}
	return ""
}

// outside is what of b can be no part of a secret: filler, and the tags but for those
// of links and images.
func outside(b Body) string {
	keep := func(r rune) rune {
		if strings.ContainsRune("QWXYZ.,!-", r) {
			return r
		}
		return -1
	}
	s := strings.Map(keep, visible(parse(b.HTMLBody())))
	for _, tag := range regexp.MustCompile("</?[a-z]+").FindAllString(b.HTML, -1) {
		if tag != "<a" && tag != "</a" && tag != "<img" {
			s += tag
		}
	}
	return s
}

func parse(fragment string) *html.Node {
	root, err := html.Parse(strings.NewReader(fragment))
	if err != nil {
		panic(err)
	}
	return root
}

var block = regexp.MustCompile("^(p|div|br|hr|pre|blockquote|h[1-6]|[uod]l|li|d[td]|table|caption|thead|tbody|tfoot|tr|t[dh])$")

func visible(n *html.Node) string {
	s := ""
	if n.Type == html.TextNode {
		s = n.Data
	}
	for c := range n.ChildNodes() {
		s += visible(c)
	}
	if block.MatchString(n.Data) && n.Type == html.ElementNode {
		return "\n" + s + "\n"
	}
	return s
}

var unseen = regexp.MustCompile(`[\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{200b}-\x{200f}\x{202a}-\x{202e}` +
	`\x{2060}-\x{206f}\x{3164}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{e0000}-\x{e0fff}\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]`)

// perceived is the normal form, as the contract has it.
func perceived(s string) string {
	return strings.Join(strings.Fields(norm.NFC.String(unseen.ReplaceAllString(s, ""))), " ")
}

// An item of HTML is a tag or a character, as it is spelled.
type item struct {
	raw   string
	seen  string // what it shows; a line end if it breaks the text
	isTag bool
}

var itemPattern = regexp.MustCompile(`<[^>]*>|&[^;]*;|(?s:.)`)

func items(fragment string) []item {
	var all []item
	for _, raw := range itemPattern.FindAllString(fragment, -1) {
		it := item{raw: raw, isTag: raw[0] == '<'}
		switch {
		case !it.isTag:
			it.seen = html.UnescapeString(raw)
		case block.MatchString(strings.Trim(regexp.MustCompile(` .*`).ReplaceAllString(raw, ""), "</>")):
			it.seen = "\u2028"
		}
		all = append(all, it)
	}
	return all
}

// respell spells an item otherwise, as a client's parser and printer might.
func respell(t *rapid.T, it item) string {
	switch {
	case rapid.IntRange(0, 3).Draw(t, "respell") > 0:
		return it.raw
	case it.raw == "<br>":
		return "<br/>"
	case it.isTag:
		return strings.Replace(regexp.MustCompile(`"([\w:/.]*)"`).ReplaceAllString(it.raw, `'$1'`), ">", " >", 1)
	case strings.ContainsAny(it.seen, " \n"):
		return it.raw
	}
	return fmt.Sprintf("&#%d;", []rune(it.seen)[0])
}

var (
	words  = rapid.SampledFrom([]string{"ab", "abc", "cab", "1234", "34", "x", "&amp;", "zz9"})
	glue   = rapid.SampledFrom([]string{"", " ", "\n", " ", "-", "&nbsp;"})
	around = rapid.SampledFrom([]string{"%s", "%s", "<b>%s</b>", "<i>%s</i>", "%s<br>", `<a href="https://x.org/">%s</a>`, "<p>%s</p>",
		"<ul><li>%s</li></ul>", "<table><tr><td>%[1]s</td><td>%[1]s</td></tr></table>", `%s<img src="https://x.org/i.png">`})
)

func drawHTML(t *rapid.T) string {
	var b strings.Builder
	for range rapid.IntRange(1, 6).Draw(t, "parts") {
		fmt.Fprintf(&b, around.Draw(t, "around"), words.Draw(t, "word")+glue.Draw(t, "glue")+words.Draw(t, "word"))
		b.WriteString(glue.Draw(t, "glue"))
	}
	return b.String()
}

// drawMarks puts marks between the items, and tells which items are within.
func drawMarks(t *rapid.T, all []item) (markedHTML string, within []bool) {
	opens, closes := make([]int, len(all)+1), make([]int, len(all)+1)
	within = make([]bool, len(all))
	for range rapid.IntRange(1, 4).Draw(t, "marks") {
		from := rapid.IntRange(1, len(all)-1).Draw(t, "from")
		to := rapid.IntRange(from, min(from+8, len(all)-1)).Draw(t, "to")
		opens[from]++
		closes[to]++
		for i := from; i < to; i++ {
			within[i] = true
		}
	}
	var b strings.Builder
	for i, it := range all {
		b.WriteString(strings.Repeat("<redact>", opens[i]) + strings.Repeat("</redact>", closes[i]))
		b.WriteString(respell(t, it))
	}
	return b.String() + strings.Repeat("</redact>", closes[len(all)]), within
}

func checkRedactMarks(t *rapid.T) {
	today := page(drawHTML(t))
	if rapid.Bool().Draw(t, "today is a text") {
		today = text(html.UnescapeString(drawHTML(t)))
	}
	versions := []Body{page(drawHTML(t)), text(html.UnescapeString(drawHTML(t))), today}
	all := items(today.HTMLBody())
	markedHTML, within := drawMarks(t, all)

	// Per character, what is hidden can be compared place by place.
	got, changed, err := Redact(versions, Redaction{MarkedHTML: markedHTML}, MaskPerCharacter)
	if err != nil {
		t.Fatalf("Redact(%+v, %+v): %v", versions, markedHTML, err)
	}
	secrets, inMark := markedTexts(all, within)
	if hasVisible := len(secrets) > 0; hasVisible && !changed {
		t.Fatalf("Redact(%+v, %+v) changed nothing", versions, markedHTML)
	}
	checkPlaces(t, versions, got, secrets, inMark)

	fixed, _, err := Redact(versions, Redaction{MarkedHTML: markedHTML}, MaskFixed)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range slices.Concat(got, fixed) {
		for _, s := range secrets {
			if len([]rune(strings.ReplaceAll(s, " ", ""))) < 3 {
				continue
			}
			if where := holds(b, s); where != "" {
				t.Fatalf("%+v is in the %s of %+v after Redact(%+v, %+v)", s, where, b, versions, markedHTML)
			}
			if _, _, err := Redact([]Body{b}, Redaction{Text: s}, MaskFixed); !errors.Is(err, ErrTextNotFound) {
				t.Fatalf("Redact(%+v, %+v) = %v; want %v", b, s, err, ErrTextNotFound)
			}
		}
		if s := SanitiseHTML(b.HTML); s != b.HTML {
			t.Fatalf("%q is no fixed point of the sanitiser: %q", b.HTML, s)
		}
		if strings.Contains(b.HTML, "redact") {
			t.Fatalf("a marker has been stored: %+v", b)
		}
	}
	again := regexp.MustCompile("▇+").ReplaceAllString(fixed[2].HTMLBody(), "<redact>$0</redact>")
	if same, changed, err := Redact(fixed, Redaction{MarkedHTML: again}, MaskFixed); err != nil || changed {
		t.Fatalf("Redact(%+v, %+v) = %+v, %v, %v; want no change", fixed, again, same, changed, err)
	}
}

// markedTexts returns the lines under the marks, and for each visible rune whether it
// is marked.
func markedTexts(all []item, within []bool) (lines []string, marked []bool) {
	line := ""
	end := func() {
		if line = perceived(line); line != "" {
			lines = append(lines, line)
		}
		line = ""
	}
	for i, it := range all {
		if !within[i] && (it.seen != "" || it.isTag && line == "") || it.seen == "\u2028" {
			end()
		}
		if within[i] {
			line += it.seen
		}
		if it.seen != "" && !unicode.IsSpace([]rune(it.seen)[0]) {
			marked = append(marked, within[i])
		}
	}
	end()
	return lines, marked
}

// checkPlaces compares versions before and after, rune by visible rune: what was
// marked is masked, and nothing else but what reads as one of the secrets.
func checkPlaces(t *rapid.T, before, after []Body, secrets []string, marked []bool) {
	for i := range before {
		was, now := perceived(visible(parse(before[i].HTMLBody()))), perceived(visible(parse(after[i].HTMLBody())))
		old, hidden := []rune(was), []rune(now)
		if len(old) != len(hidden) {
			t.Fatalf("%q became %q, of another length", was, now)
		}
		may := mayHide(was, append(secrets, "https://x.org/", "https://x.org/i.png")) // of marked links
		seen := 0
		for j := range old {
			if old[j] == ' ' {
				continue
			}
			isMarked := i == len(before)-1 && marked[seen]
			seen++
			switch {
			case isMarked && hidden[j] != '▇':
				t.Fatalf("%q became %q: rune %d is still seen", was, now, j)
			case hidden[j] != '▇' && hidden[j] != old[j]:
				t.Fatalf("%q became %q: rune %d is another", was, now, j)
			case hidden[j] == '▇' && !isMarked && !may[j]:
				t.Fatalf("%q became %q: rune %d was not to be hidden", was, now, j)
			}
		}
	}
}

// mayHide tells for each rune of s whether it belongs to one of the secrets.
func mayHide(s string, secrets []string) []bool {
	may := make([]bool, len([]rune(s)))
	runes := []rune(s)
	for _, secret := range secrets {
		n := len([]rune(secret))
		for i := 0; i+n <= len(runes); i++ {
			if string(runes[i:i+n]) == secret {
				for j := range n {
					may[i+j] = true
				}
			}
		}
	}
	return may
}

// No grapheme cluster is ever cut: after a redaction, in random company of marks that
// combine, those clusters that are left were clusters before.
func TestRedactCutsNoCharacter(t *testing.T) {
	parts := rapid.SampledFrom([]string{"a", "b", "1", " ", "e\u0301", "\u0301", "\u0308", "\u200d", "👩", "👨", "🇩", "🇪", "🇺", "\ufe0f", "\u20e3",
		"\u1100", "\u1161", "\u11a8", "각", "\u0915", "\u094d", "\u0937", "\u093f", "\u0600", "\u0e33", "\u0903", "🏽", "\U000e0067", "\U000e007f", "\r", "\n", "▇"})
	rapid.Check(t, func(t *rapid.T) {
		given := strings.Join(rapid.SliceOfN(parts, 1, 20).Draw(t, "text"), "")
		secret := strings.Join(rapid.SliceOfN(parts, 1, 3).Draw(t, "secret"), "")
		if rapid.Bool().Draw(t, "occurs") {
			runes := []rune(given)
			from := rapid.IntRange(0, len(runes)-1).Draw(t, "from")
			secret = string(runes[from:rapid.IntRange(from+1, len(runes)).Draw(t, "to")])
		}
		got, _, err := Redact([]Body{text(given)}, Redaction{Text: secret}, MaskFixed)
		if err != nil {
			if perceived(secret) != "" && strings.Contains(given, secret) {
				t.Fatalf("Redact(%+q, %+q): %v", given, secret, err)
			}
			return
		}
		rest := clusters(given)
		for _, c := range clusters(got[0].Text) {
			i := slices.Index(rest, c)
			if c != "▇" && i < 0 {
				t.Fatalf("Redact(%+q, %+q) = %+q, which has a part of a character: %+q", given, secret, got[0].Text, c)
			}
			if c != "▇" {
				rest = rest[i+1:]
			}
		}
	})
}

func clusters(s string) []string {
	var all []string
	for g := uniseg.NewGraphemes(s); g.Next(); {
		all = append(all, g.Str())
	}
	return all
}
