package relay

import (
	"errors"
	"fmt"
	"log/slog"
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

// Health returns nil while the relay relays, or stands by while another one does, and
// else an error that says what is wrong and what to do, for anybody to read.
func (r *Relay) Health() error { return r.Status().health() }

// health leaves out why another server does not answer: that is told in its words, or
// those of the network, which name hosts and users. They are in the log.
func (s Status) health() error {
	switch s.State {
	case StateRelaying, StateStandby:
		return nil
	case StateStarting, StateWaitingForNATS, StateWaitingForLog:
		return errors.New(string(s.State))
	default:
		return fmt.Errorf("%s: %s", s.State, s.Reason)
	}
}

// enter notes the state and says so where that is news.
func (r *Relay) enter(state State, reason string) {
	now := r.status.Load().next(state, reason)
	if now == nil {
		return
	}
	was := r.status.Swap(now)
	if was.State == state {
		return
	}
	r.metrics.RelayState.WithLabelValues(string(was.State)).Set(0)
	r.metrics.RelayState.WithLabelValues(string(state)).Set(1)
	state.tell(r.logger, "relay", reason)
}

// next returns the status after a state was entered, nil if that is no news.
func (s *Status) next(state State, reason string) *Status {
	if s.State == state && s.Reason == reason {
		return nil
	}
	now := &Status{State: state, Reason: reason, Since: time.Now()}
	if s.State == state {
		now.Since = s.Since
	}
	return now
}

// tell says that somebody has come into the state.
func (s State) tell(logger *slog.Logger, who, reason string) {
	switch s {
	case StateRelaying, StateStandby, StateStarting:
		logger.Info(who, "state", string(s))
	case StateHalted, StateSick, StateRefused:
		logger.Error(who, "state", string(s), "reason", reason)
	default:
		logger.Warn(who, "state", string(s), "reason", reason)
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
	case errors.Is(err, ErrAhead):
		return &trouble{StateHalted, err.Error() + ". " + advice}
	case errors.Is(err, nats.ErrMaxPayload):
		return &trouble{StateRefused, err.Error()}
	}
	return &trouble{StateWaitingForNATS, err.Error()}
}
