package main

import (
	"strconv"
	"strings"
	"unicode"

	v1 "github.com/commentd/commentd/httpapi/v1"
)

// longest is how many characters of a text are shown on a line, and shortest how many
// of what is the same in two.
const longest, shortest = 60, 12

// printable makes a text harmless to a terminal, which may take what somebody typed for
// commands, or show it in another order: what is not printed is spelled out.
func printable(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// head is the beginning of a text, to be shown on a line.
func head(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return printable(text)
	}
	return printable(string(runes[:n])) + "…"
}

// tail is the end of a text, to be shown on a line.
func tail(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return printable(text)
	}
	return "…" + printable(string(runes[len(runes)-n:]))
}

// marked shows on a line what was deleted as [-this-] and what was inserted as {+this+}.
func marked(diff []v1.DiffPart) string {
	var b strings.Builder
	for i, p := range diff {
		switch {
		case p.Op == "delete":
			b.WriteString("[-" + head(p.Text, longest) + "-]")
		case p.Op == "insert":
			b.WriteString("{+" + head(p.Text, longest) + "+}")
		case len([]rune(p.Text)) <= 2*shortest:
			b.WriteString(printable(p.Text))
		case i == 0:
			b.WriteString(tail(p.Text, shortest))
		case i == len(diff)-1:
			b.WriteString(head(p.Text, shortest))
		default:
			b.WriteString(head(p.Text, shortest) + strings.TrimPrefix(tail(p.Text, shortest), "…"))
		}
	}
	return b.String()
}
