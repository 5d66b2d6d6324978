package domain

import (
	"strings"
	"unicode"
)

// MarkMessage returns the html_body of a message with marks in it, as Redaction takes
// them. marked is the message's text with <redact> and </redact> around what to hide and
// nothing else changed, but for how lines end: a message is text, so whatever else looks
// like HTML in it is what was said. The error is ErrMarks.
func MarkMessage(text, marked string) (string, error) {
	text = lineEnds(text)
	plain, spans, err := takeMarks(lineEnds(marked))
	if err != nil || plain != text {
		return "", ErrMarks
	}
	from, to := placeholders(text)
	var b strings.Builder
	end := 0
	for _, s := range spans {
		s = withoutBlanks(text, s) // a placeholder alone on a line would be a line
		if s.from == s.to {
			continue
		}
		b.WriteString(text[end:s.from])
		b.WriteString(from + text[s.from:s.to] + to)
		end = s.to
	}
	b.WriteString(text[end:])
	return strings.NewReplacer(from, "<"+markElement+">", to, "</"+markElement+">").Replace(RenderText(b.String())), nil
}

// takeMarks returns a text without its marks, and where they were: marks within marks
// count as one.
func takeMarks(marked string) (text string, spans []bounds, err error) {
	const start, end = "<" + markElement + ">", "</" + markElement + ">"
	var b strings.Builder
	depth, from := 0, 0
	for rest := marked; rest != ""; {
		switch {
		case hasPrefixFold(rest, start):
			if depth++; depth == 1 {
				from = b.Len()
			}
			rest = rest[len(start):]
		case hasPrefixFold(rest, end):
			if depth--; depth < 0 {
				return "", nil, ErrMarks
			}
			if depth == 0 {
				spans = append(spans, bounds{from, b.Len()})
			}
			rest = rest[len(end):]
		default:
			b.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	if depth != 0 {
		return "", nil, ErrMarks
	}
	return b.String(), spans, nil
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// withoutBlanks returns a span without the white space at its ends.
func withoutBlanks(text string, s bounds) bounds {
	inner := text[s.from:s.to]
	s.from += len(inner) - len(strings.TrimLeftFunc(inner, unicode.IsSpace))
	inner = text[s.from:s.to]
	s.to -= len(inner) - len(strings.TrimRightFunc(inner, unicode.IsSpace))
	return s
}

// placeholders returns two characters that are not in a text, and that rendering leaves
// as they are.
func placeholders(text string) (from, to string) {
	const private = '\uE000'
	for r := rune(private); ; r++ { // a text has fewer characters than there are
		switch {
		case strings.ContainsRune(text, r):
		case from == "":
			from = string(r)
		default:
			return from, string(r)
		}
	}
}
