package zendesk

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
)

// via says how something came in (contract §5.4).
type via struct {
	Channel string `json:"channel"`
	Source  source `json:"source"`
}

type source struct {
	From address `json:"from"`
	To   address `json:"to"`
	Rel  *string `json:"rel"`
}

// address is {} of nobody.
type address struct {
	Phone          *string `json:"phone,omitzero"`
	FormattedPhone *string `json:"formatted_phone,omitzero"`
	Name           *string `json:"name,omitzero"`
	Address        *string `json:"address,omitzero"`
	// Of an e-mail.
	Recipients []string `json:"original_recipients,omitempty"`
	CCs        []string `json:"email_ccs,omitempty"`
}

// viaOf is how a comment came in, or a ticket; to is whom it is sent to, nil of what is
// seen by agents alone.
func viaOf(channel domain.Channel, to *directory.User) via {
	v := via{Channel: channel.String()}
	if channel == domain.ChannelWebWidget { // which is a way to use the web
		rel := channel.String()
		v.Channel, v.Source.Rel = domain.ChannelWeb.String(), &rel
	}
	if to != nil {
		v.Source.To = address{Name: &to.Name, Address: orNull(to.Email)}
	}
	return v
}

// ReadVia returns what is said of how something came in, by an object or, in exports, by a name
// for people to read: the channel, and, if that knows from whom to whom, the source as in
// domain.Body. What is not known came by an API.
func ReadVia(told jsontext.Value) (domain.Channel, string) {
	var name string
	if json.Unmarshal(told, &name) == nil {
		for channel, known := range viaNames {
			if known == name {
				return channel, ""
			}
		}
		return domain.ChannelAPI, ""
	}
	var v via
	var channel domain.Channel
	if json.Unmarshal(told, &v) != nil || channel.UnmarshalText([]byte(v.Channel)) != nil {
		return domain.ChannelAPI, ""
	}
	switch {
	case channel == domain.ChannelWeb && v.Source.Rel != nil && *v.Source.Rel == domain.ChannelWebWidget.String():
		return domain.ChannelWebWidget, ""
	case channel != domain.ChannelEmail:
		return channel, ""
	}
	kept, err := json.Marshal(struct {
		From address `json:"from"`
		To   address `json:"to"`
	}{v.Source.From, v.Source.To})
	if err != nil {
		return channel, ""
	}
	from, _ := domain.ParseCustom(kept) // what is too much of it is left out
	return channel, from
}

// channels are the integers by which ways in are named on input.
var channels = map[int64]domain.Channel{
	0: domain.ChannelWeb, 4: domain.ChannelEmail, 5: domain.ChannelAPI, 8: domain.ChannelRule, 29: domain.ChannelChat,
	33: domain.ChannelVoice, 34: domain.ChannelVoice, 35: domain.ChannelVoice, 44: domain.ChannelVoice, 45: domain.ChannelVoice, 46: domain.ChannelVoice,
	48: domain.ChannelWebWidget, 49: domain.ChannelMobileSDK, 56: domain.ChannelMobile, 57: domain.ChannelSMS,
}

// channel returns how a comment came in, as those say who relay what others have said;
// nobody else is asked.
func (c *call) channel(ticket object) (domain.Channel, error) {
	id, err := c.integer(ticket, "via_id")
	if id == nil || err != nil || !c.caller.Has(auth.CommentsActAs) {
		return domain.ChannelAPI, err
	}
	channel, known := channels[*id]
	if !known {
		return channel, c.attribute("via_id", "the number of a channel")
	}
	return channel, nil
}
