package threads

import (
	"context"
	_ "embed"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/ticket_before.sql
var ticketBeforeSQL string

// HistoryQuery asks for the events of a ticket, in order.
type HistoryQuery struct {
	Account domain.AccountID
	Ticket  domain.TicketID
	Viewer  domain.Actor       // one who may see internal notes: a history hides nothing
	After   eventstore.Version // only events after it
	Limit   int                // 0: all there are
}

// Entry is an event of a ticket's history, with what it changed.
type Entry struct {
	eventstore.Recorded
	Fact   domain.Event  // nil: it does not decode
	Before domain.Ticket // what the ticket was; for events about the ticket itself
	// Old and New are what the comment, or the ticket's subject, said before and after,
	// as redactions have left it. They are set where the event has brought a text.
	Old, New Text
}

// History gives the events that q asks for: begin is called once, with the number of
// events that there are in all, and then chunk with entries in order, which it must not
// keep. Events that are recorded meanwhile are left out. Memory does not grow with the
// ticket, and no connection is kept while chunk works. An error of begin or chunk ends
// the history and is returned as it is.
func (r *Reader) History(ctx context.Context, q HistoryQuery, begin func(total int) error, chunk func([]Entry) error) error {
	who, ok := audienceOf(q.Viewer)
	if !ok || who.public {
		return domain.ErrTicketNotFound
	}
	h := history{q: q, want: pastChunk, upto: -1}
	for {
		entries, err := h.next(ctx, r, who)
		if err != nil {
			return err
		}
		if begin != nil {
			if err := begin(int(h.upto)); err != nil {
				return err
			}
			begin = nil
		}
		if len(entries) == 0 {
			return nil
		}
		if err := chunk(entries); err != nil {
			return err
		}
	}
}

// history is how far a history has been read.
type history struct {
	q      HistoryQuery // what is left of it
	upto   eventstore.Version
	want   int  // entries of the next portion
	done   bool // there are no more
	known  bool // what the ticket is
	ticket domain.Ticket
}

// next reads some entries, in a transaction of their own.
func (h *history) next(ctx context.Context, r *Reader, who audience) ([]Entry, error) {
	if h.done {
		return nil, nil
	}
	v, err := r.view(ctx, h.q.Account, h.q.Ticket)
	if err != nil {
		return nil, err
	}
	defer v.close()
	if h.upto < 0 {
		if h.upto, err = v.version(ctx, who); err != nil {
			return nil, err
		}
	}
	entries, err := h.events(ctx, v)
	if err != nil {
		return nil, err
	}
	found, err := v.passages(ctx, entries)
	if err != nil {
		return nil, err
	}
	h.want = portion(len(entries), found.size())
	v.close()
	return entries, found.open(ctx, r, entries)
}

// events reads the next events.
func (h *history) events(ctx context.Context, v *view) ([]Entry, error) {
	want := min(h.want, max(0, int(h.upto-h.q.After)))
	if h.q.Limit > 0 {
		want = min(want, h.q.Limit)
	}
	recorded, err := v.stream(ctx, h.q.After, want)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(recorded))
	for i := range recorded {
		entries[i].Recorded = recorded[i]
		if entries[i].Fact, err = recorded[i].Decode(); err != nil {
			entries[i].Fact = nil // the projector has raised the alarm
		}
		h.q.After = recorded[i].Version
	}
	if h.q.Limit > 0 {
		h.q.Limit -= len(recorded)
		h.done = h.q.Limit == 0
	}
	h.done = h.done || len(recorded) < want || h.q.After >= h.upto
	return entries, h.tickets(ctx, v, entries)
}

// tickets notes what the ticket was before each of the entries that are about it.
func (h *history) tickets(ctx context.Context, v *view, entries []Entry) error {
	for i := range entries {
		e := &entries[i]
		if e.Comment != (domain.CommentID{}) || e.Fact == nil {
			continue
		}
		if !h.known && e.Version > 1 {
			err := v.each(ctx, func(e *eventstore.Recorded) {
				if fact, err := e.Decode(); err == nil {
					h.ticket = h.ticket.Evolve(fact)
				}
			}, ticketBeforeSQL, v.r.shard, v.account, asID(v.ticket), e.Version)
			if err != nil {
				return err
			}
		}
		h.known = true
		e.Before = h.ticket
		h.ticket = h.ticket.Evolve(e.Fact)
	}
	return nil
}
