package domain

import (
	"errors"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxDepth is how deep the elements of a comment may nest, its envelope included. What
// SanitiseHTML returns leaves room for the envelope.
const maxDepth = 250

var errTooDeep = errors.New("the elements of the html nest too deep")

// parseHTML returns a node whose children are the fragment, read as it stands inside
// the envelope. It fails only on what nests too deep.
func parseHTML(fragment string) (*html.Node, error) {
	context := html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragment(strings.NewReader(fragment), &context)
	if err != nil {
		return nil, errTooDeep
	}
	root := context
	for _, n := range nodes {
		root.AppendChild(n)
	}
	if tooDeep(&root, maxDepth) {
		return nil, errTooDeep
	}
	return &root, nil
}

// tooDeep reports whether more than left elements nest in n.
func tooDeep(n *html.Node, left int) bool {
	if left < 0 {
		return true
	}
	for c := range n.ChildNodes() {
		if c.Type == html.ElementNode && tooDeep(c, left-1) {
			return true
		}
	}
	return false
}

// renderHTML writes the children of root as a browser would (the fragment
// serialisation of the HTML standard): no slash in <br>, no more escapes than are
// needed. So what an author wrote well is stored as they wrote it.
func renderHTML(root *html.Node) string {
	var b strings.Builder
	for c := range root.ChildNodes() {
		renderNode(&b, c)
	}
	return b.String()
}

var (
	nodeEscaper  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\u00a0", "&nbsp;")
	valueEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\u00a0", "&nbsp;", `"`, "&quot;",
		"\r", "&#13;")
)

func renderNode(b *strings.Builder, n *html.Node) {
	if n.Type == html.TextNode {
		nodeEscaper.WriteString(b, n.Data)
		return
	}
	b.WriteString("<" + n.Data)
	for _, a := range n.Attr {
		b.WriteString(" " + a.Key + `="`)
		valueEscaper.WriteString(b, a.Val)
		b.WriteString(`"`)
	}
	b.WriteString(">")
	if isVoid(n) {
		return
	}
	for c := range n.ChildNodes() {
		renderNode(b, c)
	}
	b.WriteString("</" + n.Data + ">")
}

// isVoid: of the elements that comments may hold.
func isVoid(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Br, atom.Hr, atom.Img, atom.Wbr:
		return true
	}
	return false
}

// breaksText reports whether the text before n, in n and after n are apart for a
// reader. All other elements leave words whole.
func breaksText(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Br, atom.Hr, atom.P, atom.Div, atom.Pre, atom.Blockquote,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
		atom.Ul, atom.Ol, atom.Li, atom.Dl, atom.Dt, atom.Dd,
		atom.Table, atom.Caption, atom.Thead, atom.Tbody, atom.Tfoot, atom.Tr, atom.Td, atom.Th,
		// Not in comments, but perhaps in what somebody typed as text:
		atom.Address, atom.Article, atom.Aside, atom.Center, atom.Details, atom.Fieldset, atom.Figure, atom.Figcaption,
		atom.Footer, atom.Form, atom.Header, atom.Main, atom.Nav, atom.Option, atom.Section, atom.Summary:
		return true
	}
	return false
}

// unwrap puts the children of n in its place.
func unwrap(n *html.Node) {
	for c := n.FirstChild; c != nil; c = n.FirstChild {
		n.RemoveChild(c)
		n.Parent.InsertBefore(c, n)
	}
	n.Parent.RemoveChild(n)
}

// attribute returns the value of an attribute and whether n has it.
func attribute(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}
