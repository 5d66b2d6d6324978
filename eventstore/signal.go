package eventstore

import "sync"

// Signal wakes everybody who waits for something to have happened. The zero value
// is ready. Wakes are not counted: whoever wakes up looks for itself.
type Signal struct {
	mu sync.Mutex
	c  chan struct{}
}

// C returns a channel that the next Wake closes. Take it before looking: a wake in
// between is then not missed.
func (s *Signal) C() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c = make(chan struct{})
	}
	return s.c
}

// Wake closes the channel that C returned.
func (s *Signal) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != nil {
		close(s.c)
		s.c = nil
	}
}
