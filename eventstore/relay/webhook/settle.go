package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/eventstore"
)

// errNotHeld: the endpoint is somebody else's, was changed, or is off.
var errNotHeld = errors.New("the webhook is not held any more")

// settlement is what attempts have led to.
type settlement struct {
	position  eventstore.Position
	tries     int           // of the next event, if strict
	rest      time.Duration // for which nothing but tests is to be sent
	succeeded bool
	failed    bool
	gone      bool
	tried     []*attempt
	off       []putOff
	done      []uuid.UUID // that are late no more
	consumed  int         // of pending
	late      int         // by how much there are more
}

// putOff is an event that is to be tried later.
type putOff struct {
	*attempt
	wait *float64 // in seconds; nil: it is given up
}

// settle notes what attempts have led to; of those that it is not told of nothing is known.
// If the database cannot be asked it tries again. The error is errNotHeld if that is not
// for this process to say any more.
func (r *runner) settle(ctx context.Context, attempts []attempt) error {
	s := r.sum(attempts)
	for {
		off, err := r.note(ctx, &s)
		switch {
		case errors.Is(err, eventstore.ErrUnavailable) && ctx.Err() == nil:
			pause(ctx, breath)
			continue
		case err != nil:
			return err
		case off != nil:
			slog.Warn("webhook is off", "endpoint", r.e.ID, "because", *off)
			r.metrics.WebhooksOff.WithLabelValues(*off).Inc()
			return errNotHeld
		}
		r.e.position, r.e.tries, r.e.rest = s.position, s.tries, time.Now().Add(s.rest)
		r.e.late += s.late
		r.pending = r.pending[s.consumed:]
		return nil
	}
}

// sum says what attempts lead to.
func (r *runner) sum(attempts []attempt) settlement {
	s := settlement{position: r.e.position, tries: r.e.tries, rest: max(time.Until(r.e.rest), 0)}
	for i := range attempts {
		a := &attempts[i]
		if a.told {
			s.tried = append(s.tried, a)
			s.gone = s.gone || a.status == http.StatusGone
			switch {
			case a.event == nil && a.outcome == Delivered:
				s.rest = 0 // whatever was wrong is mended
			case a.outcome == Delivered:
				s.succeeded = true
			case a.event != nil:
				s.failed = true
			}
			if a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable {
				s.rest = max(s.rest, a.retryAfter)
			}
		}
		r.place(&s, a)
	}
	if s.consumed == len(r.pending) {
		s.position = r.passed
	}
	return s
}

// place decides where an attempt leaves its event.
func (r *runner) place(s *settlement, a *attempt) {
	switch {
	case a.fresh && !a.settled() && r.e.Strict:
		s.tries = a.tries + 1
		pause, _ := wait(r.config.Schedule, s.tries, true)
		s.rest = max(s.rest, pause, a.retryAfter)
		return
	case a.fresh:
		s.consumed++
		s.position, s.tries = a.position, 0
	}
	switch {
	case a.settled() || a.event == nil:
		if !a.fresh {
			s.done = append(s.done, uuid.UUID(a.id))
		}
		if !a.fresh && a.event != nil {
			s.late--
		}
	default:
		later := putOff{attempt: a}
		if pause, again := wait(r.config.Schedule, a.tries+1, false); again {
			seconds := max(pause, a.retryAfter).Seconds()
			later.wait = &seconds
		}
		s.off = append(s.off, later)
		if a.fresh {
			s.late++
		}
		if later.wait == nil {
			s.late--
		}
	}
}
