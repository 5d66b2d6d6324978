package zendesk

import (
	"strings"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/inbound"
)

// A wish is what a body asks of a ticket. What is nil was not asked for.
type wish struct {
	status    *domain.Status
	requester *requester
	subject   **string // to nil: the ticket is to have none
	comment   *speech
	channel   domain.Channel
	custom    string // what is kept with the comment for the caller
	since     *time.Time
}

// A requester is named in one of two ways.
type requester struct {
	number int64
	email  string // counts, if there is one
	name   string // of somebody who is not known yet by the address; "": there is nobody
}

// wish reads what is asked of a ticket; all that is wrong with values is gathered, and
// refused at once.
func (c *call) wish(ticket object) (w wish, err error) {
	wrong := map[string][]detail{}
	if w.status, err = c.status(ticket, wrong); err != nil {
		return w, err
	}
	if w.requester, err = c.requester(ticket); err != nil {
		return w, err
	}
	if w.subject, err = c.subject(ticket, wrong); err != nil {
		return w, err
	}
	if w.since, err = c.since(ticket, wrong); err != nil {
		return w, err
	}
	if w.channel, err = c.channel(ticket); err != nil {
		return w, err
	}
	if metadata, ok := ticket.given("metadata"); ok {
		if w.custom, err = domain.ParseCustom(metadata); err != nil {
			return w, c.attribute("metadata", "a hash of at most 16384 bytes")
		}
	}
	if w.comment, err = c.speech(ticket, wrong); err != nil {
		return w, err
	}
	voice, err := c.voice(ticket, wrong)
	if err != nil {
		return w, err
	}
	if voice != nil && !w.comment.silent() {
		wrong["voice_comment"] = []detail{{"Voice comment: cannot be given together with a comment", "InvalidValue"}}
	}
	if voice != nil {
		w.comment, w.channel = voice, domain.ChannelVoice
	}
	if len(wrong) > 0 {
		return w, invalidRecord(wrong)
	}
	return w, nil
}

func (c *call) status(ticket object, wrong map[string][]detail) (*domain.Status, error) {
	text, err := c.text(ticket, "status")
	if text == nil || *text == "" || err != nil {
		return nil, err
	}
	var status domain.Status
	if status.UnmarshalText([]byte(*text)) != nil {
		wrong["status"] = []detail{{"Status: is invalid", "InvalidValue"}}
	}
	return &status, nil
}

func (c *call) requester(ticket object) (*requester, error) {
	number, err := c.integer(ticket, "requester_id")
	if err != nil {
		return nil, err
	}
	if number != nil {
		return &requester{number: *number}, nil
	}
	o, err := c.object(ticket, "requester")
	if err != nil || o == nil {
		return nil, err
	}
	email, err := c.text(o, "email")
	if email == nil || *email == "" || err != nil {
		return nil, err
	}
	r := &requester{email: *email}
	name, err := c.text(o, "name")
	if name != nil {
		r.name = strings.TrimSpace(*name)
	}
	return r, err
}

func (c *call) subject(ticket object, wrong map[string][]detail) (**string, error) {
	if _, ok := ticket["subject"]; !ok {
		return nil, nil
	}
	text, err := c.text(ticket, "subject")
	switch {
	case err != nil:
		return nil, err
	case text == nil || strings.TrimSpace(*text) == "":
		return new(*string), nil
	case len(*text) > inbound.MaxSubject || strings.Contains(*text, "\x00"):
		wrong["subject"] = []detail{{"Subject: is too long (maximum is 1000 bytes) or has U+0000", "InvalidValue"}}
	}
	return &text, nil
}

// since reads the stamp of a safe update (contract §2.5): the time at which the caller
// saw the ticket.
func (c *call) since(ticket object, wrong map[string][]detail) (*time.Time, error) {
	if v, ok := ticket.given("safe_update"); !ok || strings.Trim(v.String(), `"`) != "true" {
		return nil, nil
	}
	text, err := c.text(ticket, "updated_stamp")
	if err != nil {
		return nil, err
	}
	if text == nil || *text == "" {
		wrong["safe_update"] = []detail{{"Safe update: needs updated_stamp", "BlankValue"}}
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, *text)
	if err != nil {
		return nil, c.attribute("updated_stamp", "a time")
	}
	return &at, nil
}

// ignoredOfTickets are fields of a ticket that clients set and commentd does not keep.
var ignoredOfTickets = []string{
	"additional_collaborators", "assignee_email", "assignee_id", "attribute_value_ids", "brand_id", "collaborator_ids",
	"collaborators", "custom_fields", "custom_status_id", "due_at", "email_ccs", "external_id", "fields", "followers", "group_id",
	"macro_ids", "organization_id", "priority", "problem_id", "recipient", "sharing_agreement_ids", "submitter_id", "tags",
	"ticket_form_id", "type", "via_followup_source_id",
}

// warn names in a header which fields of an object were left out.
func (c *call) warn(of string, o object, ignored []string) {
	var names []string
	for _, name := range ignored {
		if _, ok := o.given(name); ok {
			names = append(names, `"`+of+"."+name+`"`)
		}
	}
	if len(names) > 0 {
		c.w.Header().Set("X-Zendesk-Api-Warn", "Removed restricted keys ["+strings.Join(names, ", ")+"] from parameters according to allowlist")
	}
}
