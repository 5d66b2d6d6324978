package mail

import (
	"bytes"

	"github.com/emersion/go-message/mail"
)

// Bytes returns the message as an e-mail: its headers, and a text, or a text and HTML as
// alternatives. Files are not written.
func (m Message) Bytes() ([]byte, error) {
	var h mail.Header
	h.Set("MIME-Version", "1.0")
	for _, list := range []struct {
		key string
		all []Address
	}{{"From", m.From}, {"Reply-To", m.ReplyTo}, {"To", m.To}, {"Cc", m.Cc}} {
		if len(list.all) > 0 {
			h.SetAddressList(list.key, formatted(list.all))
		}
	}
	h.SetSubject(m.Subject)
	if !m.Date.IsZero() {
		h.SetDate(m.Date)
	}
	if m.ID != "" {
		h.SetMessageID(m.ID)
	}
	var b bytes.Buffer
	w, err := mail.CreateInlineWriter(&b, h)
	if err != nil {
		return nil, err
	}
	for _, part := range []struct{ kind, content string }{{"text/plain", m.Text}, {"text/html", m.HTML}} {
		if part.content == "" && part.kind == "text/html" {
			continue
		}
		var h mail.InlineHeader
		h.SetContentType(part.kind, map[string]string{"charset": "utf-8"})
		out, err := w.CreatePart(h)
		if err != nil {
			return nil, err
		}
		if _, err := out.Write([]byte(part.content)); err != nil {
			return nil, err
		}
		if err := out.Close(); err != nil {
			return nil, err
		}
	}
	err = w.Close()
	return b.Bytes(), err
}

func formatted(all []Address) []*mail.Address {
	list := make([]*mail.Address, len(all))
	for i, a := range all {
		list[i] = &mail.Address{Name: a.Name, Address: a.Address}
	}
	return list
}
