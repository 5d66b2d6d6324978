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

// maxStreams is how many tickets a lane remembers.
const maxStreams = 2000

// stream returns what is known of a ticket.
func (l *lane) stream(ctx context.Context, ticket int64) (*stream, error) {
	if s := l.streams[ticket]; s != nil {
		return s, nil
	}
	origins, err := l.log.Origins(ctx, l.account, l.ids.ticket(ticket))
	if err != nil {
		return nil, err
	}
	if len(l.streams) >= maxStreams {
		for other, s := range l.streams { // whichever
			if !s.waits {
				delete(l.streams, other)
				break
			}
		}
	}
	s := &stream{Origins: origins}
	for audit := range s.Audits {
		s.newest = max(s.newest, audit)
	}
	l.streams[ticket] = s
	return s, nil
}

// add notes that an audit is here now.
func (s *stream) add(a *audit) {
	s.Audits[a.id] = true
	s.newest = max(s.newest, a.id)
	if a.at.After(s.Newest) {
		s.Newest = a.at
	}
}
