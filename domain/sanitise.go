package domain

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// sanitiseRounds bounds the search for a fixed point. Nearly all input needs one
// round and one to see that it was enough; misnested tables and links need a third.
const sanitiseRounds = 5

// SanitiseHTML returns what of an author's HTML a comment may hold: known elements
// and attributes, links to the web, to mail and to telephones. Scripts and the like
// go with all they hold, comments go, and of other elements the content stays.
//
// The result is a fixed point: read again and sanitised again it is the same, so what
// was judged is what a browser gets (mutation is how scripts get past sanitisers).
// Input without a fixed point within a few rounds is kept as text.
//
// <redact> and redact attributes, the marks of a redaction, never get through.
func SanitiseHTML(input string) string {
	input = strings.ReplaceAll(strings.ToValidUTF8(input, "\ufffd"), "\x00", "")
	for range sanitiseRounds {
		root, err := parseHTML(input)
		if err != nil || tooDeep(root, maxDepth-1) {
			break
		}
		sanitiseChildren(root)
		output := renderHTML(root)
		if output == input {
			return output
		}
		input = output
	}
	return nodeEscaper.Replace(textOf(input))
}

// textOf returns the text between the tags of what has no usable tree.
func textOf(fragment string) string {
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(fragment)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return lineEnds(b.String())
		case html.TextToken:
			b.Write(z.Text())
		}
	}
}

func sanitiseChildren(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if !keep(c) {
			n.RemoveChild(c)
		} else if c.Type == html.ElementNode {
			sanitiseChildren(c)
			sanitiseAttributes(c)
			clean(c)
		} else {
			c.Data = lineEnds(c.Data)
		}
		c = next
	}
}

func sanitiseAttributes(n *html.Node) {
	for i, a := range n.Attr {
		if a.Key == "href" || a.Key == "src" {
			n.Attr[i].Val = strings.TrimSpace(a.Val)
		}
	}
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return !allowed(n.DataAtom, a) })
}

// keep reports whether anything of n may stay.
func keep(n *html.Node) bool {
	switch {
	case n.Type == html.TextNode:
		return true
	case n.Type != html.ElementNode, n.Namespace != "": // comments; SVG and MathML
		return false
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Template, atom.Title, atom.Iframe, atom.Object, atom.Embed, atom.Applet,
		atom.Noscript, atom.Noembed, atom.Noframes, atom.Select:
		return false
	}
	return true
}

// clean takes n away, but not its content, if it is no element of comments or means
// nothing without the attributes that it lost.
func clean(n *html.Node) {
	switch n.DataAtom {
	case atom.A:
		if _, ok := attribute(n, "href"); !ok {
			unwrap(n)
		}
	case atom.Img:
		if _, ok := attribute(n, "src"); !ok {
			n.Parent.RemoveChild(n)
		}
	case atom.Pre:
		trimPre(n)
	case atom.P, atom.Div, atom.Span, atom.Br, atom.Hr, atom.Wbr,
		atom.B, atom.Strong, atom.I, atom.Em, atom.U, atom.S, atom.Strike, atom.Del, atom.Ins, atom.Mark,
		atom.Sub, atom.Sup, atom.Small, atom.Code, atom.Kbd, atom.Samp, atom.Abbr, atom.Q, atom.Blockquote,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
		atom.Ul, atom.Ol, atom.Li, atom.Dl, atom.Dt, atom.Dd,
		atom.Table, atom.Caption, atom.Thead, atom.Tbody, atom.Tfoot, atom.Tr, atom.Td, atom.Th:
	default:
		if !breaksText(n) {
			unwrap(n)
			return
		}
		n.Data, n.DataAtom = "div", atom.Div // a <section>, say; its words stay apart from others
	}
}

// trimPre removes line ends that a parser would remove at the start of <pre>, each
// time it reads it, one.
func trimPre(n *html.Node) {
	for c := n.FirstChild; c != nil && c.Type == html.TextNode; c = n.FirstChild {
		if c.Data = strings.TrimLeft(c.Data, "\n"); c.Data != "" {
			return
		}
		n.RemoveChild(c)
	}
}

func allowed(element atom.Atom, a html.Attribute) bool {
	if a.Namespace != "" {
		return false
	}
	switch a.Key {
	case "title":
		return true
	case "dir":
		return a.Val == "auto" || a.Val == "ltr" || a.Val == "rtl"
	case "href":
		return element == atom.A && safeURL(a.Val, "http", "https", "mailto", "tel")
	case "src":
		return element == atom.Img && safeURL(a.Val, "http", "https")
	case "alt":
		return element == atom.Img
	case "width", "height":
		return element == atom.Img && isSmallNumber(a.Val)
	case "colspan", "rowspan":
		return (element == atom.Td || element == atom.Th) && isSmallNumber(a.Val)
	case "start":
		return element == atom.Ol && isSmallNumber(a.Val)
	}
	return false
}

// safeURL accepts absolute URLs only: a comment is read in many places.
func safeURL(value string, schemes ...string) bool {
	u, err := url.Parse(value)
	if err != nil || !slices.Contains(schemes, u.Scheme) {
		return false
	}
	return u.Host != "" || u.Opaque != "" && u.Scheme != "http" && u.Scheme != "https"
}

func isSmallNumber(s string) bool {
	return s != "" && len(s) <= 4 && strings.Trim(s, "0123456789") == ""
}
