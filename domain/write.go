package domain

import "unicode/utf8"

// MaxText is how many bytes of a text the Zendesk-compatible API keeps: what is longer
// is cut (contract §6).
const MaxText = 64 << 10

// TextBody is what an end user has typed: text, whatever it looks like.
func TextBody(text string) Body { return Body{Text: Cut(text, MaxText)} }

// MarkdownBody is what an agent has typed: kept as it is, and rendered once and for all.
func MarkdownBody(text string) Body {
	text = Cut(text, MaxText)
	return Body{Text: text, HTML: SanitiseHTML(renderMarkdown(text))}
}

// RichBody is what was given as HTML.
func RichBody(source string) Body {
	b := Body{HTML: SanitiseHTML(Cut(source, MaxText))}
	b.Text = b.PlainBody()
	return b
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
