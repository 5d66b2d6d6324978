package zendesk

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
)

// phoneCall is what is told of a phone call (contract §5.8), as it is kept in domain.Body.Voice.
// A redaction may put a text where something else was, so nobody reads it back into this.
type phoneCall struct {
	From          string `json:"from,omitzero"`
	To            string `json:"to,omitzero"`
	RecordingURL  string `json:"recording_url,omitzero"`
	CallDuration  *int64 `json:"call_duration,omitzero"` // seconds
	AnsweredBy    *int64 `json:"answered_by_id,omitzero"`
	Transcription string `json:"transcription_text,omitzero"`
	StartedAt     string `json:"started_at,omitzero"`
	Location      string `json:"location,omitzero"`
	Rel           string `json:"rel,omitzero"` // of the via
}

const (
	maxPhone         = 256 // bytes, of a number or a place
	maxLink          = 2048
	maxTranscription = 48 << 10 // what is longer is cut, as texts are
)

// voice reads the voice_comment of a body, nil without one.
func (c *call) voice(ticket object, wrong map[string][]detail) (*speech, error) {
	o, err := c.object(ticket, "voice_comment")
	if o == nil || err != nil {
		return nil, err
	}
	var told phoneCall
	for _, field := range []struct {
		name string
		into *string
		most int
	}{
		{"from", &told.From, maxPhone}, {"to", &told.To, maxPhone}, {"location", &told.Location, maxPhone},
		{"recording_url", &told.RecordingURL, maxLink}, {"transcription_text", &told.Transcription, 0},
	} {
		text, err := c.text(o, field.name)
		if err != nil {
			return nil, err
		}
		if text == nil {
			continue
		}
		if *field.into = *text; strings.Contains(*text, "\x00") || field.most > 0 && len(*text) > field.most {
			wrong["voice_comment"] = []detail{{"Voice comment: " + field.name + " is too long or has U+0000", "InvalidValue"}}
		}
	}
	told.Transcription = domain.Cut(told.Transcription, maxTranscription)
	if !told.hasLink() {
		wrong["voice_comment"] = []detail{{"Voice comment: recording_url is invalid", "InvalidValue"}}
	}
	if told.CallDuration, err = c.integer(o, "call_duration"); err != nil {
		return nil, err
	}
	if told.AnsweredBy, err = c.integer(o, "answered_by_id"); err != nil {
		return nil, err
	}
	for name, number := range map[string]*int64{"call_duration": told.CallDuration, "answered_by_id": told.AnsweredBy} {
		if number != nil && *number < 0 {
			wrong["voice_comment"] = []detail{{"Voice comment: " + name + " is invalid", "InvalidValue"}}
		}
	}
	if told.StartedAt, err = c.started(o); err != nil {
		return nil, err
	}
	if told == (phoneCall{}) {
		wrong["voice_comment"] = []detail{{"Voice comment: cannot be blank", "BlankValue"}}
	}
	if told.Rel, err = c.rel(ticket); err != nil {
		return nil, err
	}
	return c.call(o, &told, wrong)
}

