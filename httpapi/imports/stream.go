package imports

import (
	"context"

	"github.com/commentd/commentd/eventstore"
)

// A stream is what a lane knows of a ticket.
type stream struct {
	eventstore.Origins
	newest int64 // of the audits that are here
	waits  bool  // for a file: nothing later may overtake it
}

// maxStreams is how many tickets a lane remembers. Of others it remembers no more than that
// they wait, if they do.
const maxStreams = 2000

// stream returns what is known of a ticket.
func (l *lane) stream(ctx context.Context, ticket int64) (*stream, error) {
	if s := l.streams[ticket]; s != nil {
		return s, nil
	}
	if _, waits := l.waiting[ticket]; waits {
		return &stream{waits: true}, nil
	}
	origins, err := l.log.Origins(ctx, l.account, l.ids.ticket(ticket))
	if err != nil {
		return nil, err
	}
	s := &stream{Origins: origins}
	for audit := range s.Audits {
		s.newest = max(s.newest, audit)
	}
	l.remember(ticket, s)
	return s, nil
}

// remember notes what is known of a ticket, in place of what is known of another one if need be.
func (l *lane) remember(ticket int64, s *stream) {
	if len(l.streams) >= maxStreams {
		for other, s := range l.streams { // whichever
			if s.waits {
				l.waiting[other] = struct{}{}
			}
			delete(l.streams, other)
			break
		}
	}
	l.streams[ticket] = s
}

// add notes that an audit is here now.
func (s *stream) add(a *audit) {
	s.Audits[a.id] = true
	s.newest = max(s.newest, a.id)
	if a.at.After(s.Newest) {
		s.Newest = a.at
	}
}
