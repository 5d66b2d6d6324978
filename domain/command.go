package domain

import "time"

// A Command asks for a change to one ticket. The set is closed: a new wish is a
// new type here and a case in Decide.
type Command interface {
	// About names the stream and, if the command is about one comment, that
	// comment (else the zero id).
	About() (AccountID, TicketID, CommentID)
	isCommand()
}

// By is who asks, and what they are allowed beyond what anyone of their kind is.
type By struct {
	Actor Actor
	Admin bool // may edit and delete what others wrote
	ActAs bool // may do what the author may (scope comments:act_as)
}

// Text is something a person typed. It is sealed as Content; whoever seals it fills
// in the digest.
type Text struct {
	Content ContentRef
	Body    string // as in Body.Text
	HTML    string // as in Body
	Custom  string // as in Body
	Voice   string // as in Body
	Source  string // as in Body
	Flagged string // as in Body
	// Attachments are those of Body, and Claims the uploads that they come from.
	Attachments []Attachment
	Claims      []Claim
	Client      Client
}

// Said returns the body that the text is.
func (t *Text) Said() Body {
	return Body{Text: t.Body, HTML: t.HTML, Custom: t.Custom, Voice: t.Voice, Source: t.Source, Flagged: t.Flagged, Attachments: t.Attachments}
}

// Client is where a text was sent from. It is sealed together with the text.
type Client struct {
	IP        string `json:"ip,omitzero"`
	UserAgent string `json:"agent,omitzero"`
}

// Numbers are the public integers that a command's events carry: Audit for the
// write itself, Subject for the ticket or comment that it creates.
//
// Whoever makes a command draws NumbersPerWrite of them in a row. Audit is the first.
// The second is the number of the comment that is made, so that each is found by the
// other, or else of the ticket; a ticket that is opened for a comment has the third.
// What the write has changed goes by the others.
type Numbers struct {
	Audit   int64
	Subject int64
}

// NumbersPerWrite is how many numbers a write takes.
const NumbersPerWrite = 6

// CreateComment adds a comment to a ticket.
type CreateComment struct {
	Account AccountID
	Ticket  TicketID
	Comment CommentID
	By      By
	Author  Author
	Public  bool
	Text    *Text
	Channel Channel
	Flags   Flags
	Numbers Numbers
	// OpensTicket is the number of the ticket to open if there is none yet; 0
	// refuses unknown tickets (account setting unknown_tickets).
	OpensTicket int64
}

// UpdateComment changes text or visibility. A nil field keeps what is there.
type UpdateComment struct {
	Account  AccountID
	Ticket   TicketID
	Comment  CommentID
	By       By
	Text     *Text
	Public   *bool
	Audit    int64
	Revision int // that the caller last saw, from If-Match; 0: any
}

// DeleteComment hides a comment from every reader at once.
type DeleteComment struct {
	Account  AccountID
	Ticket   TicketID
	Comment  CommentID
	By       By
	Audit    int64
	Revision int // as in UpdateComment
}

// PutTicket opens a ticket or changes it. A nil field keeps what is there.
type PutTicket struct {
	Account AccountID
	Ticket  TicketID
	By      By
	Status  *Status
	// Requester points to nil to say that nobody is.
	Requester **UserID
	// Subject points to nil to say that there is none.
	Subject **Text
	// LegalHold keeps everything in the ticket from being redacted or erased. It is for
	// administrators, and may be changed on a closed ticket, too.
	LegalHold *bool
	Numbers   Numbers
}

// MakePrivate turns a comment into an internal note, whoever wrote it.
type MakePrivate struct {
	Account  AccountID
	Ticket   TicketID
	Comment  CommentID
	By       By
	Audit    int64
	Revision int     // as in UpdateComment
	Origin   *Origin // as in WriteTicket: also on a closed ticket
}

// RedactComment hides something in every version of a comment, also on a closed
// ticket.
type RedactComment struct {
	Account  AccountID
	Ticket   TicketID
	Comment  CommentID
	By       By
	Audit    int64
	Revision int // as in UpdateComment
	Hide     Redaction
	Mask     Mask
	// OnlyOpen refuses to redact on a closed ticket.
	OnlyOpen bool
	// Contents are the versions sealed anew, oldest first; none if nothing has to be
	// hidden. Whoever opens and seals fills them in.
	Contents []Replacement
	// Files and TextKept are as in CommentRedacted, and filled in likewise.
	Files    []FileRedacted
	TextKept bool
}

// EraseComment removes all that a comment ever said, deleted or not.
type EraseComment struct {
	Account AccountID
	Ticket  TicketID
	Comment CommentID
	By      By
	Audit   int64
	Cause   Cause
	// Contents are the versions that there are, oldest first. Whoever knows them fills
	// them in.
	Contents []ContentID
}

// EraseSubject removes every subject that a ticket ever had.
type EraseSubject struct {
	Account AccountID
	Ticket  TicketID
	By      By
	Audit   int64
	Cause   Cause
	// Contents are as in EraseComment.
	Contents []ContentID
}

// CompleteObligation notes that the keys to what an event has removed are destroyed.
type CompleteObligation struct {
	Account AccountID
	Ticket  TicketID
	By      By
	Audit   int64
	// Obligation is the event that removed contents.
	Obligation  EventID
	DestroyedAt time.Time
}

func (c CreateComment) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, c.Comment
}
func (c UpdateComment) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, c.Comment
}
func (c DeleteComment) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, c.Comment
}
func (c PutTicket) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, CommentID{}
}

func (c MakePrivate) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, c.Comment
}
func (c RedactComment) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, c.Comment
}
func (c EraseComment) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, c.Comment
}
func (c EraseSubject) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, CommentID{}
}
func (c CompleteObligation) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, CommentID{}
}

func (CreateComment) isCommand()      {}
func (UpdateComment) isCommand()      {}
func (DeleteComment) isCommand()      {}
func (PutTicket) isCommand()          {}
func (MakePrivate) isCommand()        {}
func (RedactComment) isCommand()      {}
func (EraseComment) isCommand()       {}
func (EraseSubject) isCommand()       {}
func (CompleteObligation) isCommand() {}