// call returns a speech that tells of a phone call.
func (c *call) call(o object, told *phoneCall, wrong map[string][]detail) (s *speech, err error) {
	kept, err := json.Marshal(told, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	s = &speech{text: told.text(), voice: string(kept), uploads: uploadsOf(o, wrong)}
	if s.author, err = c.integer(o, "author_id"); err != nil {
		return nil, err
	}
	s.public, err = c.flag(o, "public")
	return s, err
}

// started returns when the call began.
func (c *call) started(o object) (string, error) {
	text, err := c.text(o, "started_at")
	if text == nil || *text == "" || err != nil {
		return "", err
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST"} {
		if at, err := time.Parse(layout, *text); err == nil && at.Year() > 0 && at.Year() < 9999 {
			return at.UTC().Format(time.RFC3339), nil
		}
	}
	return "", c.attribute("started_at", "a time like 2006-01-02T15:04:05Z")
}

// rels is what via_id says of the direction of a call.
var rels = map[int64]string{33: "voicemail", 34: "inbound", 35: "outbound", 44: "voicemail", 45: "inbound", 46: "outbound"}

func (c *call) rel(ticket object) (string, error) {
	id, err := c.integer(ticket, "via_id")
	if id == nil {
		return "", err
	}
	return rels[*id], err
}

// text is what is told of the call, for whoever knows comments as texts.
func (p *phoneCall) text() string {
	var lines []string
	line := func(label, value string) {
		if value != "" {
			lines = append(lines, label+": "+value)
		}
	}
	line("Call from", p.From)
	line("Call to", p.To)
	line("Time of call", p.StartedAt)
	if p.CallDuration != nil {
		line("Length of call", fmt.Sprintf("%d s", *p.CallDuration))
	}
	line("Location", p.Location)
	line("Recording", p.RecordingURL)
	line("Transcription", p.Transcription)
	if len(lines) == 0 {
		return "Call"
	}
	return strings.Join(lines, "\n")
}

// hasLink reports whether the recording is at an address that can be opened, or there is none.
func (p *phoneCall) hasLink() bool {
	link, err := url.Parse(p.RecordingURL)
	return p.RecordingURL == "" || err == nil && (link.Scheme == "https" || link.Scheme == "http")
}

// ReadVoice returns what is told of a call where a comment is shown, by its data and its via,
// as it is kept in domain.Body.Voice; "" if it cannot be read.
func ReadVoice(data, how jsontext.Value) string {
	var told phoneCall
	if json.Unmarshal(data, &told) != nil {
		return ""
	}
	for text, most := range map[*string]int{
		&told.From: maxPhone, &told.To: maxPhone, &told.Location: maxPhone, &told.RecordingURL: maxLink, &told.Transcription: maxTranscription, &told.StartedAt: maxPhone,
	} {
		*text = domain.Cut(strings.ReplaceAll(*text, "\x00", ""), most)
	}
	if !told.hasLink() {
		told.RecordingURL = ""
	}
	var v via
	told.Rel = ""
	if json.Unmarshal(how, &v) == nil && v.Source.Rel != nil {
		told.Rel = domain.Cut(*v.Source.Rel, maxPhone)
	}
	kept, err := json.Marshal(told, json.Deterministic(true))
	if err != nil {
		return ""
	}
	return string(kept)
}

// voiced is what a comment about a phone call has beyond others.
type voiced struct {
	Data          *ordered       `json:"data,omitzero"`
	FormattedFrom jsontext.Value `json:"formatted_from,omitzero"`
	FormattedTo   jsontext.Value `json:"formatted_to,omitzero"`
	Transcribed   *bool          `json:"transcription_visible,omitzero"`
}

// typeOf is what a comment is called.
func typeOf(body *domain.Body) string {
	if body.Voice != "" {
		return "VoiceComment"
	}
	return "Comment"
}

// voicedOf returns what is told of a call, as redactions have left it. Phone numbers are
// shown as they were given, in the one place as in the other: whoever has one redacted
// has all of them redacted.
func voicedOf(body *domain.Body) (v voiced) {
	if body.Voice == "" {
		return v
	}
	told := parseVoice(body)
	status, transcribed := jsontext.Value("null"), told["transcription_text"].Kind() == '"'
	if transcribed {
		status = jsontext.Value(`"completed"`)
	}
	data := ordered{}
	for _, name := range []string{
		"from", "to", "recording_url", "recording_duration", "call_duration", "call_id", "answered_by_id", "transcription_text", "transcription_status", "started_at", "location",
	} {
		switch {
		case name == "answered_by_id" && string(told["rel"]) == `"voicemail"`: // nobody has
		case name == "transcription_status":
			data = append(data, member{name, status})
		default:
			data = append(data, member{name, orNullValue(told[name])})
		}
	}
	return voiced{Data: &data, FormattedFrom: orNullValue(told["from"]), FormattedTo: orNullValue(told["to"]), Transcribed: &transcribed}
}

func parseVoice(body *domain.Body) map[string]jsontext.Value {
	told := map[string]jsontext.Value{}
	if json.Unmarshal([]byte(body.Voice), &told) != nil {
		return nil // a redaction has left nothing
	}
	return told
}

func orNullValue(v jsontext.Value) jsontext.Value {
	if v == nil {
		return jsontext.Value("null")
	}
	return v
}

// voiceVia is the via of a comment about a call.
func voiceVia(body *domain.Body) via {
	told := parseVoice(body)
	v := via{Channel: domain.ChannelVoice.String()}
	party := func(name string) (p address) {
		var number string
		if json.Unmarshal(orNullValue(told[name]), &number) == nil && number != "" {
			p.Phone, p.FormattedPhone = &number, &number
		}
		return p
	}
	v.Source.From, v.Source.To = party("from"), party("to")
	var rel string
	if json.Unmarshal(orNullValue(told["rel"]), &rel) == nil && rel != "" {
		v.Source.Rel = &rel
	}
	return v
}
