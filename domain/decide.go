package domain

import "fmt"

// Decide returns the facts that cmd adds to the ticket t and its comment c, or the
// rule that forbids it. No facts and no error: the wish is already met.
//
// c is the comment that cmd is about, the zero Comment if there is none.
func Decide(t Ticket, c Comment, cmd Command) ([]Event, error) {
	switch cmd := cmd.(type) {
	case CreateComment:
		return decideCreate(t, cmd)
	case UpdateComment:
		return decideUpdate(t, c, cmd)
	case DeleteComment:
		if err := mayChange(t, c, cmd.By, cmd.Revision); err != nil {
			return nil, err
		}
		return []Event{CommentDeleted{Meta: cmd.By.meta(cmd.Audit)}}, nil
	case PutTicket:
		return decidePut(t, cmd)
	case WriteTicket:
		return decideWrite(t, cmd)
	case MakePrivate:
		return decidePrivate(t, c, cmd)
	case RedactComment:
		return decideRedact(t, c, cmd)
	case EraseComment:
		return decideErase(t, c, cmd)
	case EraseSubject:
		return decideEraseSubject(t, cmd)
	case CompleteObligation:
		if !t.Exists {
			return nil, ErrTicketNotFound
		}
		return []Event{ObligationCompleted{Meta: cmd.By.meta(cmd.Audit), Obligation: cmd.Obligation}}, nil
	}
	panic(fmt.Sprintf("domain: no rule for %T", cmd))
}

func (by By) meta(audit int64) Meta { return Meta{Actor: by.Actor, Audit: audit} }

func decideCreate(t Ticket, cmd CreateComment) ([]Event, error) {
	meta := cmd.By.meta(cmd.Numbers.Audit)
	var events []Event
	requester := t.Requester
	switch {
	case !t.Exists && cmd.OpensTicket != 0 && cmd.By.Actor.SeesInternal():
		opened := TicketOpened{Meta: meta, Number: cmd.OpensTicket, Status: StatusOpen, DefaultPublic: true}
		if cmd.Author.Type == AuthorCustomer { // whose words these are is who asks
			opened.Requester = &cmd.Author.ID
			requester = opened.Requester
		}
		events = append(events, opened)
	case !t.VisibleTo(cmd.By.Actor):
		return nil, ErrTicketNotFound
	case t.Status == StatusClosed:
		return nil, ErrTicketClosed
	}
	switch {
	case !cmd.Public && !cmd.By.Actor.SeesInternal():
		return nil, ErrInternalForbidden
	case len(cmd.Text.Attachments) > MaxAttachments:
		return nil, ErrTooManyAttachments
	}
	flags := addFlags(cmd.Flags, cmd.By.Actor, cmd.Author, cmd.Public, requester)
	return append(events, CommentCreated{
		Meta: meta, Number: cmd.Numbers.Subject, Author: cmd.Author, Public: cmd.Public,
		Content: cmd.Text.Content, Channel: cmd.Channel, Flags: flags,
	}), nil
}

func decideUpdate(t Ticket, c Comment, cmd UpdateComment) ([]Event, error) {
	if err := mayChange(t, c, cmd.By, cmd.Revision); err != nil {
		return nil, err
	}
	if cmd.Public != nil && !*cmd.Public && !cmd.By.Actor.SeesInternal() {
		return nil, ErrInternalForbidden
	}
	meta := cmd.By.meta(cmd.Audit)
	var edit, visibility []Event
	if cmd.Text != nil && cmd.Text.Body != c.Body {
		edit = []Event{CommentEdited{Meta: meta, Content: cmd.Text.Content}}
	}
	if cmd.Public == nil || *cmd.Public == c.Public {
		return edit, nil
	}
	// A new text is only ever seen by those who may see the comment after the whole
	// change: hide before the edit, publish after it.
	if *cmd.Public {
		visibility = []Event{CommentMadePublic{Meta: meta}}
		return append(edit, visibility...), nil
	}
	visibility = []Event{CommentMadePrivate{Meta: meta}}
	return append(visibility, edit...), nil
}

// mayChange checks what editing and deleting have in common (contract §13.3).
func mayChange(t Ticket, c Comment, by By, revision int) error {
	if err := mayKnow(t, c, by); err != nil {
		return err
	}
	switch {
	case t.Status == StatusClosed:
		return ErrTicketClosed
	case !by.mayEdit(c.Author):
		return ErrForbidden
	}
	return stillAt(c, revision)
}

// mayKnow checks what everything about a comment has in common.
func mayKnow(t Ticket, c Comment, by By) error {
	switch {
	case !t.VisibleTo(by.Actor):
		return ErrTicketNotFound
	case !c.VisibleTo(by.Actor):
		return ErrNotFound
	}
	return nil
}

func stillAt(c Comment, revision int) error {
	if revision != 0 && revision != c.Revision {
		return ErrRevision
	}
	return nil
}

// mayEdit: the author, whoever may act as the author, or an administrator. What
// the system said is for administrators alone.
func (by By) mayEdit(author Author) bool {
	if by.Admin {
		return true
	}
	if author.Type == AuthorSystem {
		return false
	}
	return by.ActAs || author == by.Actor.Own()
}

func decidePut(t Ticket, cmd PutTicket) ([]Event, error) {
	if !cmd.By.Actor.SeesInternal() {
		return nil, ErrForbidden
	}
	next := fields{cmd.Status, cmd.Requester, cmd.Subject}.of(t)
	if cmd.LegalHold != nil {
		next.LegalHold = *cmd.LegalHold
	}
	if next.LegalHold != t.LegalHold && !cmd.By.Admin {
		return nil, ErrHoldForbidden
	}
	return changed(t, next, cmd.By.meta(cmd.Numbers.Audit), cmd.Numbers.Subject)
}

func sameSubject(t Ticket, text *Text) bool {
	if text == nil || t.Subject == nil {
		return text == nil && t.Subject == nil
	}
	return text.Body == t.SubjectText
}

func same(a, b *UserID) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
