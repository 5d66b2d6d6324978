package relay

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/commentd/commentd/eventstore"
)

// State is what a relay is doing. The set is closed: the states are labels of the
// metric relay_state.
type State string

const (
	StateStarting State = "starting"
	// StateStandby: another relay holds the lease and gets on.
	StateStandby State = "standby"
	// StateRelaying: what is in the log is in the stream, or on its way.
	StateRelaying State = "relaying"
	// StateWaitingForNATS: NATS or its JetStream does not answer.
	StateWaitingForNATS State = "waiting for NATS"
	// StateWaitingForLog: Postgres does not answer.
	StateWaitingForLog State = "waiting for Postgres"
	// StateSick: NATS answers, but the stream takes nothing. A stream that has once
	// failed to write to its disk stays like this until its server is restarted.
	StateSick State = "stream sick"
	// StateRefused: the stream answers that it does not take the next event.
	StateRefused State = "refused"
	// StateHalted: the stream holds events that the log does not. Nothing is
	// published until an operator has raised the log's epoch.
	StateHalted State = "halted"
)

var states = []State{StateStarting, StateStandby, StateRelaying, StateWaitingForNATS, StateWaitingForLog,
	StateSick, StateRefused, StateHalted}

// Status is a relay's state at a moment.
type Status struct {
	State  State
	Reason string    // why it is not relaying, for an operator; else empty
	Since  time.Time // when it came into this state
	// Position is up to where the stream is known to have the log.
	Position eventstore.Position
}

// Status returns what the relay is doing now.
func (r *Relay) Status() Status {
	s := *r.status.Load()
	s.Position = eventstore.Position(r.high.Load())
	return s
}

// Health returns nil while the relay relays, or stands by while another one does,
// and else an error that says what is wrong and what to do.
func (r *Relay) Health() error {
	switch s := r.Status(); s.State {
	case StateRelaying, StateStandby:
		return nil
	case StateStarting:
		return errors.New("starting")
	default:
		return fmt.Errorf("%s: %s", s.State, s.Reason)
	}
}

// enter notes the state and says so where that is news.
func (r *Relay) enter(state State, reason string) {
	was := r.status.Load()
	if was.State == state && was.Reason == reason {
		return
	}
	now := Status{State: state, Reason: reason, Since: time.Now()}
	if was.State == state {
		now.Since = was.Since
	}
	r.status.Store(&now)
	if was.State == state {
		return
	}
	r.metrics.RelayState.WithLabelValues(string(was.State)).Set(0)
	r.metrics.RelayState.WithLabelValues(string(state)).Set(1)
	switch state {
	case StateRelaying, StateStandby, StateStarting:
		r.logger.Info("relay", "state", string(state))
	case StateHalted, StateSick, StateRefused:
		r.logger.Error("relay", "state", string(state), "reason", reason)
	default:
		r.logger.Warn("relay", "state", string(state), "reason", reason)
	}
}

// trouble is why a relay cannot go on as it is.
type trouble struct {
	state  State
	reason string
}

func (t *trouble) Error() string { return string(t.state) + ": " + t.reason }

func inTrouble(state State, format string, args ...any) error {
	return &trouble{state, fmt.Sprintf(format, args...)}
}

// asTrouble finds the trouble in err. What is none comes from NATS, except what the
// log says of itself.
func asTrouble(err error) *trouble {
	var t *trouble
	switch {
	case errors.As(err, &t):
		return t
	case errors.Is(err, eventstore.ErrUnavailable):
		return &trouble{StateWaitingForLog, err.Error()}
	case errors.Is(err, nats.ErrMaxPayload):
		return &trouble{StateRefused, err.Error()}
	}
	return &trouble{StateWaitingForNATS, err.Error()}
}
