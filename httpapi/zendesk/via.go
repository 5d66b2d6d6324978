package zendesk

import (
	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// via says how something came in (contract §5.4).
type via struct {
	Channel string `json:"channel"`
	Source  source `json:"source"`
}

type source struct {
	From struct{} `json:"from"`
	To   address  `json:"to"`
	Rel  *string  `json:"rel"`
}

// address is {} of nobody.
type address struct {
	Name    *string `json:"name,omitzero"`
	Address *string `json:"address,omitzero"`
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
		v.Source.To = address{&to.Name, orNull(to.Email)}
	}
	return v
}
