package threads

import (
	"context"
	_ "embed"
	"math"
	"slices"
	"strings"

	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/audited.sql
var auditedText string

// auditedSQL is by direction.
var auditedSQL = [2]string{
	strings.NewReplacer("{from}", ">", "{order}", "version").Replace(auditedText),
	strings.NewReplacer("{from}", "<", "{order}", "version DESC").Replace(auditedText),
}

// An auditWalk reads events audit by audit, until it has met one audit more than it
// passes over and is asked for, or there are no more events.
type auditWalk struct {
	down bool
	skip int // audits to be passed over
	most int

	groups []auditGroup
	met    int // audits, those passed over included
}

// auditSource gives the next events in the order of a walk, and says whether there may be
// more of them.
type auditSource func(ctx context.Context, v *view) (events []eventstore.Recorded, more bool, err error)

// auditGroup is the events of one audit, and those that were met behind it but are in no
// audit.
type auditGroup struct {
	number  int64
	entries []Entry
}

// walk returns how the query's audits are read, and from where. A cursor is the last
// version of its audit: who goes down from there meets that audit first, and passes over
// it.
func (q *AuditQuery) walk() (w *auditWalk, from eventstore.Version) {
	w = &auditWalk{down: q.Desc != (q.Before != 0), most: q.Limit}
	switch cursor := max(q.After, q.Before); {
	case cursor == 0 && w.down:
		from, w.skip = math.MaxInt32, q.Skip
	case cursor == 0:
		w.skip = q.Skip
	case w.down:
		from, w.skip = cursor+1, 1
	default:
		from = cursor
	}
	return w, from
}

// ticketEvents are the events of the view's ticket that show in audits, in one direction
// from a version that is not among them.
func ticketEvents(from eventstore.Version, down bool) auditSource {
	return func(ctx context.Context, v *view) ([]eventstore.Recorded, bool, error) {
		events := make([]eventstore.Recorded, 0, auditChunk)
		err := v.each(ctx, func(e *eventstore.Recorded) { events = append(events, *e) },
			auditedSQL[direction(down)], v.r.shard, v.account, asID(v.ticket), from, auditChunk)
		if n := len(events); n > 0 {
			from = events[n-1].Version
		}
		return events, len(events) == auditChunk, err
	}
}

// run reads the events.
func (w *auditWalk) run(ctx context.Context, v *view, next auditSource) error {
	for more := true; more; {
		var events []eventstore.Recorded
		var err error
		if events, more, err = next(ctx, v); err != nil {
			return err
		}
		for i := range events {
			if w.add(&events[i]) {
				return nil
			}
		}
	}
	if w.met <= w.skip { // the last one is passed over, too
		w.groups = nil
	}
	return nil
}

// auditChunk is how many events are read at a time.
const auditChunk = 256

// add takes in an event and reports whether there are audits enough.
func (w *auditWalk) add(r *eventstore.Recorded) (enough bool) {
	e := Entry{Recorded: *r}
	var err error
	if e.Fact, err = r.Decode(); err != nil {
		return false // the projector has raised the alarm
	}
	number := e.Fact.Metadata().Audit
	last := len(w.groups) - 1
	if audited(r, e.Fact) && (last < 0 || w.groups[last].number != number) {
		if w.met++; w.met > w.skip+w.most+1 {
			return true
		}
		if last >= 0 && w.met <= w.skip+1 { // the one before is passed over
			w.groups = w.groups[:last]
		}
		w.groups = append(w.groups, auditGroup{number: number})
		last = len(w.groups) - 1
	}
	if last >= 0 {
		w.groups[last].entries = append(w.groups[last].entries, e)
	}
	return false
}

// page returns the events of the audits that were asked for, in order, and says whether
// there are more.
func (w *auditWalk) page(more *bool) []Entry {
	if *more = len(w.groups) > w.most; *more {
		w.groups = w.groups[:w.most]
	}
	return w.entries()
}

// entries returns the events of the audits in order.
func (w *auditWalk) entries() (all []Entry) {
	for _, g := range w.groups {
		all = append(all, g.entries...)
	}
	if w.down {
		slices.Reverse(all)
	}
	return all
}
