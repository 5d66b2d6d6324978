package zendesk

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/projections/threads"
)

// saying is a comment as it stands in audits and in the answers to redactions (contract
// §5.1): these nine members, in this order, and others of a call.
type saying struct {
	ID          int64        `json:"id"`
	Type        string       `json:"type"`
	AuthorID    int64        `json:"author_id"`
	Body        string       `json:"body"`
	HTMLBody    string       `json:"html_body"`
	PlainBody   string       `json:"plain_body"`
	Public      bool         `json:"public"`
	Attachments []attachment `json:"attachments"`
	AuditID     int64        `json:"audit_id"`
	voiced      `json:",inline"`
}

// comment is a comment as it is listed.
type comment struct {
	saying    `json:",inline"`
	Via       via     `json:"via"`
	CreatedAt stamp   `json:"created_at"`
	Metadata  ordered `json:"metadata"`
}

// A scene is what is known of a ticket and its people where something of it is shown.
type scene struct {
	people    roster
	requester *domain.UserID
	files     cabinet
	inline    bool // images in texts are listed with the files
}

func (s *scene) saying(c *threads.Comment) saying {
	body := bodyOf(c)
	return saying{
		ID: c.Number, Type: typeOf(&body), AuthorID: s.people.number(c.Author.ID),
		Body: body.Text, HTMLBody: body.HTMLBody(), PlainBody: body.PlainBody(), Public: c.Public, Attachments: s.files.attached(body.Attachments, s.inline), AuditID: c.Audit, voiced: voicedOf(&body),
	}
}

// bodyOf returns what a comment says; of one of which nothing is left, the mask.
func bodyOf(c *threads.Comment) domain.Body {
	if c.Document == nil {
		return domain.Body{Text: domain.MaskedText}
	}
	return c.Document.Body
}

func (s *scene) comment(c *threads.Comment) comment {
	v := s.via(c)
	return comment{saying: s.saying(c), Via: v, CreatedAt: stamp(c.CreatedAt), Metadata: metadata(c.Document, &v, c.Flags)}
}

// via is that of a comment: what is public goes to the requester, but for calls and for
// e-mails, which say where they went.
func (s *scene) via(c *threads.Comment) via {
	body := bodyOf(c)
	if body.Voice != "" {
		return voiceVia(&body)
	}
	var to *directory.User
	if c.Public {
		to = s.addressee()
	}
	v := viaOf(c.Channel, to)
	if body.Source == "" {
		return v
	}
	var told source
	if err := json.Unmarshal([]byte(body.Source), &told); err != nil {
		return v
	}
	v.Source.From = told.From
	if c.Public {
		v.Source.To = told.To
	}
	return v
}

// system tells where a text was sent from.
type system struct {
	Client    *string  `json:"client"`
	IP        *string  `json:"ip_address"`
	Location  *string  `json:"location"` // not known, like what follows
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
}

func systemOf(d *threads.Document) (from system) {
	if d != nil {
		from.Client, from.IP = orNull(d.Client.UserAgent), orNull(d.Client.IP)
	}
	return from
}

// metadata is that of a comment, or of an audit (contract §5.5). The keys about flags
// are there if there are flags. mirrored repeats the via, as one of the sources has it;
// nil: it does not.
func metadata(d *threads.Document, mirrored *via, flags domain.Flags) ordered {
	custom, flagged := jsontext.Value("{}"), ""
	if d != nil {
		flagged = d.Flagged
		if d.Custom != "" {
			custom = jsontext.Value(d.Custom)
		}
	}
	m := ordered{{"system", systemOf(d)}, {"custom", custom}}
	if mirrored != nil {
		m = append(m, member{"via", mirrored})
	}
	return append(m, flagMembers(flags, flagged)...)
}
