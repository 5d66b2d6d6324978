package domain

import "unicode/utf8"

// MaxText is how many bytes of a text the Zendesk-compatible API keeps: what is longer
// is cut (contract §6).
const MaxText = 64 << 10

// TextBody is what an end user has typed: text, whatever it looks like.
func TextBody(text string) Body { return Body{Text: cut(text)} }

// MarkdownBody is what an agent has typed: kept as it is, and rendered once and for all.
func MarkdownBody(text string) Body {
	text = cut(text)
	return Body{Text: text, HTML: SanitiseHTML(renderMarkdown(text))}
}

// RichBody is what was given as HTML.
func RichBody(source string) Body {
	b := Body{HTML: SanitiseHTML(cut(source))}
	b.Text = b.PlainBody()
	return b
}

// cut cuts a text down to MaxText, between two characters.
func cut(text string) string {
	if len(text) <= MaxText {
		return text
	}
	end := MaxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
