package imports

import (
	"maps"
	"slices"
	"sync"
)

// An outcome is what has become of a thing.
type outcome int

const (
	refused outcome = iota
	waiting
	notCarried
	contained
	there
	written
)

func (c *Count) add(o outcome, n int) {
	switch o {
	case refused:
		c.Refused += n
	case waiting:
		c.Waiting += n
	case contained:
		c.Contained += n
	case there:
		c.There += n
	case written:
		c.Written += n
	}
}

func (c *Count) leave(reason string, n int) {
	if c.NotCarried == nil {
		c.NotCarried = map[string]int{}
	}
	c.NotCarried[reason] += n
}

// A tally counts. What is in the file is counted by whoever reads it, what becomes of it by
// whoever writes it: that the sums agree says something.
type tally struct {
	mu      sync.Mutex
	report  Report
	seen    map[int64]struct{} // tickets in the file
	tickets map[int64]outcome  // the best that has come of one
}

func newTally(dryRun bool) *tally {
	return &tally{report: Report{DryRun: dryRun}, seen: map[int64]struct{}{}, tickets: map[int64]outcome{}}
}

// count changes the report.
func (t *tally) count(change func(*Report)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.report)
}

func (t *tally) mistake(at place, reason string) {
	t.count(func(r *Report) {
		if len(r.Mistakes) < maxMistakes {
			r.Mistakes = append(r.Mistakes, Mistake{at.String(), reason})
		}
	})
}

// ticket notes that the file has something about a ticket.
func (t *tally) ticket(number int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen[number] = struct{}{}
}

// became notes what has become of a ticket, unless better has been noted.
func (t *tally) became(number int64, o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if before, known := t.tickets[number]; !known || o > before {
		t.tickets[number] = o
	}
}

// found counts what is in an audit.
func (t *tally) found(a *audit) {
	t.ticket(a.ticket)
	if a.state || a.opening {
		return
	}
	t.count(func(r *Report) {
		r.Audits.InFile++
		r.Events.InFile += a.events()
		if a.comment != nil {
			r.Comments.InFile++
			r.Files.InFile += len(a.comment.files)
		}
	})
}

// done counts what has become of an audit, and of what is in it; files tells what has become
// of those of its comment, nil: the same. left is why an audit is not carried.
func (t *tally) done(a *audit, o outcome, left string, files map[string]int) {
	t.became(a.ticket, o)
	if a.state || a.opening {
		return
	}
	t.count(func(r *Report) {
		if o == notCarried {
			r.Audits.leave(left, 1)
		} else {
			r.Audits.add(o, 1)
		}
		r.Events.add(o, a.carried())
		r.Events.Contained += a.contained
		for reason, n := range a.left {
			r.Events.leave(reason, n)
		}
		if a.comment == nil {
			return
		}
		r.Comments.add(o, 1)
		whole := len(a.comment.files)
		for reason, n := range files {
			r.Files.leave(reason, n)
			whole -= n
		}
		r.Files.add(o, whole)
	})
}

// result is the report so far.
func (t *tally) result() Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.report
	r.Mistakes = slices.Clone(r.Mistakes)
	for _, k := range r.Kinds() {
		k.NotCarried = maps.Clone(k.NotCarried)
	}
	r.Tickets.InFile += len(t.seen)
	for _, o := range t.tickets {
		if o == notCarried || o == contained {
			r.Tickets.leave("nothing of it is carried", 1)
		} else {
			r.Tickets.add(o, 1)
		}
	}
	return r
}
