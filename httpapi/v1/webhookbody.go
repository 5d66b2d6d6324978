package v1

import (
	"slices"
	"strings"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay/webhook"
)

// WebhookChoices are what of a webhook can be left unsaid.
type WebhookChoices struct {
	Types      Field[[]string] `json:"types" required:"false" doc:"Only events of these types are sent, for instance comment.created. Default: none, which is all."`
	Visibility Field[string]   `json:"visibility" required:"false" enum:"public,all" doc:"public: nothing is told of internal notes. Default public."`
	TicketID   Field[string]   `json:"ticket_id" required:"false" nullable:"true" format:"uuid" doc:"Only what happens on this ticket is sent. Default null: on any."`
	Text       Field[bool]     `json:"text" required:"false" doc:"Whether comments are sent as they are, with their texts; with the scope comments:read only. Default false."`
	Mode       Field[string]   `json:"mode" required:"false" enum:"strict,skip_and_retry" doc:"strict: in order, and what is not taken holds up the rest. Default skip_and_retry."`
	Enabled    Field[bool]     `json:"enabled" required:"false" doc:"Default true."`
}

// NewWebhook is the body of POST /v1/webhooks.
type NewWebhook struct {
	_   struct{}      `additionalProperties:"true"`
	URL Field[string] `json:"url" minLength:"9" maxLength:"2048" doc:"An https URL that leads to a public address, on port 443."`
	WebhookChoices
}

// WebhookChange is the body of PATCH /v1/webhooks/{webhook_id}.
type WebhookChange struct {
	_   struct{}      `additionalProperties:"true"`
	URL Field[string] `json:"url" required:"false" minLength:"9" maxLength:"2048" doc:"As for a new webhook. Absent: stays, as all that is absent."`
	WebhookChoices
}

// settings returns what is asked for. The error is a *problem.Error.
func (b *NewWebhook) settings(guard *webhook.Guard) (s webhook.Settings, err error) {
	var m mistakes
	if !b.URL.Set {
		m.add("url", "must be given")
	}
	checkURL(&m, b.URL, guard, &s)
	b.WebhookChoices.apply(&m, &s)
	return s, m.err()
}

// apply changes settings to what is asked for. The error is a *problem.Error.
func (b *WebhookChange) apply(s *webhook.Settings, guard *webhook.Guard) error {
	var m mistakes
	checkURL(&m, b.URL, guard, s)
	b.WebhookChoices.apply(&m, s)
	return m.err()
}

func checkURL(m *mistakes, url Field[string], guard *webhook.Guard, s *webhook.Settings) {
	notNull(m, "url", url)
	if !url.given() {
		return
	}
	if mistake := guard.Mistake(url.Value); mistake != "" {
		m.add("url", mistake)
	}
	s.URL = url.Value
}

// apply changes settings to what is asked for, and notes what is wrong with that.
func (c *WebhookChoices) apply(m *mistakes, s *webhook.Settings) {
	notNull(m, "types", c.Types)
	notNull(m, "visibility", c.Visibility)
	notNull(m, "text", c.Text)
	notNull(m, "mode", c.Mode)
	notNull(m, "enabled", c.Enabled)
	if c.Types.given() {
		s.Types = c.types(m)
	}
	if c.Visibility.given() {
		s.Internal = choose(m, "visibility", c.Visibility.Value, string(visibleAll), string(visiblePublic))
	}
	if c.TicketID.Set {
		s.Ticket = c.ticket(m)
	}
	if c.Text.given() {
		s.Text = c.Text.Value
	}
	if c.Mode.given() {
		s.Strict = choose(m, "mode", c.Mode.Value, string(modeStrict), string(modeSkip))
	}
	switch {
	case !c.Enabled.given():
	case c.Enabled.Value:
		s.Off = ""
	case s.Off == "": // or else the reason stays
		s.Off = webhook.OffRequested
	}
}

// choose reports whether value is yes, and notes a mistake if it is not no either.
func choose(m *mistakes, field, value, yes, no string) bool {
	if value != yes && value != no {
		m.add(field, "must be "+yes+" or "+no)
	}
	return value == yes
}

func (c *WebhookChoices) types(m *mistakes) []string {
	known := eventstore.EventTypes()
	for _, name := range c.Types.Value {
		if !slices.Contains(known, name) {
			m.add("types", "must be names of: "+strings.Join(known, ", "))
			return nil
		}
	}
	types := slices.Sorted(slices.Values(c.Types.Value))
	return slices.Compact(types)
}

// ticket is not looked for: to wait for one that is yet to be introduced is no mistake.
func (c *WebhookChoices) ticket(m *mistakes) *domain.TicketID {
	if c.TicketID.Null {
		return nil
	}
	id, err := domain.ParseTicketID(c.TicketID.Value)
	if err != nil {
		m.add("ticket_id", "must be a UUID")
	}
	return &id
}

// WebhookReplay is the body of POST …/replay.
type WebhookReplay struct {
	_      struct{}      `additionalProperties:"true"`
	From   Field[string] `json:"from" required:"false" doc:"beginning, or the cursor of an attempt, whose event is then the first."`
	Since  Field[string] `json:"since" required:"false" format:"date-time" doc:"What was recorded from this time on."`
	Failed Field[bool]   `json:"failed" required:"false" doc:"true: what was given up, and at once what is to be tried again later."`
}

// valid checks that one thing is asked for, and returns the time if that is it.
func (b *WebhookReplay) valid() (since *time.Time, err error) {
	var m mistakes
	asked := 0
	for _, is := range [...]bool{b.From.given(), b.Since.given(), b.Failed.Value} {
		if is {
			asked++
		}
	}
	if asked != 1 {
		m.add("from", "must be given, or since, or failed: true; one of them")
		return nil, m.err()
	}
	if b.Since.given() {
		at, err := time.Parse(time.RFC3339, b.Since.Value)
		if err != nil {
			m.add("since", "must be a time as in RFC 3339")
		}
		since = &at
	}
	return since, m.err()
}
