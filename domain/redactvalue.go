package domain

import (
	"strings"

	"golang.org/x/net/html"
)

// holdsText reports whether an attribute may say what a person typed.
func holdsText(key string) bool {
	switch key {
	case "href", "src", "alt", "title":
		return true
	}
	return false
}

// holdsNumber reports whether an attribute is a number that a person chose, which may
// be a PIN; what a list starts with is even shown.
func holdsNumber(key string) bool {
	switch key {
	case "width", "height", "colspan", "rowspan", "start":
		return true
	}
	return false
}

// redactValue returns the value of an attribute with the secret hidden, or false if
// the attribute must go: an address is of no use with a part of it hidden, and in what
// is encoded no part can be.
func (s *Secret) redactValue(a html.Attribute, m Mask) (string, bool) {
	if s.values[normalForm(decodePercent(a.Val))] {
		return "", false
	}
	value := splice(a.Val, bounds{0, len(a.Val)}, m.hide(a.Val, s.spans(a.Val, inAttribute)))
	if value != a.Val && (a.Key == "href" || a.Key == "src") || s.readsInCode(value, m) {
		return "", false
	}
	return value, true
}

// readsInCode reports whether the secret is to be had by decoding value.
func (s *Secret) readsInCode(value string, m Mask) bool {
	decoded := decodePercent(value)
	for _, v := range []string{decoded, strings.ReplaceAll(decoded, "+", " ")} {
		if v != value && s.reads(v, inAttribute, m) {
			return true
		}
	}
	return s.dials(decoded)
}

// reads reports whether the secret stands unmasked in source.
func (s *Secret) reads(source string, in place, m Mask) bool {
	return len(m.hide(source, s.spans(source, in))) > 0
}

// dials reports whether an address is that of a telephone number among the secrets,
// however its digits are grouped.
func (s *Secret) dials(address string) bool {
	scheme, number, _ := strings.Cut(address, ":")
	if scheme = strings.ToLower(scheme); scheme != "tel" && scheme != "sms" {
		return false
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	for _, n := range s.numbers {
		if strings.Contains(digits, n) {
			return true
		}
	}
	return false
}

// decodePercent decodes %XX until none is left; a URL in a URL is coded twice. What
// is no code stays.
func decodePercent(s string) string {
	for range 4 {
		decoded := decodePercentOnce(s)
		if decoded == s {
			break
		}
		s = decoded
	}
	return s
}

func decodePercentOnce(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, ok := hexDigit(s[i+1])
			low, ok2 := hexDigit(s[i+2])
			if ok && ok2 {
				b = append(b, high<<4|low)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// hideValues makes secrets of what the attributes of a marked element say. They go
// from every element that has the same, and an address goes from the text as well.
func (s *Secret) hideValues(n *html.Node) {
	for _, a := range n.Attr {
		if !holdsText(a.Key) {
			continue
		}
		value := decodePercent(a.Val)
		if normalForm(value) == "" {
			continue
		}
		s.values[normalForm(value)] = true
		if a.Key == "href" || a.Key == "src" {
			s.hideAddress(a.Val)
			s.hideAddress(value)
			s.hideAddress(mailbox(value))
		}
	}
}

// mailbox returns the address within a mailto: or tel: URL.
func mailbox(value string) string {
	scheme, address, _ := strings.Cut(value, ":")
	if scheme = strings.ToLower(scheme); scheme != "mailto" && scheme != "tel" {
		return ""
	}
	address, _, _ = strings.Cut(address, "?")
	return address
}

func (s *Secret) hideAddress(address string) {
	if address = normalForm(address); address != "" {
		s.patterns.pattern([]rune(address)).asAddress = true
	}
}

// readsInMarkup reports whether the secret can be read in text once it is taken for
// the HTML that it may be: across its tags, through its entities, in its attributes.
func (s *Secret) readsInMarkup(text string, m Mask) bool {
	if !strings.ContainsAny(text, "<&") {
		return false
	}
	root, err := parseHTML(text)
	if err != nil || s.reads(flowOf(root).source, inText, m) {
		return true
	}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if s.reads(a.Val, inAttribute, m) || s.readsInCode(a.Val, m) {
				return true
			}
		}
	}
	return false
}
