package threads

import (
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// A Moment is a place in the past of a ticket: after an event of its stream, or at a
// time.
type Moment struct {
	Version eventstore.Version // 0: Time says when
	Time    time.Time          // what happened then has happened
}

// Precedes reports whether the event is one of those that came after the moment. fact is
// nil if it does not decode.
func (m Moment) Precedes(e *eventstore.Recorded, fact domain.Event) bool {
	switch {
	case m.Version != 0:
		return e.Version > m.Version
	case fact == nil:
		return e.RecordedAt.After(m.Time)
	}
	return fact.Metadata().At.After(m.Time)
}

// PastQuery asks for the comments of a ticket as they were. What its filters say is of
// that moment; what the viewer may see is decided by the rights of today, and texts
// are shown as redactions have left them.
type PastQuery struct {
	ListQuery
	At Moment
	// Audit: the viewer is also shown what has been deleted since.
	Audit bool
	// AsCustomer asks what the requester of that moment was shown, whatever has become
	// of it since. It is for those who may see internal notes.
	AsCustomer bool
}

// past is a comment as it was at some moment. Its Content is the one that is there
// for it today.
type past struct {
	comment
	public, deleted bool // today
}

// add tells p of the next event about it, and whether that came after the moment.
func (p *past) add(e *eventstore.Recorded, fact domain.Event, later bool) {
	if fact == nil {
		p.torn = true
		return
	}
	today := domain.Comment{Public: p.public, Deleted: p.deleted}.Evolve(fact)
	p.public, p.deleted = today.Public, today.Deleted
	if later {
		p.Content = replaced(p.Content, fact)
		return
	}
	if !p.Exists {
		p.position = e.Position
	}
	p.Comment = p.Evolve(fact)
	p.Revision = int(e.Version)
}

// shows reports whether the query asks for p, and its viewer may see it.
func (q *PastQuery) shows(p *past) bool {
	switch {
	case !p.Exists || p.Deleted || !q.matches(&p.comment):
		return false
	case q.AsCustomer:
		return p.Public && !p.torn
	case q.Viewer.SeesInternal():
		return q.Audit || !p.deleted
	}
	return p.Public && p.public && !p.deleted && !p.torn
}
