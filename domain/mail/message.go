package mail

import (
	"time"

	"github.com/commentd/commentd/domain"
)

// Message is what an e-mail says.
type Message struct {
	ID      string // Message-ID without its brackets; empty if there is none
	From    []Address
	ReplyTo []Address
	To      []Address
	Cc      []Address
	Subject string
	Date    time.Time // zero if it is not known
	// Text and HTML are what is to be read: all text/plain and text/html parts that are no
	// files, in their order. What is quoted of earlier e-mails stays.
	Text, HTML string
	Files      []File
	// Automatic: a program has sent it (RFC 3834).
	Automatic bool
	// Unauthenticated: the receiving server says that it does not come from where it claims
	// to (RFC 8601, dmarc=fail).
	Unauthenticated bool
	// Malformed: parts of it could not be read. They are in no other field, unless nothing could
	// be: then Text is what came.
	Malformed bool
}

// Address is a mailbox. Addresses without an @ are not addresses.
type Address struct{ Name, Address string }

// File is an attachment, or an image that stands in the text.
type File struct {
	Name string // without a path; never empty
	Type string // as the sender says, in lower case: image/png
	// ContentID is what the html calls it: src="cid:…". Empty for files that do not stand in
	// the text.
	ContentID string
	Content   []byte
}

// Redacted returns the message with every text in it as hide returns it, without its
// files, and without what it says of itself beyond that: signatures are hashes of what
// was hidden. hide also tells whether it has found anything, as does Redacted.
//
// Text and HTML are hidden together, as those of a comment are: where less is found in the
// text, which may break its lines elsewhere, it is made anew from the HTML.
func (m Message) Redacted(hide func(domain.Body) (domain.Body, bool)) (r Message, found bool) {
	body := func(b domain.Body) (hidden domain.Body, here bool) {
		hidden, here = hide(b)
		found = found || here
		return hidden, here
	}
	text := func(s string) string {
		hidden, _ := body(domain.Body{Text: s})
		return hidden.Text
	}
	addresses := func(all []Address) []Address {
		hidden := make([]Address, len(all))
		for i, a := range all {
			hidden[i] = Address{text(a.Name), text(a.Address)}
		}
		return hidden
	}
	r = Message{
		ID: text(m.ID), From: addresses(m.From), ReplyTo: addresses(m.ReplyTo), To: addresses(m.To), Cc: addresses(m.Cc),
		Subject: text(m.Subject), Date: m.Date,
	}
	said, _ := body(domain.Body{Text: m.Text, HTML: m.HTML})
	r.HTML = said.HTML
	if m.Text != "" {
		r.Text = said.Text
	}
	return r, found
}
