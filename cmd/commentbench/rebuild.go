package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/threads"
)

// commandRate is at which rate commands come while their latency is looked at, per
// second.
const commandRate = 200

// measureRebuild is R: a read model is built anew from the log, against reading and
// decoding the same events and writing and indexing the same rows, and what that does to
// commands meanwhile.
func (b *bench) measureRebuild(ctx context.Context) ([]result, error) {
	l, tickets, err := b.wideLog(ctx)
	if err != nil {
		return nil, err
	}
	b.say("building a first read model")
	if _, err := b.rebuild(ctx, l); err != nil {
		return nil, err
	}
	s, err := b.interleave(ctx,
		probe{"read, decode, COPY, index", func(ctx context.Context, _ time.Duration) (sample, error) { return bareRebuild(ctx, l) }},
		probe{"rebuild", func(ctx context.Context, _ time.Duration) (sample, error) { return b.rebuild(ctx, l) }},
	)
	if err != nil {
		return nil, err
	}
	if err := settle(ctx, l.desk); err != nil {
		return nil, err
	}
	c, err := b.commandsMeanwhile(ctx, l, tickets)
	if err != nil {
		return nil, err
	}
	if err := b.checkLog(ctx, l.desk, l.acked.Load()); err != nil {
		return nil, err
	}
	usual, during := c["commands"], c["commands during a rebuild"]
	return []result{
		rates("R", "rebuild of the read model, from start to switch, events", s["rebuild"], "read, decode, COPY and index", s["read, decode, COPY, index"], atLeast(0.75)),
		versus("R", fmt.Sprintf("commands at %d/s during a rebuild: p99, from when it was due", commandRate), "ms",
			each(during, sample.p99), "without", each(usual, sample.p99), atMost(2)),
	}, nil
}

// wideLog returns the large log, which it fills when first asked for it, and its tickets.
func (b *bench) wideLog(ctx context.Context) (*library, []domain.TicketID, error) {
	if b.wide != nil {
		return b.wide, b.wideTickets, nil
	}
	large, err := b.newLibrary(ctx, "large")
	if err != nil {
		return nil, nil, err
	}
	tickets, err := large.openTickets(ctx, b.Events/perTicket)
	if err != nil {
		return nil, nil, err
	}
	b.say("filling a log with %d events", b.Events)
	began := time.Now()
	if err := large.fill(ctx, tickets, perTicket-1); err != nil {
		return nil, nil, err
	}
	b.say("filled at %.0f comments/s", float64(large.acked.Load())/time.Since(began).Seconds())
	b.wide, b.wideTickets = large, tickets
	return large, tickets, settle(ctx, large.desk)
}

// rebuild runs `commentd projection rebuild`, and checks that it has found no
// difference.
func (b *bench) rebuild(ctx context.Context, l *library) (sample, error) {
	began := time.Now()
	p, err := spawn(b.dir, b.commentd, []string{"projection", "rebuild", threads.Name, "--json"}, []string{"COMMENTD_POSTGRES_URL=" + l.url})
	if err != nil {
		return sample{}, err
	}
	var report struct {
		Live    bool               `json:"live"`
		Loaded  int64              `json:"loaded_events"`
		Tickets int                `json:"compared_tickets"`
		Differ  int                `json:"differ"`
		Steps   map[string]float64 `json:"step_seconds"`
	}
	err = json.NewDecoder(p.stdout).Decode(&report)
	select {
	case <-p.exited:
	case <-ctx.Done():
		return sample{}, errors.Join(ctx.Err(), p.stop())
	}
	took := time.Since(began)
	if err != nil || p.err != nil || !report.Live {
		return sample{}, fmt.Errorf("rebuild: %w: %s", errors.Join(err, p.err), p.lastWords())
	}
	b.say("rebuilt %d events in %.2f s; seconds by step: %v", report.Loaded, took.Seconds(), report.Steps)
	b.correct.Checked += int(report.Loaded)
	b.correct.Lost += report.Differ
	return sample{count: int(report.Loaded), elapsed: took}, p.stdout.Close()
}

// commandsMeanwhile measures commands, which a projector follows, as usual and while a
// rebuild runs.
func (b *bench) commandsMeanwhile(ctx context.Context, l *library, tickets []domain.TicketID) (map[string][]sample, error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	projector := projections.New(l.pool, threads.Projection{}, logFeed{l.log}, l.log, l.metrics, projections.Config{})
	done := make(chan error, 1)
	go func() { done <- projector.Run(running) }()
	commands := func(ctx context.Context, d time.Duration) (sample, error) {
		return openLoop(ctx, manyCallers, commandRate, d, func(ctx context.Context, _ int) error {
			return l.comment(ctx, anyOf(tickets), false)
		})
	}
	s, err := b.interleave(ctx,
		// Long enough for a hundredth to be more than the few worst.
		probe{"commands", func(ctx context.Context, d time.Duration) (sample, error) { return commands(ctx, 5*d) }},
		probe{"commands during a rebuild", func(ctx context.Context, d time.Duration) (sample, error) {
			rebuilt := make(chan error, 1)
			go func() {
				_, err := b.rebuild(ctx, l)
				rebuilt <- err
			}()
			var sum sample
			for {
				s, err := commands(ctx, d/4)
				sum.count, sum.failed, sum.elapsed = sum.count+s.count, sum.failed+s.failed, sum.elapsed+s.elapsed
				sum.latency = append(sum.latency, s.latency...)
				if err != nil {
					return sum, errors.Join(err, <-rebuilt)
				}
				select {
				case err := <-rebuilt:
					return sum, err
				default:
				}
			}
		}},
	)
	stop()
	return s, errors.Join(err, <-done)
}
