package v1

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/threads"
)

// An Event is what this API shows of an event in a ticket's history.
type Event struct {
	ID         domain.EventID      `json:"event_id" format:"uuid"`
	Type       string              `json:"type" doc:"What happened, for instance comment.edited."`
	Version    eventstore.Version  `json:"version" doc:"Its place among the events of the ticket: 1, 2, 3 and so on."`
	Position   eventstore.Position `json:"position" doc:"Its place in the log, which counts the events of all tickets."`
	RecordedAt Instant             `json:"recorded_at"`
	Origin     *Origin             `json:"origin,omitzero" required:"false" doc:"Of what was taken over from another helpdesk: what it was there. created_at and as_of go by its time."`
	Actor      *Actor              `json:"actor,omitzero" required:"false" doc:"Who did it; absent if the event cannot be read."`
	CommentID  *domain.CommentID   `json:"comment_id" nullable:"true" format:"uuid" doc:"The comment that it is about; null: the ticket itself, or a chat."`
	ChatID     *domain.ChatID      `json:"chat_id,omitzero" required:"false" format:"uuid" doc:"The chat that it is about, if any."`
	ChatIndex  *int                `json:"chat_index,omitzero" required:"false" doc:"Of chat.entry_added: which entry of the chat it is."`
	IsInternal bool                `json:"is_internal" doc:"Whether customers were not to know of it."`
	Changes    []Change            `json:"changes" nullable:"false" doc:"What is different since."`
	Versions   int                 `json:"versions,omitzero" required:"false" doc:"Of a redaction or an erasure: how many versions of the text it touched. Where, nothing tells."`
	Cause      string              `json:"cause,omitzero" required:"false" enum:"retention,deletion,erasure" doc:"Of an erasure: why."`
	Obligation *domain.EventID     `json:"obligation_event_id,omitzero" required:"false" format:"uuid" doc:"Of obligation.completed: the event whose texts can no longer be opened by any key."`
}

// An Origin is where an event comes from that did not happen here.
type Origin struct {
	Audit int64   `json:"audit" doc:"The number of the audit there."`
	At    Instant `json:"at" doc:"When it happened."`
}

// An Actor is who did something.
type Actor struct {
	Kind domain.ActorKind `json:"kind" enum:"agent,customer,system,integration"`
	ID   domain.UserID    `json:"id" format:"uuid"`
}

// A Change is a member of a ticket or a comment that is different since an event.
type Change struct {
	Field  string     `json:"field" enum:"status,requester_id,subject,default_public,legal_hold,author_type,author_id,is_internal,content,is_deleted,visitor_id,is_ended"`
	Before any        `json:"before" doc:"null: there was none."`
	After  any        `json:"after" doc:"null: there is none."`
	Diff   []DiffPart `json:"diff,omitempty" required:"false" nullable:"false" doc:"Of an edited text: from before to after, word by word. Absent if one of them is destroyed."`
}

// TransformSchema says what a value can be.
func (Change) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	for _, name := range [...]string{"before", "after"} {
		s.Properties[name].AnyOf = []*huma.Schema{{Type: huma.TypeString, Nullable: true}, {Type: huma.TypeBoolean}}
	}
	return s
}

// An Instant is shown in UTC and microseconds: two events may share a second.
type Instant time.Time

const instantFormat = "2006-01-02T15:04:05.000000Z"

// MarshalJSON gives the one form in which instants are shown.
func (t Instant) MarshalJSON() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, `"`+instantFormat+`"`), nil
}

// Schema tells the one form in which instants are shown.
func (Instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Format: "date-time", Pattern: `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`,
		Description: "UTC, in microseconds.",
	}
}

