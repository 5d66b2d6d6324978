package domain

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// renderMarkdown returns the HTML of what an agent typed (contract §6): CommonMark with
// the features that agents are promised, and neither indented code nor headings that are
// underlined, for those are how people sign and indent. HTML elements go, with what they
// hold left; anything else that looks like markup is text.
//
// It is for SanitiseHTML to see to it that the result is harmless.
func renderMarkdown(source string) string {
	source = lineEnds(source)
	if tooIntricate(source) {
		return strings.TrimSuffix(strings.TrimPrefix(RenderText(source), envelopeOpen), envelopeClose)
	}
	var b bytes.Buffer
	document := markdownParser.Parse(text.NewReader([]byte(source)))
	if markdownRenderer.Render(&b, []byte(source), document) != nil { // a buffer takes everything
		return ""
	}
	return strings.TrimRight(b.String(), "\n")
}

var markdownParser = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(parser.NewListParser(), 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(parser.NewBlockquoteParser(), 800),
		util.Prioritized(paragraphParser{parser.NewParagraphParser()}, 1000),
	),
	parser.WithInlineParsers(parser.DefaultInlineParsers()...),
	parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
)

// paragraphParser takes indented lines, too, for there is no indented code.
type paragraphParser struct{ parser.BlockParser }

// CanAcceptIndentedLine is asked by goldmark.
func (paragraphParser) CanAcceptIndentedLine() bool { return true }

var markdownRenderer = renderer.NewRenderer(renderer.WithNodeRenderers(
	util.Prioritized(ourNodes{}, 100),
	util.Prioritized(html.NewRenderer(), 1000),
))

// ourNodes renders what Zendesk renders in its own way.
type ourNodes struct{}

// RegisterFuncs is called by goldmark.
func (ourNodes) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindParagraph, renderParagraph)
	r.Register(ast.KindText, renderWords)
	r.Register(ast.KindRawHTML, renderTag)
}

func renderParagraph(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	switch {
	case !entering:
		w.WriteString("</p>\n")
	case n.PreviousSibling() != nil:
		w.WriteString("\n<p dir=\"auto\">")
	default:
		w.WriteString(`<p dir="auto">`)
	}
	return ast.WalkContinue, nil
}

// renderWords writes text as it was typed, but for backslashes before punctuation:
// entities are text like any other.
func renderWords(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if words := n.(*ast.Text); entering {
		w.Write(util.EscapeHTML(util.UnescapePunctuations(words.Segment.Value(source))))
		if words.SoftLineBreak() || words.HardLineBreak() {
			w.WriteString("\n<br>")
		}
	}
	return ast.WalkContinue, nil
}

// renderTag drops the tags of HTML, and its comments. Other tags are text.
func renderTag(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	tag := n.(*ast.RawHTML).Segments.Value(source)
	if name := tagName.FindSubmatch(tag); name != nil && !elementsOfHTML[strings.ToLower(string(name[1]))] {
		w.Write(util.EscapeHTML(tag))
	}
	return ast.WalkSkipChildren, nil
}

var tagName = regexp.MustCompile(`^</?([A-Za-z][A-Za-z0-9-]*)`)

var elementsOfHTML = func() map[string]bool {
	all := map[string]bool{}
	for name := range strings.FieldsSeq(`a abbr acronym address applet area article aside audio b base basefont bdi bdo big
		blink blockquote body br button canvas caption center cite code col colgroup data datalist dd del details dfn dialog
		dir div dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header
		hgroup hr html i iframe img input ins kbd label legend li link main map mark marquee math menu meta meter nav
		nobr noembed noframes noscript object ol optgroup option output p param picture plaintext pre progress q redact rp
		rt ruby s samp script search section select slot small source span strike strong style sub summary sup svg table
		tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp`) {
		all[name] = true
	}
	return all
}()

// What goes beyond these is no text of a person: it would take a parser long, or nest
// deep, and is rendered as plain text.
const (
	maxMarks   = 2000 // characters with a meaning in Markdown
	maxNesting = 20   // quotes and lists in one line
)

// tooIntricate reports whether a text is not to be taken for Markdown.
func tooIntricate(source string) bool {
	marks := 0
	for line := range strings.SplitSeq(source, "\n") {
		nesting := 0
		for _, c := range []byte(line[:len(line)-len(strings.TrimLeft(line, " \t>*+-.)0123456789"))]) {
			if strings.IndexByte(">*+-.)", c) >= 0 {
				nesting++
			}
		}
		// A rule may be as long as it likes.
		if nesting > maxNesting && strings.Trim(line, " \t*") != "" && strings.Trim(line, " \t-") != "" {
			return true
		}
		marks += strings.Count(line, "*") + strings.Count(line, "_") + strings.Count(line, "[") + strings.Count(line, "]") +
			strings.Count(line, "`") + strings.Count(line, "<")
	}
	return marks > maxMarks
}
