package domain

import "golang.org/x/net/html/atom"

// Images returns the addresses of the images in an html_body.
func Images(fragment string) []string {
	return images(fragment, func(int) bool { return true })
}

// MarkedImages returns the addresses of the images that a redaction marks: by their
// attribute, or because they stand under a mark.
func MarkedImages(markedHTML string) []string {
	given, err := readMarks(markedHTML)
	if err != nil {
		return nil
	}
	marked := make(map[int]bool, len(given.elements))
	for _, i := range given.elements {
		marked[i] = true
	}
	withoutMarks, err := marksAsComments(markedHTML)
	if err != nil {
		return nil
	}
	return images(withoutMarks, func(i int) bool { return marked[i] })
}

// images returns the addresses of those images whose ordinals among all elements are
// wanted.
func images(fragment string, wanted func(element int) bool) []string {
	root, err := parseHTML(fragment)
	if err != nil {
		return nil
	}
	var sources []string
	for i, n := range elements(root) {
		if n.DataAtom != atom.Img || !wanted(i) {
			continue
		}
		if src, ok := attribute(n, "src"); ok {
			sources = append(sources, src)
		}
	}
	return sources
}
