package domain

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Body is one version of what a comment says.
type Body struct {
	// Text is body: what the author typed, verbatim, or if they gave HTML what can
	// be read in it.
	Text string
	// HTML is what the author gave as html_body, through SanitiseHTML. It is empty
	// if they gave a text. With what an agent typed it is that text, rendered.
	HTML string
	// Custom is what the program that sent it has to say: a JSON object as ParseCustom
	// returns it. It is shown to those who see the comment, and is redacted with it.
	Custom string
	// Voice is what was told of a call: a JSON object, kept and redacted like Custom.
	Voice string
	// Source is from whom to whom it came, by a channel that knows (contract §5.4): a JSON
	// object, kept and redacted like Custom.
	Source string
	// Attachments are its files, in the order in which they were attached.
	Attachments []Attachment
}

// Equal reports whether two bodies are the same in everything.
func (b Body) Equal(c Body) bool {
	return b.sameText(c) && slices.EqualFunc(b.Attachments, c.Attachments, Attachment.Equal)
}

// sameText is Equal but for the files.
func (b Body) sameText(c Body) bool {
	return b.Text == c.Text && b.HTML == c.HTML && b.Custom == c.Custom && b.Voice == c.Voice && b.Source == c.Source
}

// The envelope of every html_body (contract §6).
const (
	envelopeOpen  = `<div class="zd-comment" dir="auto">`
	envelopeClose = `</div>`
)

// HTMLBody returns what is shown as html_body.
func (b Body) HTMLBody() string {
	if b.HTML != "" {
		return envelopeOpen + b.HTML + envelopeClose
	}
	return RenderText(b.Text)
}

// PlainBody returns what is shown as plain_body: the visible text of html_body with
// runs of white space collapsed. U+00A0 stays, for that is how authors keep them.
func (b Body) PlainBody() string {
	root, err := parseHTML(b.HTMLBody())
	if err != nil { // nobody's HTML gets past SanitiseHTML to be this deep
		return b.Text
	}
	var p plainText
	p.write(root, false)
	return p.out.String()
}

// RenderText returns the html_body of a text: paragraphs where it has blank lines,
// line breaks where it has line ends, and everything else as it was typed: tags and
// Markdown are text like any other.
func RenderText(text string) string {
	var b strings.Builder
	b.WriteString(envelopeOpen)
	before := "" // what stands before the next line
	for line := range strings.SplitSeq(lineEnds.Replace(text), "\n") {
		line = strings.Join(strings.FieldsFunc(line, isBlankInLine), " ")
		switch {
		case line == "" && before == "\n<br>":
			before = "</p>\n\n"
			continue
		case line == "":
			continue
		case before != "\n<br>":
			before += `<p dir="auto">`
		}
		b.WriteString(before)
		textEscaper.WriteString(&b, line)
		before = "\n<br>"
	}
	if before != "" {
		b.WriteString("</p>")
	}
	b.WriteString(envelopeClose)
	return b.String()
}

var (
	lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "") // HTML has no NUL
	// Quotes too, as the contract asks of what is rendered from text.
	textEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
)

func isBlankInLine(r rune) bool { return r == ' ' || r == '\t' || r == '\v' || r == '\f' }

// plainText gathers visible text. A gap is written only once more text follows.
type plainText struct {
	out strings.Builder
	gap gap
}

// gap is the widest separation met since the last text.
type gap int

const (
	noGap gap = iota
	wordGap
	lineGap
	paragraphGap
)

var gaps = [...]string{noGap: "", wordGap: " ", lineGap: "\n", paragraphGap: " \n\n "}

func (p *plainText) write(n *html.Node, pre bool) {
	switch {
	case n.Type == html.TextNode:
		p.text(n.Data, pre)
		return
	case n.Type != html.ElementNode:
		return
	}
	around := gapAround(n)
	p.gap = max(p.gap, around)
	for c := range n.ChildNodes() {
		p.write(c, pre || n.Data == "pre")
	}
	p.gap = max(p.gap, around)
}

func (p *plainText) text(s string, pre bool) {
	for _, r := range s {
		if !pre && (isBlankInLine(r) || r == '\n' || r == '\r') {
			p.gap = max(p.gap, wordGap)
			continue
		}
		if p.out.Len() > 0 {
			p.out.WriteString(gaps[p.gap])
		}
		p.gap = noGap
		p.out.WriteRune(r)
	}
}

func gapAround(n *html.Node) gap {
	switch n.Data {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "dl", "table":
		return paragraphGap
	case "td", "th":
		return wordGap
	}
	if breaksText(n) {
		return lineGap
	}
	return noGap
}
