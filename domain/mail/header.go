package mail

import (
	"path"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"
)

func (p *parser) headers(h mail.Header) {
	var err error
	p.ID, _ = h.MessageID() // many are odd, and nothing but a name
	p.Subject, err = h.Subject()
	p.note(err)
	p.Subject = oneLine(p.Subject)
	if date, err := h.Date(); err == nil {
		p.Date = date.UTC()
	}
	p.From, p.ReplyTo = p.addresses(h, "From"), p.addresses(h, "Reply-To")
	p.To, p.Cc = p.addresses(h, "To"), p.addresses(h, "Cc")
	p.Automatic = automatic(h)
	p.Unauthenticated = unauthenticated(h)
}

func (p *parser) addresses(h mail.Header, key string) (all []Address) {
	list, err := h.AddressList(key)
	p.note(err)
	for _, a := range list {
		if strings.Contains(a.Address, "@") {
			all = append(all, Address{oneLine(a.Name), oneLine(a.Address)})
		}
	}
	return all
}

// automatic: RFC 3834 section 5, and what was in use before it.
func automatic(h mail.Header) bool {
	if submitted := firstWord(h.Get("Auto-Submitted")); submitted != "" && submitted != "no" {
		return true
	}
	switch firstWord(h.Get("Precedence")) {
	case "bulk", "junk", "list", "auto_reply":
		return true
	}
	return h.Has("X-Auto-Response-Suppress") || strings.TrimSpace(h.Get("Return-Path")) == "<>"
}

// unauthenticated believes the topmost result: it is that of the server that received the
// e-mail last, which removes what others have written in its name (RFC 8601 section 5).
func unauthenticated(h mail.Header) bool {
	results := strings.ToLower(h.Get("Authentication-Results"))
	return strings.Contains(strings.Join(strings.Fields(results), ""), "dmarc=fail")
}

func firstWord(value string) string {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(value)), ";")
	return strings.TrimSpace(word)
}

// oneLine returns a header's value without what would begin another line.
func oneLine(s string) string { return strings.Join(strings.Fields(text([]byte(s))), " ") }

// fileName returns what a part is called, should it be a file, and whether it says that it
// is one.
func fileName(h message.Header, parameters map[string]string) (name string, isFile bool) {
	disposition, given, err := h.ContentDisposition()
	if err == nil {
		name = given["filename"]
	}
	if name == "" {
		name = parameters["name"]
	}
	isFile = strings.EqualFold(disposition, "attachment") || name != "" || contentID(h) != "" && strings.EqualFold(disposition, "inline")
	name = path.Base(strings.ReplaceAll(oneLine(name), `\`, "/"))
	if name == "." || name == "/" || name == ".." {
		name = "unnamed"
	}
	return name, isFile
}

func contentID(h message.Header) string {
	return strings.Trim(strings.TrimSpace(h.Get("Content-Id")), "<>")
}
