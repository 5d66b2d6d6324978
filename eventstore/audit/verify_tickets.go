package audit

import (
	"context"
	_ "embed"
	"fmt"
	"math"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/streams.sql
var streamsSQL string

// tickets goes through the log ticket by ticket and compares what was made of the
// events with what they come to.
func (r *run) tickets(ctx context.Context) error {
	var s *stream
	seen := int64(0)
	last := eventstore.Recorded{Account: math.MinInt32}
	for more := true; more; {
		events, err := r.read(ctx, streamsSQL, r.Shard, last.Account, uuid.UUID(last.Ticket), last.Version)
		if err != nil {
			return err
		}
		more = len(events) == page
		for i := range events {
			e := &events[i]
			last = *e
			if s == nil || s.account != e.Account || s.ticket != e.Ticket {
				if err := r.end(ctx, s); err != nil {
					return err
				}
				s = newStream(e.Account, e.Ticket)
				if err := r.follow(ctx, s); err != nil {
					return err
				}
			}
			r.add(s, e)
		}
		seen += int64(len(events))
		r.progress(StageTickets, seen)
	}
	if err := r.end(ctx, s); err != nil {
		return err
	}
	return r.flush(ctx, true)
}

func (r *run) follow(ctx context.Context, s *stream) error {
	if r.Follower == nil {
		return nil
	}
	return r.Follower.Begin(ctx, r.tx, s.account, s.ticket)
}

// add folds the next event of a ticket.
func (r *run) add(s *stream, e *eventstore.Recorded) {
	fact, err := e.Decode()
	if err != nil {
		fact = nil
	}
	for _, problem := range s.add(e, fact) {
		r.report.find("log.events", span(int64(e.Position), int64(e.Position)), "%s (version %d of %s)", problem, e.Version, s.name())
	}
	if r.Follower != nil {
		r.Follower.Event(e, fact)
	}
}

func (s *stream) name() string { return ticketRow(s.account, s.ticket) }

func ticketRow(account domain.AccountID, ticket domain.TicketID) string {
	return fmt.Sprintf("account %d ticket %s", account, ticket)
}

// end compares a ticket of which all events are folded, soon.
func (r *run) end(ctx context.Context, s *stream) error {
	if s == nil {
		return nil
	}
	r.report.Tickets++
	r.report.Comments += int64(len(s.order))
	r.folded = append(r.folded, s)
	if r.Follower != nil {
		findings, err := r.Follower.End(ctx, r.tx)
		if err != nil {
			return err
		}
		for _, f := range findings {
			r.report.find(f.Table, f.Row, "%s", f.Problem)
		}
	}
	return r.flush(ctx, false)
}

// enough rows are compared at once: what a ticket comes to is compared with many others.
const enough = 1000

// flush compares the tickets that are waiting if they are enough, or all there will be.
func (r *run) flush(ctx context.Context, all bool) error {
	rows := 0
	for _, s := range r.folded {
		rows += 1 + len(s.order) + len(s.contents)
	}
	if rows < enough && !all {
		return nil
	}
	defer func() { r.folded = nil }()
	for _, compare := range []func(context.Context) error{r.compareTickets, r.compareComments, r.compareContents, r.compareObligations} {
		if err := compare(ctx); err != nil {
			return err
		}
	}
	return nil
}
