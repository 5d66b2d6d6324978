package imports

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/inbound"
)

// change notes a change of a field, which one form names by a member of its own, and the other
// by its name.
func (a *audit) change(c *childShape, kind string) error {
	fields := map[string]jsontext.Value{}
	if c.FieldName != "" {
		fields[c.FieldName] = c.Value
	} else {
		for _, name := range []string{"status", "subject", "requester_id"} {
			if v, there := c.Others[name]; there {
				fields[name] = v
			}
		}
	}
	if len(fields) == 0 {
		a.leave(kind + " of " + c.otherField())
	}
	for name, value := range fields {
		var err error
		switch name {
		case "status":
			err = a.setStatus(value)
		case "subject":
			err = a.setSubject(value)
		case "requester_id":
			err = a.setRequester(value)
		default:
			a.leave(kind + " of " + named(name, fieldNames, "another field"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// otherField is the name of the field that a change is of, which is none of those that are
// carried.
func (c *childShape) otherField() string {
	for name := range c.Others {
		if known := named(name, fieldNames, ""); known != "" {
			return known
		}
	}
	return "another field"
}

// deleted is the status of a ticket that is none any more.
const deleted = "deleted"

func (a *audit) setStatus(v jsontext.Value) error {
	var name string
	var status domain.Status
	switch {
	case json.Unmarshal(v, &name) != nil:
		return errStatus
	case name == deleted:
		a.leave("deletion of the ticket")
		return nil
	case status.UnmarshalText([]byte(name)) != nil:
		return errStatus
	}
	a.status = &status
	return nil
}

func (a *audit) setSubject(v jsontext.Value) error {
	var subject *string
	if json.Unmarshal(v, &subject) != nil {
		return errSubject
	}
	a.subject = subjectOf(subject)
	return nil
}

// subjectOf is a subject as it is kept: none, if nothing is in it.
func subjectOf(subject *string) **string {
	if subject != nil {
		kept := domain.Cut(strings.ReplaceAll(*subject, "\x00", ""), inbound.MaxSubject)
		subject = &kept
		if strings.TrimSpace(kept) == "" {
			subject = nil
		}
	}
	return &subject
}

func (a *audit) setRequester(v jsontext.Value) error {
	var requester id
	if json.Unmarshal(v, &requester) != nil {
		return errRequester
	}
	requester = max(requester, 0)
	a.requester = &requester
	return nil
}

// eventTypes are those that are not carried, by the names that reports have for them.
var eventTypes = []string{
	"Cc", "EmailCcChange", "FollowersChange", "Notification", "NotificationWithCcs", "ChatStartedEvent", "ChatEndedEvent", "Error", "External", "Push",
	"Tweet", "FacebookEvent", "FacebookComment", "SatisfactionRating", "TicketSharingEvent", "OrganizationActivity", "LogMeInTranscript",
	"AgentMacroReference", "FollowerNotificationEvent",
}

// fieldNames are fields of tickets that are not carried.
var fieldNames = []string{
	"assignee_id", "brand_id", "collaborator_ids", "custom_status_id", "due_at", "email_cc_ids", "external_id", "follower_ids", "group_id", "is_public",
	"locale_id", "organization_id", "priority", "problem_id", "recipient", "satisfaction_score", "sharing_agreement_ids", "submitter_id", "tags",
	"ticket_form_id", "type",
}

// named returns a name if it is one of those that are known; else it might be anything.
func named(name string, known []string, other string) string {
	if slices.Contains(known, name) {
		return name
	}
	if _, err := strconv.ParseUint(name, 10, 64); err == nil {
		return "a custom field"
	}
	return other
}
