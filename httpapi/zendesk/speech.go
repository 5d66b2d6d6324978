package zendesk

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
)

// A speech is a comment that somebody wants to make.
type speech struct {
	text, html string // one of them, or none
	author     *int64
	public     *bool
	voice      string // of a call: as in domain.Body
	flags      domain.Flags
}

// silent reports whether a speech says nothing.
func (s *speech) silent() bool { return s == nil || s.text == "" && s.html == "" }

// speech reads the comment of a body: an object, or just what it says.
func (c *call) speech(ticket object, wrong map[string][]detail) (*speech, error) {
	v, ok := ticket.given("comment")
	if !ok {
		return nil, nil
	}
	if v.Kind() == '"' {
		text, err := c.text(ticket, "comment")
		if err != nil {
			return nil, err
		}
		return spoken(*text, wrong), nil
	}
	o, err := c.object(ticket, "comment")
	if err != nil {
		return nil, err
	}
	var texts [3]*string
	for i, name := range []string{"value", "body", "html_body"} {
		if texts[i], err = c.text(o, name); err != nil {
			return nil, err
		}
	}
	s := &speech{}
	for _, text := range texts[:2] { // value is another word for body, which counts
		if text != nil && *text != "" {
			s = spoken(*text, wrong)
		}
	}
	if html := texts[2]; html != nil && saysSomething(*html) {
		s = &speech{html: *html}
	}
	if s.author, err = c.integer(o, "author_id"); err != nil {
		return nil, err
	}
	if s.public, err = c.flag(o, "public"); err != nil {
		return nil, err
	}
	if s.flags, err = c.flags(o, wrong); err != nil {
		return nil, err
	}
	if !noFiles(o) {
		wrong["uploads"] = []detail{{"Uploads: is invalid", "InvalidValue"}}
	}
	return s, nil
}

// spoken is a speech that is a text. A blank one says nothing.
func spoken(text string, wrong map[string][]detail) *speech {
	if strings.Contains(text, "\x00") {
		wrong["body"] = []detail{{"Body: must not contain U+0000", "InvalidValue"}}
	}
	if strings.TrimSpace(text) == "" {
		return &speech{}
	}
	return &speech{text: text}
}

// saysSomething reports whether anything of HTML is seen.
func saysSomething(html string) bool {
	body := domain.RichBody(html)
	return strings.TrimSpace(body.Text) != "" || strings.Contains(body.HTML, "<img")
}

// noFiles reports whether no files are to be attached: none can have been uploaded,
// so no token is known. Clients send a token, or a list of them.
func noFiles(comment object) bool {
	v, ok := comment.given("uploads")
	if !ok {
		return true
	}
	var one string
	var many []jsontext.Value
	return json.Unmarshal(v, &one) == nil && one == "" || json.Unmarshal(v, &many) == nil && len(many) == 0
}
