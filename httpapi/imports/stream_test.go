package imports

import "testing"

// However many tickets wait, a lane remembers that they do, and not much else.
func TestStreamsThatWait(t *testing.T) {
	l := &lane{streams: map[int64]*stream{}, waiting: map[int64]struct{}{}}
	const tickets = 2*maxStreams + 10
	for ticket := range int64(tickets) {
		l.remember(ticket, &stream{waits: true})
	}
	if len(l.streams) > maxStreams {
		t.Errorf("%d streams are remembered; want %d", len(l.streams), maxStreams)
	}
	for ticket := range int64(tickets) {
		if s, err := l.stream(t.Context(), ticket); err != nil || !s.waits {
			t.Fatalf("stream(%d) = %+v, %v; want one that waits", ticket, s, err)
		}
	}
	if len(l.streams) > maxStreams {
		t.Errorf("%d streams are remembered once they were asked for; want %d", len(l.streams), maxStreams)
	}
}
