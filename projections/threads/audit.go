package threads

import (
	"errors"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// An Audit is one write to a ticket, with what it did that shows in audits (contract
// §9): edits and deletions do not. What it said is what is left of that today.
type Audit struct {
	Number int64
	Ticket domain.TicketID
	// Version and Position are those of its last event, for cursors. They are not for
	// showing.
	Version  eventstore.Version
	Position eventstore.Position
	// At is when it happened, RecordedAt when it came into the log: later, if it was taken over
	// from elsewhere.
	At, RecordedAt time.Time // UTC
	Actor          domain.Actor
	// Channel, Flags and Document are those of the comment that it made, if it made one.
	// Document is nil if the comment is deleted or erased.
	Channel  domain.Channel
	Flags    domain.Flags
	Document *Document
	Events   []AuditEvent // the comment comes first
}

// AuditType says what an event of an audit is about.
type AuditType int

const (
	AuditComment       AuditType = iota + 1 // Comment
	AuditPrivacy                            // CommentNumber, Public
	AuditRedaction                          // CommentNumber
	AuditFileRedaction                      // CommentNumber, FileNumber
	AuditCreate                             // Field, Value: at the ticket's opening
	AuditChange                             // Field, Value, Previous
	AuditChatStarted                        // Chat
	AuditChatEnded                          // Chat, of which the entries are of no interest
)

// AuditEvent is a part of an audit. Of its fields those are set that its type needs.
type AuditEvent struct {
	Number int64 // of a comment: its own
	Type   AuditType
	// Comment is a comment as it is today, with its Document, but for UpdatedAt. Of a
	// deleted one the text is domain.MaskedText.
	Comment         *Comment
	CommentNumber   int64
	FileNumber      int64 // of what is in the place of the file
	Public          bool  // what it has become then
	Field           AuditField
	Value, Previous AuditValue
	Chat            *Chat // as it is today
}

// AuditField is what Zendesk calls a field of a ticket.
type AuditField string

const (
	FieldStatus    AuditField = "status"
	FieldRequester AuditField = "requester_id"
	FieldSubject   AuditField = "subject"
)

// AuditValue is what a field was: that member is set that the field is about.
type AuditValue struct {
	Status      domain.Status
	User        *domain.UserID // nil: nobody
	SubjectJSON []byte         // a JSON string; nil: none, or destroyed
}

// AuditQuery asks for audits of a ticket, in the order of the writes.
type AuditQuery struct {
	Account domain.AccountID
	Ticket  domain.TicketID
	Viewer  domain.Actor // one who may see internal notes: an audit hides nothing
	Desc    bool         // the newest comes first
	Limit   int          // of audits on the page; 0: a hundred
	// After and Before are Versions of audits, as in ListQuery; only one may be given.
	After, Before eventstore.Version
	// Skip passes over so many audits at the beginning, if there is neither After nor
	// Before. It costs an event for each.
	Skip int
}

// AuditPage is a part of the audits of a ticket.
type AuditPage struct {
	Audits []Audit
	Total  int
	// More: there are further audits after the page or, if the query gave Before,
	// before it.
	More bool
}

// ErrNoAudit: the ticket has no audit with this number.
var ErrNoAudit = errors.New("there is no such audit")

// Numbers of a write (domain.Numbers) that name its events, from its own on. A comment
// goes by its own number, the redaction of a file by the one after that of what is in its
// place. There is never more than one event of visibility, or of redaction of a text.
const (
	numberOfChange = 1
	numberOfField  = 3 // of the first; the others follow
)

// audited reports whether an event shows in an audit of the ticket. Edits and deletions
// do not (contract §14), nor does what only operators are concerned with. What is said in
// a chat shows in the event that began the chat, so a write that says more in it is no
// audit of its own; nor is one that redacts it, for Zendesk has no event for that.
// audited.sql says the same.
func audited(r *eventstore.Recorded, fact domain.Event) bool {
	switch fact.(type) {
	case domain.TicketOpened, domain.CommentCreated, domain.CommentMadePrivate, domain.CommentMadePublic, domain.CommentRedacted,
		domain.ChatStarted, domain.ChatEnded:
		return true
	case domain.TicketChanged:
		return !r.Internal // else it lays or lifts a legal hold
	}
	return false
}
