package main

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/commentd/commentd/domain"
)

// posting is a probe that posts comments over keep-alive connections, each with an
// Idempotency-Key of its own.
func (h *httpStack) posting(name, address string, connections int, path func(domain.TicketID) string) probe {
	return probe{name, func(ctx context.Context, d time.Duration) (sample, error) {
		clients, closeAll, err := dialAll(address, connections)
		if err != nil {
			return sample{}, err
		}
		defer closeAll()
		requests := make([][]byte, connections)
		s, err := closedLoop(ctx, connections, d, func(_ context.Context, caller int) error {
			requests[caller] = postRequest(requests[caller], path(anyOf(h.posted)), h.library.key, newKey(), commentBody)
			_, err := clients[caller].expect(201, requests[caller])
			return err
		})
		if address == h.address {
			h.acked.Add(int64(s.count))
		}
		return s, err
	}}
}

var keys atomic.Int64

// newKey is an Idempotency-Key that was not used before.
func newKey() string { return "bench-" + strconv.FormatInt(keys.Add(1), 10) }

// measurePost is B: a comment from the request to the answer, with relay and
// projector at work on the comments before.
func (b *bench) measurePost(ctx context.Context) ([]result, error) {
	h, err := b.web(ctx)
	if err != nil {
		return nil, err
	}
	to := func(prefix string) func(domain.TicketID) string {
		return func(t domain.TicketID) string { return prefix + t.String() }
	}
	product := h.posting("POST", h.address, manyCallers, commentsPath)
	caughtUp := probe{product.name, func(ctx context.Context, d time.Duration) (sample, error) {
		s, err := product.run(ctx, d)
		if err == nil {
			err = h.projected(ctx) // the floors are not to pay for what is left to do
		}
		return s, err
	}}
	s, err := b.interleave(ctx,
		h.posting("HTTP insert", h.floor, manyCallers, to("/insert/")), caughtUp,
		h.posting("HTTP group commit", h.floor, manyCallers, to("/group/")),
	)
	if err != nil {
		return nil, err
	}
	if err := b.checkLog(ctx, h.library.pool, h.library.acked.Load()+h.acked.Load()); err != nil {
		return nil, err
	}
	rate := func(name string) series { return each(s[name], sample.rate) }
	return []result{
		versus("B", "POST comment, 64 connections", "1/s", rate("POST"), "HTTP single-row insert", rate("HTTP insert"), atLeast(1.5)),
		versus("B", "POST comment, 64 connections", "1/s", rate("POST"), "HTTP group commit of bare rows", rate("HTTP group commit"), atLeast(0.7)),
		versus("B", "POST comment, 64 connections: p99", "ms", each(s["POST"], sample.p99), "HTTP single-row insert: p99", each(s["HTTP insert"], sample.p99), nil),
	}, nil
}
