package imports

import (
	"errors"
	"time"

	"github.com/commentd/commentd/domain"
)

var errDeleted = errors.New("it was deleted there")

// ticketOf reads a ticket as an export has it, and returns what has happened to it, in order.
//
// With its audits it is those. Without them nobody knows what has become of it between its
// comments: it is opened with the first one, each other one is a write of its own, and what it
// has come to by now is the last.
func ticketOf(r record, now time.Time) (ticket id, audits []*audit, err error) {
	var shape ticketShape
	if err := readShape(r, &shape); err != nil {
		return 0, nil, err
	}
	switch {
	case shape.ID <= 0:
		return 0, nil, errNoID
	case shape.Status == deleted:
		return shape.ID, nil, errDeleted
	case !credible(shape.CreatedAt, now):
		return shape.ID, nil, errNoTime
	}
	if shape.Audits != nil {
		audits, err = shape.history(r.place, now)
	} else {
		audits, err = shape.thread(r.place, now)
	}
	return shape.ID, audits, err
}

// embeddedIn are the people who are embedded in a ticket.
func embeddedIn(r record) (people []userShape) {
	var s ticketShape
	if readShape(r, &s) != nil {
		return nil // which is told when the ticket is taken in
	}
	for _, u := range []*userShape{s.Requester, s.Submitter, s.Assignee} {
		if u == nil || u.ID <= 0 {
			continue
		}
		embedded := *u
		if embedded.CreatedAt.IsZero() {
			embedded.CreatedAt = s.CreatedAt
		}
		if embedded.UpdatedAt.IsZero() {
			embedded.UpdatedAt = s.CreatedAt // whatever says when it was, is newer
		}
		people = append(people, embedded)
	}
	return people
}

func (s *ticketShape) history(at place, now time.Time) (audits []*audit, err error) {
	for i := range s.Audits {
		shape := &s.Audits[i]
		if shape.TicketID == 0 {
			shape.TicketID = s.ID
		}
		if shape.TicketID != s.ID {
			return nil, errNoTicket
		}
		a, err := shape.audit(at, now)
		if err != nil {
			return nil, err
		}
		audits = append(audits, a)
	}
	return audits, nil
}

func (s *ticketShape) thread(at place, now time.Time) (audits []*audit, err error) {
	ended := s.UpdatedAt
	if ended.Before(s.CreatedAt) {
		ended = s.CreatedAt
	}
	end := &audit{place: at, id: -2 * ended.Unix(), ticket: int64(s.ID), at: ended.UTC(), by: nobody, state: true}
	if !credible(ended, now) {
		return nil, errNoTime
	}
	if s.Status != "" {
		end.status = new(domain.Status)
		if end.status.UnmarshalText([]byte(s.Status)) != nil {
			return nil, errStatus
		}
	}
	requester := s.RequesterID
	if requester <= 0 && s.Requester != nil {
		requester = s.Requester.ID
	}
	if requester > 0 {
		end.requester = &requester
	}
	if s.Subject != nil {
		end.subject = subjectOf(s.Subject)
	}
	for i := range s.Comments {
		a, err := s.said(at, &s.Comments[i], now)
		if err != nil {
			return nil, err
		}
		audits = append(audits, a)
	}
	if len(audits) == 0 {
		audits = []*audit{{place: at, id: -2*s.CreatedAt.Unix() - 1, ticket: int64(s.ID), opening: true}}
	}
	first := audits[0]
	first.at, first.by = s.CreatedAt.UTC(), s.submitter(first)
	first.requester, first.subject = end.requester, end.subject
	if end.status != nil && *end.status == domain.StatusNew {
		first.status = end.status
	}
	return append(audits, end), nil
}

// submitter is who has opened the ticket.
func (s *ticketShape) submitter(first *audit) id {
	switch {
	case s.SubmitterID != 0:
		return s.SubmitterID
	case s.Submitter != nil && s.Submitter.ID != 0:
		return s.Submitter.ID
	case first.comment != nil:
		return first.comment.author
	}
	return nobody
}

// said is a comment as a write of its own.
func (s *ticketShape) said(at place, c *childShape, now time.Time) (*audit, error) {
	a := &audit{place: at, id: int64(c.ID), ticket: int64(s.ID), at: c.CreatedAt.UTC(), bare: true}
	if !credible(a.at, now) {
		return nil, errNoTime
	}
	var err error
	if a.comment, err = c.comment(s.Via, nobody, &c.Metadata); err != nil {
		return nil, err
	}
	a.by = a.comment.author
	a.from(&c.Metadata)
	return a, nil
}
