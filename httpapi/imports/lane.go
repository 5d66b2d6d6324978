package imports

import (
	"context"
	"sync"
)

// A lane writes to its tickets, one thing after the other. Which tickets are whose follows from
// their numbers, so what happened to one stays in order, and what happened to different ones is
// appended together.
type lane struct {
	*Importer
	streams map[int64]*stream
	waiting map[int64]struct{} // tickets that are not in streams any more
	jobs    chan task
}

// A task is a job with the bytes of the record that it is about.
type task struct {
	job
	bytes int64
}

type job func(context.Context, *lane) error

// A phase is what lanes are busy with: people are not introduced while others do something of
// whom it is still guessed who they are.
type phase int

const (
	peopleFirst phase = iota
	historyThen
)

// A shift is lanes at work on one file.
type shift struct {
	ctx     context.Context
	stop    context.CancelCauseFunc
	lanes   []*lane
	phase   phase
	record  int64 // bytes of the one that jobs are given about
	held    held
	pending sync.WaitGroup // jobs
	ended   sync.WaitGroup // lanes
}

// maxHeld is how many bytes the records may have that lanes are working on or have yet to: a
// record of any size is taken up if there is no other.
const maxHeld = 2 * maxRecord

// held is how many bytes of records are in memory for jobs, each as often as there are jobs.
type held struct {
	mu    sync.Mutex
	freed sync.Cond
	bytes int64
}

// take waits until there is room. One goroutine may wait at a time.
func (h *held) take(bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.bytes > 0 && h.bytes+bytes > maxHeld {
		h.freed.Wait()
	}
	h.bytes += bytes
}

func (h *held) free(bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bytes -= bytes
	h.freed.Signal()
}

// begin starts lanes, which work until end is called.
func (i *Importer) begin(ctx context.Context) *shift {
	s := &shift{}
	s.held.freed.L = &s.held.mu
	s.ctx, s.stop = context.WithCancelCause(ctx)
	for range i.config.Lanes {
		l := &lane{Importer: i, streams: map[int64]*stream{}, waiting: map[int64]struct{}{}, jobs: make(chan task, 8)}
		s.lanes = append(s.lanes, l)
		s.ended.Go(func() { s.work(l) })
	}
	return s
}

func (s *shift) work(l *lane) {
	for t := range l.jobs {
		if s.ctx.Err() == nil {
			if err := t.job(s.ctx, l); err != nil {
				s.stop(err)
			}
		}
		s.held.free(t.bytes)
		s.pending.Done()
	}
}

// do has a lane do a job, after all that it was given about the same thing. It waits for other
// phases to end, and for room for the record. The error is that of an earlier job, or of the context.
func (s *shift) do(p phase, about int64, j job) error {
	if s.phase != p {
		s.pending.Wait()
		s.phase = p
	}
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	s.held.take(s.record)
	s.pending.Add(1)
	s.lanes[uint64(about)%uint64(len(s.lanes))].jobs <- task{j, s.record}
	return nil
}

// end waits for all lanes. The error is the given one, or that of a job.
func (s *shift) end(err error) error {
	if err != nil {
		s.stop(err)
	}
	for _, l := range s.lanes {
		close(l.jobs)
	}
	s.ended.Wait()
	err = context.Cause(s.ctx) // nil, unless something has stopped the shift
	s.stop(nil)
	return err
}
