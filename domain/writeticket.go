package domain

import "errors"

// MaxComments is how many comments a ticket may have for WriteTicket to add another.
// Deleted ones count.
const MaxComments = 5000

// The refusals of WriteTicket, beside those that others have, too.
var (
	// ErrTicketExists: the id of a ticket to be opened is taken.
	ErrTicketExists = errors.New("there is a ticket with this id already")
	// ErrTicketChanged: the ticket is no longer as the caller last saw it.
	ErrTicketChanged = errors.New("the ticket has changed meanwhile")
	// ErrTicketFull: the ticket has MaxComments.
	ErrTicketFull = errors.New("the ticket has as many comments as it may have")
)

// WriteTicket opens a ticket or changes one, and adds a comment to it, all of it or
// nothing: what one request of the Zendesk-compatible API may ask. A nil field keeps
// what is there.
//
// Customers open tickets of their own, say something in public, and declare a ticket
// solved; the rest is for those who may see internal notes.
type WriteTicket struct {
	Account AccountID
	Ticket  TicketID
	By      By
	// Opens is the number of the ticket to be opened: there must be none with this id.
	// 0: there must be one.
	Opens  int64
	Status *Status // of a new ticket: open, unless it is given
	// Requester points to nil to say that nobody is.
	Requester **UserID
	// Subject points to nil to say that there is none.
	Subject **Text
	// Comment is the id of Say; the zero id without it.
	Comment CommentID
	Say     *NewComment
	// Numbers.Subject is that of the comment.
	Numbers Numbers
	// Expected is the version of the ticket's stream that the caller last saw; 0: any.
	// log.append judges it, and the refusal is ErrTicketChanged.
	Expected int
	// Origin is nil unless this happened elsewhere. The limits hold then, and no other rule:
	// requester, flags and status are what they were there.
	Origin *Origin
}

// NewComment is the comment of a WriteTicket.
type NewComment struct {
	Author Author
	// Public is nil to leave it to the ticket: see defaultVisibility.
	Public  *bool
	Text    *Text
	Channel Channel
	Flags   Flags // beside those that Decide sets
}

// About is described at Command.
func (c WriteTicket) About() (AccountID, TicketID, CommentID) { return c.Account, c.Ticket, c.Comment }
func (WriteTicket) isCommand()                                {}

func decideWrite(t Ticket, cmd WriteTicket) ([]Event, error) {
	opens, here := cmd.Opens != 0, cmd.Origin == nil
	switch {
	case opens && t.Exists:
		return nil, ErrTicketExists
	case !opens && (!t.Exists || here && !t.VisibleTo(cmd.By.Actor)):
		return nil, ErrTicketNotFound
	}
	if err := mayWrite(cmd); err != nil {
		return nil, err
	}
	next := fields{cmd.Status, cmd.Requester, cmd.Subject}.of(t)
	if opens && here && !cmd.By.Actor.SeesInternal() {
		next.Requester = &cmd.By.Actor.ID
	}
	public := cmd.defaultVisibility(t)
	if opens {
		next.DefaultPublic = public
	}
	meta := cmd.By.meta(cmd.Numbers.Audit)
	meta.Origin = cmd.Origin.recorded()
	events, err := changed(t, next, meta, cmd.Opens)
	if err != nil || cmd.Say == nil {
		return events, err
	}
	switch {
	case here && t.Status == StatusClosed:
		return nil, ErrTicketClosed
	case t.Comments >= MaxComments:
		return nil, ErrTicketFull
	case len(cmd.Say.Text.Attachments) > MaxAttachments:
		return nil, ErrTooManyAttachments
	}
	flags := cmd.Say.Flags
	if here {
		flags = addFlags(flags, cmd.By.Actor, cmd.Say.Author, public, next.Requester)
	}
	return append(events, CommentCreated{
		Meta: meta, Number: cmd.Numbers.Subject, Author: cmd.Say.Author, Public: public, Content: cmd.Say.Text.Content,
		Channel: cmd.Say.Channel, Flags: flags,
	}), nil
}

// mayWrite checks what the actor may ask of whatever ticket.
func mayWrite(cmd WriteTicket) error {
	by := cmd.By.Actor
	if by.SeesInternal() || cmd.Origin != nil {
		return nil
	}
	opens, say := cmd.Opens != 0, cmd.Say
	own := opens && cmd.Requester != nil && *cmd.Requester != nil && **cmd.Requester == by.ID
	switch {
	case by.Kind != ActorCustomer,
		cmd.Requester != nil && !own,
		cmd.Subject != nil && !opens,
		cmd.Status != nil && (opens || *cmd.Status != StatusSolved),
		say != nil && say.Author != by.Own():
		return ErrForbidden
	case say != nil && say.Public != nil && !*say.Public:
		return ErrInternalForbidden
	}
	return nil
}

// defaultVisibility returns whether the comment is public (contract §7.2): as the caller
// says, or as the first comment of the ticket was. What is said of one comment says
// nothing of the next one, and what a customer says is public.
func (cmd WriteTicket) defaultVisibility(t Ticket) bool {
	switch {
	case cmd.Say != nil && cmd.Say.Public != nil:
		return *cmd.Say.Public
	case cmd.Opens != 0 || !cmd.By.Actor.SeesInternal():
		return true
	}
	return t.DefaultPublic
}

// fields are what a command may change of a ticket. Nil keeps what is there.
type fields struct {
	status    *Status
	requester **UserID
	subject   **Text
}

// of returns the ticket with the fields changed. A ticket that is not there yet is open.
func (f fields) of(t Ticket) Ticket {
	next := t
	if !t.Exists {
		next.Status, next.DefaultPublic = StatusOpen, true
	}
	if f.status != nil {
		next.Status = *f.status
	}
	if f.requester != nil {
		next.Requester = *f.requester
	}
	if f.subject != nil && !sameSubject(t, *f.subject) {
		next.Subject = nil
		if text := *f.subject; text != nil {
			next.Subject = &text.Content
		}
	}
	return next
}

// changed returns the event that makes next of a ticket, if there is a difference.
func changed(t, next Ticket, meta Meta, number int64) ([]Event, error) {
	switch {
	case !t.Exists:
		return []Event{TicketOpened{
			Meta: meta, Number: number, Status: next.Status, Requester: next.Requester,
			Subject: next.Subject, DefaultPublic: next.DefaultPublic, LegalHold: next.LegalHold,
		}}, nil
	case next.Status != t.Status || !same(next.Requester, t.Requester) || next.Subject != t.Subject:
		if t.Status == StatusClosed && meta.Origin == nil {
			return nil, ErrTicketClosed
		}
	case next.LegalHold == t.LegalHold:
		return nil, nil
	}
	return []Event{TicketChanged{
		Meta: meta, Status: next.Status, Requester: next.Requester, Subject: next.Subject,
		DefaultPublic: next.DefaultPublic, LegalHold: next.LegalHold,
	}}, nil
}
