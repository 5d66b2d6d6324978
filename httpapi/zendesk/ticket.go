package zendesk

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/threads"
)

// nothing is an empty list of what tickets of commentd do not have.
type nothing []string

// ticket is a ticket with the members that clients expect (contract §5.6). commentd
// keeps comments; what of a ticket it does not know is null or empty.
type ticket struct {
	URL                string         `json:"url"`
	ID                 int64          `json:"id"`
	ExternalID         *string        `json:"external_id"`
	Via                via            `json:"via"`
	CreatedAt          stamp          `json:"created_at"`
	UpdatedAt          stamp          `json:"updated_at"`
	Generated          int64          `json:"generated_timestamp"`
	Type               *string        `json:"type"`
	Subject            jsontext.Value `json:"subject"`
	RawSubject         jsontext.Value `json:"raw_subject"`
	Description        string         `json:"description"`
	Priority           *string        `json:"priority"`
	Status             domain.Status  `json:"status"`
	Recipient          *string        `json:"recipient"`
	RequesterID        *int64         `json:"requester_id"`
	SubmitterID        *int64         `json:"submitter_id"`
	AssigneeID         *int64         `json:"assignee_id"`
	OrganizationID     *int64         `json:"organization_id"`
	GroupID            *int64         `json:"group_id"`
	CollaboratorIDs    nothing        `json:"collaborator_ids"`
	FollowerIDs        nothing        `json:"follower_ids"`
	EmailCCIDs         nothing        `json:"email_cc_ids"`
	ForumTopicID       *int64         `json:"forum_topic_id"`
	ProblemID          *int64         `json:"problem_id"`
	HasIncidents       bool           `json:"has_incidents"`
	IsPublic           bool           `json:"is_public"`
	DueAt              *stamp         `json:"due_at"`
	Tags               nothing        `json:"tags"`
	CustomFields       nothing        `json:"custom_fields"`
	SatisfactionRating *string        `json:"satisfaction_rating"`
	SharingIDs         nothing        `json:"sharing_agreement_ids"`
	CustomStatusID     *int64         `json:"custom_status_id"`
	Fields             nothing        `json:"fields"`
	FollowupIDs        nothing        `json:"followup_ids"`
	TicketFormID       *int64         `json:"ticket_form_id"`
	BrandID            *int64         `json:"brand_id"`
	AllowChannelback   bool           `json:"allow_channelback"`
	AllowAttachments   bool           `json:"allow_attachments"`
	FromMessaging      bool           `json:"from_messaging_channel"`
	CommentCount       *int           `json:"comment_count,omitzero"` // only if asked for
}

// A sight is a ticket with its first comment, as somebody sees them.
type sight struct {
	threads.Ticket
	first *threads.Comment // nil: there is none
	scene
}

func (c *call) ticketOf(s *sight) ticket {
	t := ticket{
		URL: c.base + "/tickets/" + strconv.FormatInt(s.Number, 10) + ".json", ID: s.Number, Via: viaOf(s.channel(), nil),
		CreatedAt: stamp(s.OpenedAt), UpdatedAt: stamp(s.UpdatedAt), Generated: s.UpdatedAt.Unix(),
		Subject: s.SubjectJSON, RawSubject: s.SubjectJSON, Description: s.description(), Status: s.Status,
		RequesterID: s.people.numberOrNull(s.requester), IsPublic: s.Count(0, new(bool)) > 0, AllowAttachments: true,
	}
	if s.first != nil {
		t.SubmitterID = s.people.numberOrNull(&s.first.Author.ID)
	}
	if c.includes("comment_count") {
		n := s.Count(0, nil)
		t.CommentCount = &n
	}
	return t
}

func (s *sight) channel() domain.Channel {
	if s.first == nil {
		return domain.ChannelAPI
	}
	return s.first.Channel
}

// description is what the first comment says.
func (s *sight) description() string {
	if s.first == nil {
		return ""
	}
	return bodyOf(s.first).Text
}
