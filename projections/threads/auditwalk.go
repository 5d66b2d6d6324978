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

// An auditWalk reads the events of a ticket audit by audit, until it has met one audit
// more than it passes over and is asked for, or there are no more events.
type auditWalk struct {
	from eventstore.Version // not included
	down bool
	skip int // audits to be passed over
	most int

	groups []auditGroup
	met    int // audits, those passed over included
}

// auditGroup is the events of one audit, and those that were met behind it but are in no
// audit.
type auditGroup struct {
	number  int64
	entries []Entry
}

// walk returns how the query's audits are read. A cursor is the last version of its
// audit: who goes down from there meets that audit first, and passes over it.
func (q *AuditQuery) walk() *auditWalk {
	w := &auditWalk{down: q.Desc != (q.Before != 0), most: q.Limit}
	switch cursor := max(q.After, q.Before); {
	case cursor == 0 && w.down:
		w.from, w.skip = math.MaxInt32, q.Skip
	case cursor == 0:
		w.skip = q.Skip
	case w.down:
		w.from, w.skip = cursor+1, 1
	default:
		w.from = cursor
	}
	return w
}

// run reads the events.
func (w *auditWalk) run(ctx context.Context, v *view) error {
	for from, done := w.from, false; !done; {
		events := make([]eventstore.Recorded, 0, auditChunk)
		err := v.each(ctx, func(e *eventstore.Recorded) { events = append(events, *e) },
			auditedSQL[direction(w.down)], v.r.shard, v.account, asID(v.ticket), from, auditChunk)
		if err != nil {
			return err
		}
		for i := range events {
			if from = events[i].Version; w.add(&events[i]) {
				return nil
			}
		}
		done = len(events) < auditChunk
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
