package projections_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// ledger is a thread of which is known what has been acknowledged: comments numbered
// from 1, which stay.
type ledger struct {
	ticket domain.TicketID
	last   atomic.Int64 // number of the last comment that was acknowledged
}

func (g *ledger) write(t *testing.T, l *logtest.Log) {
	l.Comment(1, g.ticket, true, fmt.Sprint(g.last.Load()+1))
	g.last.Add(1)
}

// check compares what was read with what was acknowledged before.
func (g *ledger) check(page threads.Page, comments []threads.Comment, acknowledged int64) error {
	if page.Total < int(acknowledged) {
		return fmt.Errorf("%d comments; %d had been acknowledged", page.Total, acknowledged)
	}
	for i, c := range comments {
		var body string
		if err := json.Unmarshal(c.BodyJSON, &body); err != nil {
			return fmt.Errorf("comment %d of %d: %w", i+1, page.Total, err)
		}
		if want := fmt.Sprint(page.Total - i); body != want {
			return fmt.Errorf("comment %d from the end of %d says %q; want %q", i+1, page.Total, body, want)
		}
	}
	return nil
}

// list reads the newest comments.
func (g *ledger) list(ctx context.Context, r *threads.Reader) error {
	acknowledged := g.last.Load()
	page, err := r.List(ctx, threads.ListQuery{Account: 1, Ticket: g.ticket, Viewer: logtest.Agent.Actor, Desc: true, Limit: 20})
	if err != nil {
		return err
	}
	if len(page.Comments) != min(20, page.Total) {
		return fmt.Errorf("%d comments on a page of a thread of %d", len(page.Comments), page.Total)
	}
	return g.check(page, page.Comments, acknowledged)
}

// stream reads all, chunk by chunk in one transaction if they are many.
func (g *ledger) stream(ctx context.Context, r *threads.Reader) error {
	acknowledged := g.last.Load()
	var page threads.Page
	var comments []threads.Comment
	err := r.Stream(ctx, threads.ListQuery{Account: 1, Ticket: g.ticket, Viewer: logtest.Agent.Actor, Desc: true},
		func(p threads.Page) error { page = p; return nil },
		func(c []threads.Comment) error { comments = append(comments, c...); return nil })
	if err != nil {
		return err
	}
	if len(comments) != page.Total {
		return fmt.Errorf("a stream of %d comments of a thread of %d", len(comments), page.Total)
	}
	return g.check(page, comments, acknowledged)
}

// one reads the thread's counts.
func (g *ledger) one(ctx context.Context, r *threads.Reader) error {
	acknowledged := g.last.Load()
	ticket, err := r.Ticket(ctx, 1, g.ticket, logtest.Agent.Actor)
	if err == nil && ticket.Count(0, nil) < int(acknowledged) {
		err = fmt.Errorf("%d comments; %d had been acknowledged", ticket.Count(0, nil), acknowledged)
	}
	return err
}

// Read models change places again and again under readers on several instances, whose
// statements are prepared, in the middle of transactions that see one moment, with the
// projector at work, far behind, or gone. No answer fails, and none is anything but
// current and whole.
func TestReadersNoticeNothingOfASwitch(t *testing.T) {
	for _, projecting := range []bool{true, false} {
		t.Run(fmt.Sprintf("projecting %v", projecting), func(t *testing.T) {
			l := logtest.New(t)
			if projecting {
				p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
				p.start()
			}
			long, short := &ledger{ticket: l.Open(1, nil)}, &ledger{ticket: l.Open(1, nil)}
			for range 300 {
				long.write(t, l)
			}
			for range 30 {
				short.write(t, l)
			}
			ctx, stop := context.WithCancel(context.Background())
			var working sync.WaitGroup
			var reads, writes atomic.Int64
			working.Go(func() {
				for ctx.Err() == nil {
					[]*ledger{long, short}[rand.IntN(2)].write(t, l)
					writes.Add(1)
				}
			})
			for range 4 {
				reader := threads.NewReader(l.Connect(), l.Vault, 0)
				working.Go(func() {
					for i := 0; ctx.Err() == nil; i++ {
						var err error
						switch i % 5 {
						case 0:
							err = long.stream(context.Background(), reader)
						case 1:
							err = short.stream(context.Background(), reader)
						case 2:
							err = long.one(context.Background(), reader)
						case 3:
							err = long.list(context.Background(), reader)
						case 4:
							err = short.list(context.Background(), reader)
						}
						if err != nil {
							t.Errorf("read %d: %v", i%5, err)
						}
						reads.Add(1)
					}
				})
			}
			for range 4 {
				rebuilt(t, l, projections.RebuildConfig{})
				if report, err := newRebuilder(l, projections.RebuildConfig{}).Rollback(t.Context()); err != nil {
					t.Errorf("Rollback = %+v, %v", report, err)
				}
			}
			stop()
			working.Wait()
			if reads.Load() < 50 || writes.Load() < 10 {
				t.Errorf("%d reads and %d writes beside the switches: this test tests next to nothing", reads.Load(), writes.Load())
			}
			if projecting {
				await(t, l)
				logtest.CheckRows(t, l.Pool)
			}
		})
	}
}

