package domain

import (
	"errors"
	"time"
)

// Status is where a ticket stands.
type Status string

// A closed ticket stays closed, and nothing about it or its comments changes
// except by redaction.
const (
	StatusNew     Status = "new"
	StatusOpen    Status = "open"
	StatusPending Status = "pending"
	StatusHold    Status = "hold"
	StatusSolved  Status = "solved"
	StatusClosed  Status = "closed"
)

// UnmarshalText refuses what is no status.
func (s *Status) UnmarshalText(b []byte) error {
	switch v := Status(b); v {
	case StatusNew, StatusOpen, StatusPending, StatusHold, StatusSolved, StatusClosed:
		*s = v
		return nil
	}
	return errors.New("status is none of new, open, pending, hold, solved, closed")
}

// Ticket is the state of a ticket itself. The zero value is a ticket that has not
// been opened.
type Ticket struct {
	Exists        bool
	Number        int64
	Status        Status
	Requester     *UserID
	Subject       *ContentRef
	DefaultPublic bool
	LegalHold     bool // nothing is redacted or erased
	Comments      int  // that were ever made
	OpenedAt      time.Time
	UpdatedAt     time.Time // strictly increasing in whole seconds
	// SubjectText is the unsealed subject. It is set only where Decide needs it:
	// for a command that gives a subject.
	SubjectText string
}

// Evolve returns the ticket after e. Events about comments move UpdatedAt only.
func (t Ticket) Evolve(e Event) Ticket {
	switch e := e.(type) {
	case TicketOpened:
		return Ticket{
			Exists: true, Number: e.Number, Status: e.Status, Requester: e.Requester, Subject: e.Subject,
			DefaultPublic: e.DefaultPublic, LegalHold: e.LegalHold, OpenedAt: e.At, UpdatedAt: e.At,
		}
	case TicketChanged:
		t.Status, t.Requester, t.Subject = e.Status, e.Requester, e.Subject
		t.DefaultPublic, t.LegalHold = e.DefaultPublic, e.LegalHold
	case ContentErased:
		if e.Subject {
			t.Subject = nil
		}
	case CommentCreated:
		t.Comments++
	case ObligationCompleted:
		return t // nothing that anybody sees has changed
	}
	t.UpdatedAt = later(t.UpdatedAt, e.Metadata().At)
	return t
}

// Hides reports whether e, the ticket's next event and about no comment, is of no concern
// to those who may not see internal notes: it only lays or lifts a legal hold, or tells
// of keys.
func (t Ticket) Hides(e Event) bool {
	switch e := e.(type) {
	case TicketChanged:
		sameSubject := e.Subject == nil && t.Subject == nil || e.Subject != nil && t.Subject != nil && e.Subject.ID == t.Subject.ID
		return e.LegalHold != t.LegalHold && e.Status == t.Status && e.DefaultPublic == t.DefaultPublic &&
			same(e.Requester, t.Requester) && sameSubject
	case ObligationCompleted:
		return true
	}
	return false
}

// VisibleTo reports whether the actor may know that the ticket exists: customers
// know the tickets they requested.
func (t Ticket) VisibleTo(a Actor) bool {
	if !t.Exists {
		return false
	}
	if a.SeesInternal() {
		return true
	}
	return a.Kind == ActorCustomer && t.Requester != nil && *t.Requester == a.ID
}

// later returns at, or if that lies in the same second as before or earlier, the
// next whole second after before. Clients see whole seconds (contract §2.5), and a
// change must show.
func later(before, at time.Time) time.Time {
	if next := before.Truncate(time.Second).Add(time.Second); at.Before(next) {
		return next
	}
	return at
}
