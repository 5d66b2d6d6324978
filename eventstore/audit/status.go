package audit

import (
	"errors"
	"fmt"
	"time"
)

// State is what a sealer is doing.
type State string

const (
	StateStarting State = "starting"
	StateSealing  State = "sealing" // what is in the log is sealed, or about to be
	StateStandby  State = "standby" // another sealer is at work
	StateWaiting  State = "waiting for Postgres"
	// StateHalted: the log is not the one that was sealed. Nothing is sealed until an
	// operator has decided.
	StateHalted State = "halted"
)

// Status is a sealer's state.
type Status struct {
	State  State
	Reason string // why it is not sealing; else empty
}

// advice is what to do when a sealer has halted.
const advice = "Find out what happened with commentd log verify. If Postgres was restored or failed over and has lost its tail, " +
	"or its epoch was raised on purpose, say that the log is the truth nonetheless: commentd log accept-loss"

// Status returns what the sealer is doing now.
func (s *Sealer) Status() Status { return *s.status.Load() }

// Health returns nil while the sealer seals, or stands by while another one does, and
// else an error that says what is wrong and what to do, for anybody to read: why
// Postgres does not answer is told in words that name hosts and users, so it is left out.
func (s *Sealer) Health() error {
	switch st := s.Status(); st.State {
	case StateSealing, StateStandby:
		return nil
	case StateHalted:
		return fmt.Errorf("%s: %s. %s", st.State, st.Reason, advice)
	default:
		return errors.New(string(st.State))
	}
}

// explain enters the state that err stands for and returns for how long to wait.
func (s *Sealer) explain(err error) time.Duration {
	var why *halted
	switch {
	case err == nil:
		s.enter(StateSealing, "")
		return s.timing.interval
	case errors.Is(err, errRival):
		s.enter(StateStandby, "")
		return s.timing.standby
	case errors.As(err, &why):
		s.enter(StateHalted, why.reason)
		s.edge = nil
		return s.timing.halted
	default:
		s.enter(StateWaiting, err.Error())
		return s.timing.retry
	}
}

// enter notes the state and says so where that is news.
func (s *Sealer) enter(state State, reason string) {
	was := *s.status.Load()
	if was.State == state && was.Reason == reason {
		return
	}
	s.status.Store(&Status{state, reason})
	s.metrics.TreeHalted.Set(0)
	switch state {
	case StateHalted:
		s.metrics.TreeHalted.Set(1)
		s.logger.Error("sealer halted: the log is not the one that was sealed", "reason", reason, "advice", advice)
	case StateWaiting:
		s.logger.Warn("sealer", "state", string(state), "reason", reason)
	default:
		if was.State != StateSealing && was.State != StateStandby {
			s.logger.Info("sealer", "state", string(state))
		}
	}
}
