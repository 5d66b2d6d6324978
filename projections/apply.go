package projections

import (
	"context"
	"errors"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// ticketKey names a stream.
type ticketKey struct {
	account domain.AccountID
	ticket  domain.TicketID
}

func keyOf(r *eventstore.Recorded) ticketKey { return ticketKey{r.Account, r.Ticket} }

// apply applies recorded events and moves the checkpoints, all or nothing. Tickets
// whose events cannot be applied are quarantined.
func (p *Projector) apply(ctx context.Context, recorded []eventstore.Recorded, moved moves, source string) error {
	if len(moved) == 0 {
		return nil
	}
	events, poisoned := decode(recorded)
	for done := false; !done; {
		err := p.commit(ctx, recorded, p.healthy(events, poisoned), moved, p.unknown(poisoned))
		switch {
		case err == nil:
			done = true
		case errors.Is(err, errQuarantine): // which is known now
		case isPoison(err):
			found, searchErr := p.search(ctx, p.healthy(events, poisoned))
			if searchErr != nil {
				return searchErr
			}
			if len(found) == 0 { // no ticket fails alone: it was not the events
				return err
			}
			poisoned = append(poisoned, found...)
		default:
			return err
		}
	}
	for i, position := range moved {
		p.held[i].position = position
	}
	for _, q := range p.unknown(poisoned) {
		p.sick[q.ticketKey] = true
		p.logger.Error("ticket quarantined", "position", q.position, "reason", q.reason)
	}
	p.last = recorded[len(recorded)-1].RecordedAt
	p.metrics.ProjectorEvents.WithLabelValues(p.projection.Name(), source).Add(float64(len(recorded)))
	return nil
}

// decode turns recorded events into facts. Those that cannot be are poison.
func decode(recorded []eventstore.Recorded) (events []Event, poisoned []poison) {
	events = make([]Event, 0, len(recorded))
	for i := range recorded {
		r := &recorded[i]
		fact, err := r.Decode()
		if err != nil {
			poisoned = append(poisoned, poison{keyOf(r), r.Position, err.Error()})
			continue
		}
		events = append(events, Event{*r, fact})
	}
	return events, poisoned
}

// healthy returns the events of tickets that are neither quarantined nor to be.
func (p *Projector) healthy(events []Event, poisoned []poison) []Event {
	if len(p.sick) == 0 && len(poisoned) == 0 {
		return events
	}
	sick := make(map[ticketKey]bool, len(poisoned))
	for _, q := range poisoned {
		sick[q.ticketKey] = true
	}
	var kept []Event
	for i := range events {
		if key := keyOf(&events[i].Recorded); !sick[key] && !p.sick[key] {
			kept = append(kept, events[i])
		}
	}
	return kept
}

// unknown returns the poison that is not in quarantine yet.
func (p *Projector) unknown(poisoned []poison) (fresh []poison) {
	for _, q := range poisoned {
		if !p.sick[q.ticketKey] {
			fresh = append(fresh, q)
		}
	}
	return fresh
}
