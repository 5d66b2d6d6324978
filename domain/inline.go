package domain

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// ResolveImages returns HTML in which images have the addresses that resolve returns for
// the ones they had; "" leaves one as it is. HTML that nests too deep is returned as it is.
func ResolveImages(source string, resolve func(address string) string) string {
	root, err := parseHTML(source)
	if err != nil {
		return source
	}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.DataAtom == atom.Img {
			for i, a := range n.Attr {
				if a.Key != "src" {
					continue
				}
				if address := resolve(strings.TrimSpace(a.Val)); address != "" {
					n.Attr[i].Val = address
				}
			}
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
	}
	walk(root)
	return renderHTML(root)
}