// A stream that takes its time keeps the tables from changing places, and no other
// reader.
func TestASwitchWaitsForLongReads(t *testing.T) {
	l := logtest.New(t)
	g := &ledger{ticket: l.Open(1, nil)}
	for range 300 {
		g.write(t, l)
	}
	rebuilt(t, l, projections.RebuildConfig{})
	reader := threads.NewReader(l.Connect(), l.Vault, 0)
	switched := newSwitch(t, l, func() {})
	var seen []threads.Comment
	err := reader.Stream(t.Context(), threads.ListQuery{Account: 1, Ticket: g.ticket, Viewer: logtest.Agent.Actor, Desc: true},
		func(threads.Page) error {
			switched.start()
			switched.tries()
			for range 20 {
				if err := g.list(t.Context(), reader); err != nil {
					t.Errorf("another reader: %v", err)
				}
			}
			if status := readStatus(t, l); status.Version != 2 {
				t.Errorf("version %d is read while a transaction reads version 2", status.Version)
			}
			return nil
		},
		func(c []threads.Comment) error { seen = append(seen, c...); return nil })
	if err != nil || len(seen) != 300 {
		t.Errorf("Stream = %d comments, %v; want 300", len(seen), err)
	}
	switched.wait()
	if status := readStatus(t, l); status.Version != 3 {
		t.Errorf("version %d is read after it; want 3", status.Version)
	}
}

// A reader has read the rows of a page, of a version that is behind, and not yet the
// events that are missing in them, when the other version would take its place.
func TestASwitchWaitsForReadsInTheMiddle(t *testing.T) {
	l := logtest.New(t)
	g := &ledger{ticket: l.Open(1, nil)}
	for range 30 {
		g.write(t, l)
	}
	rebuilt(t, l, projections.RebuildConfig{})
	for range 10 {
		g.write(t, l)
	}
	reader := threads.NewReader(l.Connect(), l.Vault, 0)
	if err := g.list(t.Context(), reader); err != nil {
		t.Fatal(err)
	}
	obstacle, err := l.Connect().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer obstacle.Rollback(context.Background())
	var reading sync.WaitGroup
	switched := newSwitch(t, l, func() {
		// The second of the reader's statements needs this table, the first does not.
		if _, err := obstacle.Exec(t.Context(), "LOCK TABLE log.comments"); err != nil {
			t.Error(err)
		}
		reading.Go(func() {
			if err := g.list(context.Background(), reader); err != nil {
				t.Errorf("a read in the middle of a switch: %v", err)
			}
		})
		logtest.Eventually(t, "the reader is in the middle", func() (waits bool) {
			err := l.Pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'log.comments'::regclass AND NOT granted)").Scan(&waits)
			return err == nil && waits
		})
	})
	switched.start()
	switched.tries()
	if err := obstacle.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	reading.Wait()
	switched.wait()
	if err := g.list(t.Context(), reader); err != nil {
		t.Errorf("a read after it: %v", err)
	}
}

// switching is a rebuild of which is known when it is about to switch, and when that did
// not go at once.
type switching struct {
	rebuild func()
	tried   chan struct{}
	done    chan struct{}
}

func newSwitch(t *testing.T, l *logtest.Log, before func()) *switching {
	s := &switching{tried: make(chan struct{}), done: make(chan struct{})}
	var first, again sync.Once
	r := newRebuilder(l, projections.RebuildConfig{Progress: func(p projections.Progress) {
		switch {
		case p.Step != projections.StepSwitch:
		case p.Done == 0:
			first.Do(before)
		default:
			again.Do(func() { close(s.tried) })
		}
	}})
	s.rebuild = func() {
		defer close(s.done)
		if report, err := r.Rebuild(context.Background()); err != nil {
			t.Errorf("Rebuild = %+v, %v", report, err)
		}
	}
	return s
}

func (s *switching) start() { go s.rebuild() }

// tries returns when the switch was not possible, or is over.
func (s *switching) tries() {
	select {
	case <-s.tried:
	case <-s.done:
	}
}

func (s *switching) wait() { <-s.done }
