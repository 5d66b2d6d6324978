package relay

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// Audience is for whom an outlet is.
type Audience string

const (
	// AudiencePublic may not know of internal notes, nor how many there are.
	AudiencePublic Audience = "public"
	// AudienceAll may know of all that happens in the account.
	AudienceAll Audience = "all"
)

// UnmarshalText refuses what is no audience.
func (a *Audience) UnmarshalText(text []byte) error {
	*a = Audience(text)
	if *a != AudiencePublic && *a != AudienceAll {
		return errors.New("must be public or all")
	}
	return nil
}

// OutletStream is the name of the stream of an account's outlet. Slugs have neither upper
// case nor underscores: no two outlets have the same.
func OutletStream(slug string, a Audience) string {
	return "COMMENTD_OUT_" + strings.ToUpper(slug) + "_" + strings.ToUpper(string(a))
}

// OutletPrefix is what the subjects of an account's outlet begin with.
func OutletPrefix(slug string, a Audience) string { return "commentd.out." + slug + "." + string(a) }

// admits reports whether the audience is told of an event at all. It is by the event
// alone, so that an outlet that is filled anew is the one it was.
func (a Audience) admits(r *eventstore.Recorded) bool { return a == AudienceAll || !r.Internal }

// of returns the events that the audience is told of.
func (a Audience) of(events []eventstore.Recorded) []eventstore.Recorded {
	if a == AudienceAll {
		return events
	}
	var told []eventstore.Recorded
	for i := range events {
		if a.admits(&events[i]) {
			told = append(told, events[i])
		}
	}
	return told
}

// form is what the audience is told of an event. Nobody is told of positions, from which
// the events of others could be counted.
func (a Audience) form() form {
	f := form{
		keeps:   []string{headerAccount, headerPrevious},
		subject: func(slug string, _ bool, kind string) string { return OutletPrefix(slug, a) + "." + tokens(kind) },
	}
	if a == AudiencePublic {
		f.keeps = append(f.keeps, headerVersion, headerOfComment)
		f.body = publicBody
	}
	return f
}

// PublicBody is what the body of a message says to those who may not know of internal
// notes. It has no number, version or id of a content: they are drawn for what is hidden,
// too. Where nothing is said the ids in the header are all there is to know.
type PublicBody struct {
	Author    *domain.Author  `json:"author,omitzero"`    // of a comment that was created
	Channel   *domain.Channel `json:"channel,omitzero"`   // by which it came
	Status    domain.Status   `json:"status,omitzero"`    // of a ticket
	Requester *domain.UserID  `json:"requester,omitzero"` // of a ticket, if it has one
}

// PublicSchema is the schema version of all public bodies.
const PublicSchema = 1

// publicBody makes the body of an event's message. An event of a kind that this version
// does not know is an error: a newer one knows what may be told of it.
func publicBody(r *eventstore.Recorded) ([]byte, int16, error) {
	event, err := r.Decode()
	if err != nil {
		return nil, 0, fmt.Errorf("the event at position %d: %w", r.Position, err)
	}
	var b PublicBody
	switch e := event.(type) {
	case domain.CommentCreated:
		b.Author, b.Channel = &e.Author, &e.Channel
	case domain.TicketOpened:
		b.Status, b.Requester = e.Status, e.Requester
	case domain.TicketChanged:
		b.Status, b.Requester = e.Status, e.Requester
	}
	body, err := json.Marshal(b, json.Deterministic(true))
	return body, PublicSchema, err
}