// EventOf is an event as this API shows it.
func EventOf(e *threads.Entry) (Event, error) {
	s := Event{
		ID: e.ID, Type: e.Type, Version: e.Version, Position: e.Position, RecordedAt: Instant(e.RecordedAt),
		IsInternal: e.Internal, Changes: []Change{},
	}
	s.CommentID, s.ChatID = thingOf(&e.Recorded)
	if e.Fact == nil {
		return s, nil
	}
	meta := e.Fact.Metadata()
	s.Actor = (*Actor)(&meta.Actor)
	if from := meta.Origin; from != nil {
		s.Origin = &Origin{from.Audit, Instant(from.At)}
	}
	switch fact := e.Fact.(type) {
	case domain.TicketOpened:
		s.ticket(e.Before, e.Before.Evolve(fact), true)
	case domain.TicketChanged:
		s.ticket(e.Before, e.Before.Evolve(fact), false)
	case domain.CommentCreated:
		s.changed("author_type", nil, fact.Author.Type)
		s.changed("author_id", nil, fact.Author.ID)
		s.changed("is_internal", nil, !fact.Public)
	case domain.CommentMadePrivate:
		s.changed("is_internal", false, true)
	case domain.CommentMadePublic:
		s.changed("is_internal", true, false)
	case domain.CommentDeleted:
		s.changed("is_deleted", false, true)
	case domain.CommentRedacted:
		s.Versions = len(fact.Contents)
	case domain.ContentErased:
		s.Versions = len(fact.Contents)
		s.Cause = string(fact.Cause)
	case domain.ObligationCompleted:
		s.Obligation = &fact.Obligation
	case domain.ChatStarted:
		s.changed("visitor_id", nil, fact.Visitor)
	case domain.ChatEntryAdded:
		s.ChatIndex = &fact.Index
		s.changed("author_type", nil, fact.Author.Type)
		s.changed("author_id", nil, fact.Author.ID)
	case domain.ChatRedacted:
		s.Versions = len(fact.Contents)
	case domain.ChatEnded:
		s.changed("is_ended", false, true)
	}
	return s, s.text(e)
}

// thingOf returns the comment or the chat that an event is about, neither if it is about
// the ticket itself.
func thingOf(e *eventstore.Recorded) (*domain.CommentID, *domain.ChatID) {
	switch {
	case e.Comment == (domain.CommentID{}):
		return nil, nil
	case e.OfChat():
		return nil, (*domain.ChatID)(&e.Comment)
	}
	return &e.Comment, nil
}

// changed notes a member that is different. What was before is null where there was
// nothing yet.
func (e *Event) changed(field string, before, after any) {
	e.Changes = append(e.Changes, Change{Field: field, Before: before, After: after})
}

// ticket notes what of the ticket is different.
func (e *Event) ticket(before, after domain.Ticket, opened bool) {
	for _, member := range []struct {
		field         string
		before, after any
	}{
		{"status", before.Status, after.Status},
		{"requester_id", orNil(before.Requester), orNil(after.Requester)},
		{"default_public", before.DefaultPublic, after.DefaultPublic},
		{"legal_hold", before.LegalHold, after.LegalHold},
	} {
		switch {
		case opened && member.after != nil:
			e.changed(member.field, nil, member.after)
		case member.before != member.after:
			e.changed(member.field, member.before, member.after)
		}
	}
}

func orNil(id *domain.UserID) any {
	if id == nil {
		return nil
	}
	return *id
}

// text notes what the comment, or the subject, said before and after.
func (e *Event) text(entry *threads.Entry) error {
	before, after := textOf(entry.Old), textOf(entry.New)
	if before == nil && after == nil {
		return nil
	}
	field := "content"
	if e.CommentID == nil && e.ChatID == nil {
		field = "subject"
	}
	e.changed(field, before, after)
	if entry.Old.BodyJSON == nil || entry.New.BodyJSON == nil {
		return nil
	}
	var x, y string
	if err := json.Unmarshal(entry.Old.BodyJSON, &x); err != nil {
		return err
	}
	if err := json.Unmarshal(entry.New.BodyJSON, &y); err != nil {
		return err
	}
	e.Changes[len(e.Changes)-1].Diff = diff(x, y)
	return nil
}

// textOf is a text as this API shows it; nil: there is none.
func textOf(t threads.Text) any {
	switch {
	case t.Destroyed:
		return destroyed
	case t.BodyJSON != nil:
		return Literal(t.BodyJSON)
	}
	return nil
}
