package domain

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A flow is the text of a tree as it is read, across the tags, with a line separator
// where an element breaks it.
type flow struct {
	source string
	pieces []piece
}

// A piece is a text node and where it stands in the source.
type piece struct {
	node *html.Node
	at   bounds
}

const lineSeparator = "\u2028"

func flowOf(root *html.Node) flow {
	var f flow
	var b strings.Builder
	for c := range root.ChildNodes() {
		f.add(&b, c)
	}
	f.source = b.String()
	return f
}

func (f *flow) add(b *strings.Builder, n *html.Node) {
	if n.Type == html.TextNode {
		f.pieces = append(f.pieces, piece{n, bounds{b.Len(), b.Len() + len(n.Data)}})
		b.WriteString(n.Data)
		return
	}
	around := ""
	if breaksText(n) {
		around = lineSeparator
	}
	b.WriteString(around)
	for c := range n.ChildNodes() {
		f.add(b, c)
	}
	b.WriteString(around)
}

func (f flow) apply(edits []edit) {
	if len(edits) == 0 {
		return
	}
	for _, p := range f.pieces {
		p.node.Data = splice(p.node.Data, p.at, edits)
	}
}

// elements returns the elements below root in order of their start tags.
func elements(root *html.Node) []*html.Node {
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

// redactTree hides the secret, and what is at the places, in the text and the
// attributes of a comment. It returns at how many places it found something.
func (s *Secret) redactTree(root *html.Node, m Mask, places []bounds) int {
	f := flowOf(root)
	spans := s.spans(f.source, inText)
	if len(places) > 0 {
		spans = append(spans, read(f.source).spansOf(places)...)
		sortSpans(spans)
	}
	f.apply(m.hide(f.source, spans))
	found := separate(spans)
	for _, n := range elements(root) {
		found += s.redactAttributes(n, m)
	}
	return found
}

// redactAttributes hides the secret in the attributes of n. A link without its address
// is no link and an image without its source no image.
func (s *Secret) redactAttributes(n *html.Node, m Mask) int {
	found, empty := 0, false
	kept := n.Attr[:0]
	for _, a := range n.Attr {
		if !holdsText(a.Key) {
			if holdsNumber(a.Key) && s.reads(a.Val, inTag, m) {
				found++ // a mask is no number: the attribute goes
				continue
			}
			kept = append(kept, a)
			continue
		}
		value, ok := s.redactValue(a, m)
		if !ok {
			found++
			empty = empty || a.Key == "href" || a.Key == "src"
			continue
		}
		if value != a.Val {
			found++
		}
		a.Val = value
		kept = append(kept, a)
	}
	n.Attr = kept
	switch {
	case empty && n.DataAtom == atom.A:
		unwrap(n)
	case empty:
		n.Parent.RemoveChild(n)
	}
	return found
}
