package zendesk

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/threads"
)

// audit is one write to a ticket, with what it brought about (contract §9).
type audit struct {
	ID        int64   `json:"id"`
	TicketID  int64   `json:"ticket_id"`
	CreatedAt stamp   `json:"created_at"`
	AuthorID  int64   `json:"author_id"` // who did it, whoever a comment is shown as coming from
	Metadata  ordered `json:"metadata"`
	Via       via     `json:"via"`
	Events    []any   `json:"events"`
}

func (s *scene) audit(ticket int64, a *threads.Audit) audit {
	shown := audit{
		ID: a.Number, TicketID: ticket, CreatedAt: stamp(a.At), AuthorID: s.people.number(a.Actor.ID),
		Metadata: metadata(a.Document, nil, a.Flags), Via: viaOf(a.Channel, nil), Events: make([]any, 0, len(a.Events)),
	}
	for i := range a.Events {
		e := &a.Events[i]
		if e.Type == threads.AuditComment {
			shown.Via = s.via(e.Comment)
		}
		if event := s.event(e); event != nil {
			shown.Events = append(shown.Events, event)
		}
	}
	return shown
}

// The events that commentd tells of, beside what is said.
type (
	privacyChange struct {
		ID        int64  `json:"id"`
		Type      string `json:"type"`
		CommentID int64  `json:"comment_id"`
		Public    bool   `json:"public"`
	}
	redaction struct {
		ID        int64  `json:"id"`
		Type      string `json:"type"`
		CommentID int64  `json:"comment_id"`
	}
	fileRedaction struct {
		ID           int64  `json:"id"`
		Type         string `json:"type"`
		AttachmentID int64  `json:"attachment_id"` // of what is in the place of the file
		CommentID    int64  `json:"comment_id"`
	}
	creation struct {
		ID        int64          `json:"id"`
		Type      string         `json:"type"`
		Value     jsontext.Value `json:"value"`
		FieldName string         `json:"field_name"`
	}
	alteration struct {
		ID            int64          `json:"id"`
		Type          string         `json:"type"`
		Value         jsontext.Value `json:"value"`
		FieldName     string         `json:"field_name"`
		PreviousValue jsontext.Value `json:"previous_value"`
	}
)

func (s *scene) event(e *threads.AuditEvent) any {
	switch e.Type {
	case threads.AuditComment:
		return s.saying(e.Comment)
	case threads.AuditPrivacy:
		return privacyChange{e.Number, "CommentPrivacyChange", e.CommentNumber, e.Public}
	case threads.AuditRedaction:
		return redaction{e.Number, "CommentRedactionEvent", e.CommentNumber}
	case threads.AuditFileRedaction:
		return fileRedaction{e.Number, "AttachmentRedactionEvent", e.FileNumber, e.CommentNumber}
	case threads.AuditCreate:
		return creation{e.Number, "Create", s.value(&e.Value), string(e.Field)}
	case threads.AuditChange:
		return alteration{e.Number, "Change", s.value(&e.Value), string(e.Field), s.value(&e.Previous)}
	case threads.AuditChatStarted, threads.AuditChatEnded:
		return s.chatEvent(e)
	}
	return nil
}

// value is what a field is or was. Ids are strings here, and nowhere else.
func (s *scene) value(v *threads.AuditValue) jsontext.Value {
	switch {
	case v.User != nil:
		return jsontext.Value(strconv.Quote(strconv.FormatInt(s.people.number(*v.User), 10)))
	case v.Status != "":
		return jsontext.Value(strconv.Quote(string(v.Status)))
	case v.SubjectJSON != nil:
		return v.SubjectJSON
	}
	return jsontext.Value("null")
}

// peopleOf returns the users whom audits speak of.
func peopleOf(audits []threads.Audit) []domain.UserID {
	var ids []domain.UserID
	for i := range audits {
		ids = append(ids, audits[i].Actor.ID)
		for _, e := range audits[i].Events {
			if e.Comment != nil {
				ids = append(ids, e.Comment.Author.ID)
			}
			if e.Chat != nil {
				ids = append(ids, talkersOf(e.Chat)...)
			}
			for _, user := range []*domain.UserID{e.Value.User, e.Previous.User} {
				if user != nil {
					ids = append(ids, *user)
				}
			}
		}
	}
	return ids
}
