package main

import (
	"context"
	"fmt"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/threads"
)

// growth is two logs, one with ten times the events of the other. F drains the
// smaller one; H compares them.
type growth struct {
	small       *library
	long, short domain.TicketID // of the small log: with almost all of its comments, and with a hundredth
}

// perTicket is how many comments a ticket of the large log has.
const perTicket = 20

// grown returns the small log, which it fills when first asked for it.
func (b *bench) grown(ctx context.Context) (*growth, error) {
	if b.growth != nil {
		return b.growth, nil
	}
	small, err := b.newLibrary(ctx, "small")
	if err != nil {
		return nil, err
	}
	tickets, err := small.openTickets(ctx, 2)
	if err != nil {
		return nil, err
	}
	g := &growth{small: small, long: tickets[0], short: tickets[1]}
	events := b.Events / 10
	b.say("filling a log with %d events", events)
	err = inParallel(events, func(i int) error {
		if i%100 == 0 {
			return small.comment(ctx, g.short, false)
		}
		return small.comment(ctx, g.long, false)
	})
	if err != nil {
		return nil, err
	}
	b.growth = g
	return g, settle(ctx, small.desk)
}

// measureGrowth is H: what changes as the log, and a ticket, grow.
func (b *bench) measureGrowth(ctx context.Context) ([]result, error) {
	g, err := b.grown(ctx)
	if err != nil {
		return nil, err
	}
	b.say("projecting it")
	if err := b.project(ctx, g.small); err != nil {
		return nil, err
	}
	large, _, err := b.wideLog(ctx)
	if err != nil {
		return nil, err
	}
	space, err := b.measureSpace(ctx, large)
	if err != nil {
		return nil, err
	}
	appended, err := b.compareAppends(ctx, g.small, large)
	if err != nil {
		return nil, err
	}
	list := func(name string, ticket domain.TicketID) probe {
		reader := threads.NewReader(g.small.pool, g.small.vault, 0)
		q := threads.ListQuery{Account: g.small.account, Ticket: ticket, Viewer: g.small.agent, Desc: true, Limit: listSize}
		return probe{name, func(ctx context.Context, d time.Duration) (sample, error) {
			return closedLoop(ctx, 1, d, func(ctx context.Context, _ int) error {
				page, err := reader.List(ctx, q)
				if err == nil && len(page.Comments) != min(listSize, page.Total) {
					err = fmt.Errorf("a list of %d comments instead of %d", len(page.Comments), listSize)
				}
				return err
			})
		}}
	}
	s, err := b.interleave(ctx, list("newest 20 of the short ticket", g.short), list("newest 20 of the long ticket", g.long))
	if err != nil {
		return nil, err
	}
	results := append(appended, versus("H", fmt.Sprintf("newest 20 of a ticket with %d comments: p50", b.Events/10*99/100), "ms",
		each(s["newest 20 of the long ticket"], sample.p50), fmt.Sprintf("of one with %d", b.Events/1000), each(s["newest 20 of the short ticket"], sample.p50), atMost(1.15)))
	return append(results, space...), nil
}

// compareAppends measures the rate of appends to either log.
func (b *bench) compareAppends(ctx context.Context, small, large *library) ([]result, error) {
	var probes []probe
	for _, l := range []*library{small, large} {
		tickets, err := l.openTickets(ctx, b.size(4000))
		if err != nil {
			return nil, err
		}
		probes = append(probes, probe{l.name, func(ctx context.Context, d time.Duration) (sample, error) {
			return closedLoop(ctx, manyCallers, d, func(ctx context.Context, _ int) error {
				return l.comment(ctx, anyOf(tickets), true)
			})
		}})
	}
	s, err := b.interleave(ctx, probes...)
	if err != nil {
		return nil, err
	}
	for _, l := range []*library{small, large} {
		if err := b.checkLog(ctx, l.desk, l.acked.Load()); err != nil {
			return nil, err
		}
	}
	return []result{rates("H", fmt.Sprintf("append, 64 callers, log of %d events", b.Events), s[large.name], fmt.Sprintf("log of %d", b.Events/10), s[small.name], atLeast(0.95))}, nil
}

// project brings the read model up to the end of the log.
func (b *bench) project(ctx context.Context, l *library) error {
	head, err := l.log.Head(ctx)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	p := projections.New(l.pool, threads.Projection{}, logFeed{l.log}, l.log, l.metrics, projections.Config{})
	done := make(chan error, 1)
	go func() { done <- p.Run(running) }()
	if err := projections.Await(ctx, l.pool, threads.Name, 0, head.Position); err != nil {
		return err
	}
	stop()
	if err := <-done; err != nil {
		return err
	}
	return settle(ctx, l.desk)
}

// logFeed feeds a projector from the log itself.
type logFeed struct{ log *eventstore.Store }

func (f logFeed) Run(ctx context.Context, from eventstore.Position, deliver func(context.Context, []eventstore.Recorded) error) error {
	for {
		page, err := f.log.ReadAll(ctx, from, 1000)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		if err := deliver(ctx, page); err != nil {
			return err
		}
		from = page[len(page)-1].Position
	}
}
