package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

// measureAppend is A: what it takes to get a comment into the log, without HTTP.
func (b *bench) measureAppend(ctx context.Context) ([]result, error) {
	product, err := b.newLibrary(ctx, "append")
	if err != nil {
		return nil, err
	}
	tickets, err := product.openTickets(ctx, b.size(4000))
	if err != nil {
		return nil, err
	}
	_, bare, err := b.bareDatabase(ctx, "append_floor")
	if err != nil {
		return nil, err
	}
	group := newGroupCommit(bare)
	go group.run(ctx)
	defer close(group.in)

	appendTo := func(name string, callers int, tickets []domain.TicketID) probe {
		return probe{name, func(ctx context.Context, d time.Duration) (sample, error) {
			return closedLoop(ctx, callers, d, func(ctx context.Context, _ int) error {
				return product.comment(ctx, anyOf(tickets), true)
			})
		}}
	}
	insert := func(name string, callers int, insert func(context.Context, bareRow) error) probe {
		return probe{name, func(ctx context.Context, d time.Duration) (sample, error) {
			return closedLoop(ctx, callers, d, func(ctx context.Context, _ int) error {
				return insert(ctx, newBareRow(uuid.UUID(anyOf(tickets)), commentText))
			})
		}}
	}
	single := func(ctx context.Context, r bareRow) error { return insertBare(ctx, bare, r) }
	s, err := b.interleave(ctx,
		insert("insert, 1", 1, single), appendTo("append, 1", 1, tickets),
		insert("insert, 64", 64, single), appendTo("append, 64", 64, tickets), appendTo("append, 256", 256, tickets),
		appendTo("append, 64 on one ticket", 64, tickets[:1]), insert("group commit, 64", 64, group.insert),
	)
	if err != nil {
		return nil, err
	}
	if err := b.checkLog(ctx, product.desk, product.acked.Load()); err != nil {
		return nil, err
	}
	return []result{
		rates("A", "append, 1 caller", s["append, 1"], "single-row insert, 1 caller", s["insert, 1"], atLeast(0.9)),
		rates("A", "append, 64 callers", s["append, 64"], "single-row insert, 64 callers", s["insert, 64"], atLeast(1.5).aim(2.5)),
		rates("A", "append, 256 callers", s["append, 256"], "single-row insert, 64 callers", s["insert, 64"], atLeast(2.5).aim(4)),
		versus("A", "append, 64 callers: p99", "ms", each(s["append, 64"], sample.p99), "single-row insert, 64 callers: p99", each(s["insert, 64"], sample.p99), atMost(0.5)),
		rates("A", "append, 64 callers on one ticket", s["append, 64 on one ticket"], "single-row insert, 64 callers", s["insert, 64"], atLeast(1)),
		rates("A", "append, 64 callers", s["append, 64"], "group commit of bare rows, 64 callers", s["group commit, 64"], nil),
		rates("A", "(floor) group commit of bare rows, 64 callers", s["group commit, 64"], "single-row insert, 64 callers", s["insert, 64"], nil),
	}, nil
}
