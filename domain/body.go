package domain

import (
	"iter"
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
	// if they gave a text. With what an agent typed it is that text, rendered; with what
	// an end user typed, too, if there are tags in it.
	HTML string
	// Custom is what the program that sent it has to say: a JSON object as ParseCustom
	// returns it. It is shown to those who see the comment, and is redacted with it.
	Custom string
	// Voice is what was told of a call: a JSON object, kept and redacted like Custom.
	Voice string
	// Source is from whom to whom it came, by a channel that knows (contract §5.4): a JSON
	// object, kept and redacted like Custom.
	Source string
	// Flagged is what is said of flags (contract §5.5): a JSON object by their numbers, kept
	// and redacted like Custom.
	Flagged string
	// Attachments are its files, in the order in which they were attached.
	Attachments []Attachment
}

// Equal reports whether two bodies are the same in everything.
func (b Body) Equal(c Body) bool {
	return b.sameText(c) && slices.EqualFunc(b.Attachments, c.Attachments, Attachment.Equal)
}

// sameText is Equal but for the files.
func (b Body) sameText(c Body) bool {
	return b.Text == c.Text && b.HTML == c.HTML && b.Custom == c.Custom && b.Voice == c.Voice && b.Source == c.Source &&
		b.Flagged == c.Flagged
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
	var p plainText
	if b.HTML == "" {
		for line, before := range linesOf(b.Text) {
			p.gap = before
			p.text(line, true)
		}
		return p.out.String()
	}
	root, err := parseHTML(b.HTMLBody())
	if err != nil { // nobody's HTML gets past SanitiseHTML to be this deep
		return b.Text
	}
	p.write(root, false)
	return p.out.String()
}

// RenderText returns the html_body of a text: paragraphs where it has blank lines,
// line breaks where it has line ends, and everything else as it was typed: tags and
// Markdown are text like any other.
func RenderText(text string) string {
	var b strings.Builder
	b.Grow(len(envelopeOpen) + len(text) + 64)
	b.WriteString(envelopeOpen)
	end := ""
	for line, before := range linesOf(text) {
		switch before {
		case lineGap:
			b.WriteString("\n<br>")
		case paragraphGap:
			b.WriteString("</p>\n\n")
			fallthrough
		default:
			b.WriteString(`<p dir="auto">`)
		}
		textEscaper.WriteString(&b, line)
		end = "</p>"
	}
	b.WriteString(end)
	b.WriteString(envelopeClose)
	return b.String()
}

// linesOf yields the lines of a text that have something on them, with single spaces
// between words, and what separates each from the one before.
func linesOf(text string) iter.Seq2[string, gap] {
	return func(yield func(string, gap) bool) {
		before := noGap
		for line := range strings.SplitSeq(lineEnds(text), "\n") {
			switch line = singleSpaced(line); {
			case line != "":
				if !yield(line, before) {
					return
				}
				before = lineGap
			case before == lineGap:
				before = paragraphGap
			}
		}
	}
}

// lineEnds makes all ends of lines the same, and leaves out what HTML does not have.
func lineEnds(text string) string {
	if !strings.ContainsAny(text, "\r\x00") { // as is usual
		return text
	}
	return endsReplacer.Replace(text)
}

var (
	endsReplacer = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "")
	// Quotes too, as the contract asks of what is rendered from text.
	textEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
)

// singleSpaced is a line without blanks around it, and one space for those within.
func singleSpaced(line string) string {
	blank := true // before the line
	for i := range len(line) {
		was := blank
		blank = isBlankInLine(rune(line[i]))
		if blank && (was || line[i] != ' ') {
			return strings.Join(strings.FieldsFunc(line, isBlankInLine), " ")
		}
	}
	if blank {
		return strings.TrimSuffix(line, " ")
	}
	return line
}

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
	if pre {
		p.piece(s)
		return
	}
	for {
		start := strings.IndexFunc(s, isNoGap)
		if start != 0 && s != "" {
			p.gap = max(p.gap, wordGap)
		}
		if start < 0 {
			return
		}
		end := strings.IndexFunc(s[start:], isGap)
		if end < 0 {
			p.piece(s[start:])
			return
		}
		p.piece(s[start : start+end])
		s = s[start+end:]
	}
}

// piece writes text as it is.
func (p *plainText) piece(s string) {
	if s == "" {
		return
	}
	if p.out.Len() > 0 {
		p.out.WriteString(gaps[p.gap])
	}
	p.gap = noGap
	p.out.WriteString(s)
}

func isGap(r rune) bool   { return isBlankInLine(r) || r == '\n' || r == '\r' }
func isNoGap(r rune) bool { return !isGap(r) }

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
