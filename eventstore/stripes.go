package eventstore

import (
	"context"
	"encoding/binary"

	"github.com/commentd/commentd/domain"
)

// stripes keep the commands about one comment, or about one ticket itself, in this
// process from racing each other into the log, where all but one of them would lose. They are no guard:
// log.append is.
type stripes [1024]chan struct{}

func newStripes() *stripes {
	s := new(stripes)
	for i := range s {
		s[i] = make(chan struct{}, 1)
	}
	return s
}

// lock waits until no other command about the comment or, if it is the zero id, about
// the ticket itself is on its way, nor one about those few that share its stripe.
func (s *stripes) lock(ctx context.Context, ticket domain.TicketID, comment domain.CommentID) (unlock func(), err error) {
	stripe := s.of(ticket, comment)
	select {
	case stripe <- struct{}{}:
		return func() { <-stripe }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// tryLock is lock, without waiting.
func (s *stripes) tryLock(ticket domain.TicketID, comment domain.CommentID) (unlock func(), ok bool) {
	stripe := s.of(ticket, comment)
	select {
	case stripe <- struct{}{}:
		return func() { <-stripe }, true
	default:
		return nil, false
	}
}

func (s *stripes) of(ticket domain.TicketID, comment domain.CommentID) chan struct{} {
	about := [16]byte(comment)
	if comment == (domain.CommentID{}) {
		about = ticket
	}
	return s[binary.BigEndian.Uint16(about[14:])%uint16(len(s))]
}
