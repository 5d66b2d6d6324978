package audit

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var (
	//go:embed sql/streams.sql
	streamsSQL string
	//go:embed sql/touched.sql
	touchedSQL string
)

// tickets goes through the log ticket by ticket and compares what was made of the
// events with what they come to.
func (r *run) tickets(ctx context.Context) error {
	from := tickMark{Account: math.MinInt32}
	if r.done != nil {
		from = *r.done
		if err := r.again(ctx, from); err != nil {
			return err
		}
	}
	w := walk{run: r}
	last := eventstore.Recorded{Account: from.Account, Ticket: from.Ticket, Version: math.MaxInt32}
	for more := true; more; {
		events, err := r.read(ctx, streamsSQL, r.Shard, last.Account, uuid.UUID(last.Ticket), last.Version)
		if err != nil {
			return err
		}
		more = len(events) == r.page
		for i := range events {
			last = events[i]
			if err := w.next(ctx, &events[i]); err != nil {
				return err
			}
		}
		r.progress(StageTickets, w.seen)
	}
	return w.end(ctx, true)
}

// again checks the tickets up to one to which something has happened since they were
// checked. They were counted then.
func (r *run) again(ctx context.Context, to tickMark) error {
	rows, err := r.tx.Query(ctx, touchedSQL, r.Shard, to.Position, to.Account, uuid.UUID(to.Ticket))
	if err != nil {
		return eventstore.Unavailable("read events", err)
	}
	var touched []tickMark
	var account domain.AccountID
	var ticket uuid.UUID
	if _, err := pgx.ForEachRow(rows, []any{&account, &ticket}, func() error {
		touched = append(touched, tickMark{Account: account, Ticket: domain.TicketID(ticket)})
		return nil
	}); err != nil {
		return eventstore.Unavailable("read events", err)
	}
	counted := *r.report
	for _, t := range touched {
		w := walk{run: r}
		version := eventstore.Version(0)
		for more := true; more; {
			events, err := r.read(ctx, streamsSQL, r.Shard, t.Account, uuid.UUID(t.Ticket), version)
			if err != nil {
				return err
			}
			more = len(events) == r.page
			for i := range events {
				if events[i].Account != t.Account || events[i].Ticket != t.Ticket {
					more = false
					break
				}
				version = events[i].Version
				if err := w.next(ctx, &events[i]); err != nil {
					return err
				}
			}
		}
		if err := w.end(ctx, true); err != nil {
			return err
		}
	}
	r.report.Tickets, r.report.Comments, r.report.Contents = counted.Tickets, counted.Comments, counted.Contents
	r.done = &tickMark{int64(r.head.Position), to.Account, to.Ticket}
	return nil
}

// walk goes through events that are in the order of tickets.
type walk struct {
	*run
	s    *stream
	seen int64
}

func (w *walk) next(ctx context.Context, e *eventstore.Recorded) error {
	if s := w.s; s == nil || s.Account != e.Account || s.ID != e.Ticket {
		if err := w.end(ctx, false); err != nil {
			return err
		}
		w.s = newStream(e.Account, e.Ticket)
		if w.Follower != nil {
			if err := w.Follower.Begin(ctx, w.tx, e.Account, e.Ticket); err != nil {
				return err
			}
		}
	}
	w.seen++
	w.add(w.s, e)
	return nil
}

// end compares the ticket, soon; if it is the last one all that are waiting.
func (w *walk) end(ctx context.Context, all bool) error {
	s := w.s
	if s == nil {
		return nil
	}
	w.s = nil
	w.report.Tickets++
	for _, c := range s.Comments {
		if c.Exists {
			w.report.Comments++
		}
	}
	w.folded = append(w.folded, s)
	flushed, err := w.flush(ctx, all)
	if err != nil || !flushed {
		return err
	}
	if w.done == nil || less(*w.done, s) { // else it is one that was checked before
		w.done = &tickMark{int64(w.head.Position), s.Account, s.ID}
	}
	return w.note()
}

// less reports whether a ticket comes after the mark.
func less(m tickMark, s *stream) bool {
	return m.Account < s.Account || m.Account == s.Account && bytes.Compare(m.Ticket[:], s.ID[:]) < 0
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

func (s *stream) name() string { return ticketRow(s.Account, s.ID) }

func ticketRow(account domain.AccountID, ticket domain.TicketID) string {
	return fmt.Sprintf("account %d ticket %s", account, ticket)
}

// flush compares the tickets that are waiting if they are enough, or all there will be.
func (r *run) flush(ctx context.Context, all bool) (flushed bool, err error) {
	rows := 0
	for _, s := range r.folded {
		rows += 1 + len(s.Order) + len(s.contents)
	}
	if rows < r.enough && !all {
		return false, nil
	}
	defer func() { r.folded = nil }()
	for _, compare := range []func(context.Context) error{r.compareTickets, r.compareComments, r.compareChats, r.compareContents, r.compareFiles, r.compareObligations} {
		if err := compare(ctx); err != nil {
			return false, err
		}
	}
	if r.Follower == nil {
		return true, nil
	}
	findings, err := r.Follower.Flush(ctx, r.tx)
	for _, f := range findings {
		r.report.find(f.Table, f.Row, "%s", f.Problem)
	}
	return true, err
}
