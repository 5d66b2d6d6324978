package zendesk

import (
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// A speech is a comment that somebody wants to make.
type speech struct {
	text, html string // one of them, or none
	author     *int64
	public     *bool
	voice      string // of a call: as in domain.Body
	flags      domain.Flags
	flagged    string              // as in domain.Body
	uploads    []vault.UploadToken // whose files it has
}

// wordless reports whether a speech is no more than its files.
func (s *speech) wordless() bool { return s == nil || s.text == "" && s.html == "" }

// silent reports whether a speech says nothing.
func (s *speech) silent() bool { return s.wordless() && (s == nil || s.uploads == nil) }

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
	if err = c.flags(s, o, wrong); err != nil {
		return nil, err
	}
	s.uploads = uploadsOf(o, wrong)
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

// uploadsOf returns the tokens of the files of a comment: clients send one, or a list of
// them.
func uploadsOf(comment object, wrong map[string][]detail) (tokens []vault.UploadToken) {
	v, there := comment.given("uploads")
	if !there {
		return nil
	}
	var one string
	var many []string
	if json.Unmarshal(v, &one) == nil {
		many = []string{one}
		if one == "" {
			return nil
		}
	} else if json.Unmarshal(v, &many) != nil || len(many) > domain.MaxAttachments {
		many = []string{""} // which is no token
	}
	for _, text := range many {
		token, err := vault.ParseUploadToken(text)
		if err != nil {
			wrong["uploads"] = []detail{{"Uploads: is invalid", "InvalidValue"}}
			return nil
		}
		tokens = append(tokens, token)
	}
	return tokens
}
