package eventstore

import (
	"context"
	"encoding/binary"

	"github.com/commentd/commentd/domain"
)

// stripes keep the commands about one comment in this process from racing each
// other into the log, where all but one of them would lose. They are no guard:
// log.append is.
type stripes [1024]chan struct{}

func newStripes() *stripes {
	s := new(stripes)
	for i := range s {
		s[i] = make(chan struct{}, 1)
	}
	return s
}

// lock waits until no other command about the comment, or about one of the few that
// share its stripe, is on its way.
func (s *stripes) lock(ctx context.Context, comment domain.CommentID) (unlock func(), err error) {
	stripe := s[binary.BigEndian.Uint16(comment[14:])%uint16(len(s))]
	select {
	case stripe <- struct{}{}:
		return func() { <-stripe }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
