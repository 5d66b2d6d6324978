package domain

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// redactTextBeside returns the text of b, whose author gave HTML, to go with the HTML
// as it is now, in which the secret was found inHTML times; and whether it was found at
// all. Where it cannot be located as often in the text, because that has markup of its
// own, the text is made anew from the HTML. Where it is in the text more often, and the
// HTML may show that in another form, the HTML is made anew from the text. What marks leave
// of the one must read as what they leave of the other: of lines that are marked together
// one may be found in the text and the next not.
func (s *Secret) redactTextBeside(b Body, html string, inHTML int, m Mask) (Body, bool) {
	before, after := b.PlainBody(), Body{HTML: html}.PlainBody()
	if b.Text == before {
		return Body{Text: after, HTML: html}, inHTML > 0
	}
	text, found := s.redactText(b.Text, m, nil)
	here := inHTML > 0 || found > 0
	if html == b.HTML {
		inHTML = 0 // nothing was found there but masks
	}
	reads := s.readsIfRendered(text, m)
	rest, shown := "", "" // what can be read of the text once it is rendered, and of the HTML
	if !s.literal {
		rest, shown = unmasked(Body{Text: text, HTML: b.render(text)}.PlainBody()), unmasked(after)
	}
	switch anew := found > inHTML && text != b.Text && s.shownOtherwise(b.Text, before); {
	case anew && reads:
		return Body{Text: fixedMask}, true
	case anew:
		return Body{Text: text, HTML: b.render(text)}, true
	case found >= inHTML && (text != b.Text || before == after) && !reads && (rest == shown || text == b.Text && html == b.HTML):
		return Body{Text: text, HTML: html}, here
	case s.marksMarkup() && text != b.Text && b.isRendered() && !within(shown, rest):
		if reads || !within(rest, shown) {
			return Body{Text: fixedMask}, true
		}
		return Body{Text: text, HTML: b.render(text)}, true
	case s.readsIfRendered(after, m): // what the HTML shows of markup is none there
		return Body{Text: fixedMask, HTML: html}, true
	}
	return Body{Text: after, HTML: html}, true
}

// marksMarkup reports whether what was marked, which is known as it reads today, may be markup
// in a version that was rendered.
func (s *Secret) marksMarkup() bool {
	return !s.literal && slices.ContainsFunc(s.anywhere, func(text []rune) bool { return slices.ContainsFunc(text, isMarkup) })
}

// unmasked is what can be seen in a text besides masks.
func unmasked(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(normalForm(text), maskGlyph, ""), " ", "")
}

// within reports whether b has all characters of a in their order, perhaps among others.
func within(a, b string) bool {
	for _, r := range b {
		if first, size := utf8.DecodeRuneInString(a); size > 0 && first == r {
			a = a[size:]
		}
	}
	return a == ""
}

// isRendered reports whether the HTML of b reads as its text does when it is rendered.
func (b Body) isRendered() bool {
	return unmasked(Body{Text: b.Text, HTML: b.render(b.Text)}.PlainBody()) == unmasked(b.PlainBody())
}

// render returns the HTML of what is left of the text of b, rendered as that was: what an end
// user typed is no Markdown.
func (b Body) render(text string) string {
	if b.HTML == renderTyped(b.Text) {
		return renderTyped(text)
	}
	return markdownHTML(text)
}

// shownOtherwise reports whether what is hidden in a text may be read in another form in the
// HTML beside it, which reads as plain: without the markup that stands in it or around it.
// What was marked is known as it reads.
func (s *Secret) shownOtherwise(text, plain string) bool {
	return s.literal && (slices.ContainsFunc(s.anywhere[0], isMarkup) || Body{HTML: markdownHTML(text)}.PlainBody() == plain)
}

// isMarkup reports whether r may have a meaning in Markdown or HTML.
func isMarkup(r rune) bool { return r < 0x80 && (unicode.IsPunct(r) || unicode.IsSymbol(r)) }

// readsIfRendered reports whether somebody who takes a text for HTML or Markdown, or leaves
// out its tags, gets to read the secret.
func (s *Secret) readsIfRendered(text string, m Mask) bool {
	if bare := withoutTags(text); bare != text && s.reads(bare, inText, m) {
		return true
	}
	ours := strings.ReplaceAll(renderMarkdown(text), ` dir="auto"`, "") // which nobody has written
	return s.readsInMarkup(text, m) || s.readsInMarkup(ours, m)
}
