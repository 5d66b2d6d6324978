package domain

import (
	"cmp"
	"regexp"
	"strings"
	"unicode/utf8"
)

// MaxText is how many bytes of a text the Zendesk-compatible API keeps: what is longer
// is cut (contract §6).
const MaxText = 64 << 10

// TextBody is what came as text, whatever it looks like.
func TextBody(text string) Body { return Body{Text: Cut(text, MaxText)} }

// EndUserBody is what an end user has typed: kept as it is, and shown as text without the
// tags of HTML (contract §6).
func EndUserBody(text string) Body {
	b := TextBody(text)
	b.HTML = renderTyped(b.Text)
	return b
}

// renderTyped returns the HTML of what an end user typed: none if there are no tags in it.
func renderTyped(text string) string {
	bare := withoutTags(text)
	if bare == text {
		return ""
	}
	// Of tags alone an empty paragraph is left: without any HTML they would show.
	return SanitiseHTML(cmp.Or(withoutEnvelope(RenderText(bare)), `<p dir="auto"></p>`))
}

// withoutTags is a text without the tags of HTML, and its comments. What else looks like a
// tag stays.
func withoutTags(text string) string {
	var b strings.Builder
	at := tags
	for {
		tag := at.FindStringIndex(text)
		if tag == nil {
			b.WriteString(text)
			return b.String()
		}
		from, to := tag[0], tag[1]
		b.WriteString(text[:from])
		switch name := tagName.FindStringSubmatch(text[from:to]); {
		case name == nil:
			end := strings.Index(text[to:], "-->")
			if end < 0 { // nor does any other: it is not looked for again
				at = onlyTags
				to = from
				break
			}
			to += end + len("-->")
		case !elementsOfHTML[strings.ToLower(name[1])]:
			b.WriteString(text[from:to])
		}
		text = text[to:]
	}
}

const tagPattern = `</?[A-Za-z][A-Za-z0-9-]*(?:\s+(?:[^<>"']|"[^"]*"|'[^']*')*)?/?>`

var (
	onlyTags = regexp.MustCompile(tagPattern)
	tags     = regexp.MustCompile(tagPattern + `|<!--`)
)

// MarkdownBody is what an agent has typed: kept as it is, and rendered once and for all.
func MarkdownBody(text string) Body {
	text = Cut(text, MaxText)
	return Body{Text: text, HTML: markdownHTML(text)}
}

// markdownHTML returns the HTML of what an agent typed, as a comment may hold it.
func markdownHTML(text string) string { return SanitiseHTML(renderMarkdown(text)) }

// RichBody is what was given as HTML.
func RichBody(source string) Body {
	b := Body{HTML: SanitiseHTML(Cut(source, MaxText))}
	b.Text = b.PlainBody()
	return b
}

// maxShown is how many bytes of HTML are kept that was rendered elsewhere: that of a text of
// MaxText bytes may be longer than the text.
const maxShown = 4 * MaxText

// ShownBody is what a comment says that is known by how it is shown, as text and as HTML: if
// it was shown by this package, the body that was shown.
func ShownBody(text, html string) Body {
	text = Cut(strings.ReplaceAll(text, "\x00", ""), MaxText)
	if html == "" || html == RenderText(text) {
		return Body{Text: text}
	}
	b := Body{Text: text, HTML: SanitiseHTML(Cut(withoutEnvelope(html), maxShown))}
	if b.Text == "" {
		b.Text = b.PlainBody()
	}
	return b
}

// withoutEnvelope is what is in the envelope of an html_body. Others who have one may add
// classes to it.
func withoutEnvelope(html string) string {
	rest, enveloped := strings.CutPrefix(html, `<div class="zd-comment`)
	if !enveloped {
		return html
	}
	_, inner, _ := strings.Cut(rest, ">")
	return strings.TrimSuffix(inner, envelopeClose)
}

// Cut returns a text of most bytes at the most: the rest is cut off, between two characters.
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
