package domain

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// marks are what stands under a mark in an html_body.
type marks struct {
	// outline is all that must be the same with and without marks: elements,
	// attributes and visible text, but not how they are spelled.
	outline string
	// places are ranges of visible runes: the n-th rune that is not white space. So
	// they mean the same in a text and in its rendering.
	places []bounds
	// elements are the marked ones of the tree, in order, by their ordinals among all.
	elements []int
}

// markElement is both the element and the attribute that mark.
const markElement = "redact"

// readMarks returns the marks in an html_body.
func readMarks(htmlBody string) (marks, error) {
	fragment, err := marksAsComments(htmlBody)
	if err != nil {
		return marks{}, err
	}
	root, err := parseHTML(fragment)
	if err != nil {
		return marks{}, ErrMarks
	}
	var r markReader
	for c := range root.ChildNodes() {
		r.node(c)
	}
	r.outline = r.text.String()
	return r.marks, nil
}

// marksAsComments replaces the tags of marks by comments and drops all others. A
// parser leaves a comment where it stands, whereas an unknown element moves out of a
// table, and one that crosses others changes what they hold.
func marksAsComments(htmlBody string) (string, error) {
	var b strings.Builder
	open := 0
	for z := html.NewTokenizer(strings.NewReader(htmlBody)); ; {
		kind := z.Next()
		raw := z.Raw()
		switch kind {
		case html.ErrorToken:
			if open != 0 {
				return "", ErrMarks
			}
			return b.String(), nil
		case html.CommentToken, html.DoctypeToken:
			continue
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			if name, _ := z.TagName(); string(name) != markElement {
				break
			}
			switch kind {
			case html.StartTagToken:
				open++
				b.WriteString("<!--+-->")
			case html.EndTagToken:
				open--
				b.WriteString("<!----->")
			}
			if open < 0 {
				return "", ErrMarks
			}
			continue
		}
		b.Write(raw)
	}
}

// A markReader walks a tree whose only comments are marks.
type markReader struct {
	marks
	text   strings.Builder // becomes the outline
	depth  int             // of marks
	runes  int             // visible ones so far
	tags   int             // elements so far
	white  bool            // white space is waiting to be written
	edge   bool            // nothing visible since the edge of a block
	parted bool            // the last place has ended
}

func (r *markReader) node(n *html.Node) {
	switch n.Type {
	case html.CommentNode:
		if n.Data == "+" {
			r.depth++
		} else {
			r.depth--
		}
	case html.TextNode:
		r.visible(n.Data)
	case html.ElementNode:
		r.element(n)
	}
}

func (r *markReader) visible(s string) {
	for _, c := range read(s).runes {
		if c == ' ' {
			r.white = !r.edge
			r.apart()
			continue
		}
		r.space()
		r.edge = false
		r.text.WriteRune(c)
		if r.depth > 0 {
			r.place(r.runes)
		}
		r.runes++
	}
}

// place adds a rune to the last place, or begins a new one if there has been
// something between them that is not marked.
func (r *markReader) place(i int) {
	if n := len(r.places); n > 0 && r.places[n-1].to == i && !r.parted {
		r.places[n-1].to++
		return
	}
	r.places = append(r.places, bounds{i, i + 1})
	r.parted = false
}

// apart is called where white space or the edge of a block stands between words.
func (r *markReader) apart() { r.parted = r.parted || r.depth == 0 }

func (r *markReader) space() {
	if r.white {
		r.text.WriteByte(' ')
	}
	r.white = false
}

func (r *markReader) element(n *html.Node) {
	_, marked := attribute(n, markElement)
	if marked {
		r.depth++
	}
	if r.depth > 0 {
		r.elements = append(r.elements, r.tags)
	}
	r.tags++
	r.tag(n, startTag(n))
	for c := range n.ChildNodes() {
		r.node(c)
	}
	r.tag(n, "/"+n.Data)
	if marked {
		r.depth--
	}
}

// tag writes a tag, between characters that no visible text has.
func (r *markReader) tag(n *html.Node, tag string) {
	if breaksText(n) {
		r.white, r.edge = false, true
		r.apart()
	}
	r.space()
	r.text.WriteString("\x01" + tag + "\x02")
}

func startTag(n *html.Node) string {
	parts := []string{n.Data}
	for _, a := range n.Attr {
		if a.Key != markElement {
			parts = append(parts, a.Key+"="+strconv.Quote(a.Val))
		}
	}
	slices.Sort(parts[1:])
	return strings.Join(parts, " ")
}
