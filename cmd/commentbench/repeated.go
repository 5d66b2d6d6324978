package main

import (
	"context"
	"fmt"
	"time"
)

// warmTickets fit into the page cache.
const warmTickets = 100

// measureRepeated is C': lists that were asked for before.
func (b *bench) measureRepeated(ctx context.Context) ([]result, error) {
	h, err := b.web(ctx)
	if err != nil {
		return nil, err
	}
	tickets := h.listed[:min(warmTickets, len(h.listed))]
	product := gets(tickets, h.library.key, listPath)
	one, closeAll, err := dialAll(h.address, 1)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	conditional := &turn{requests: make([][]byte, len(tickets))}
	size := 0
	for i, t := range tickets {
		a, err := one[0].expect(200, product.requests[i])
		if err != nil {
			return nil, err
		}
		size = a.size
		conditional.requests[i] = getRequest(listPath(t), h.library.key, "If-None-Match: "+string(a.etag)+"\r\n")
	}
	static := &turn{requests: [][]byte{getRequest(fmt.Sprintf("/static/%d", size), h.library.key, "")}}
	s, err := b.interleave(ctx,
		reading("static bytes, 16", h.floor, 16, 200, static), reading("repeated list, 16", h.address, 16, 200, product),
		reading("304, 16", h.address, 16, 304, conditional),
		reading("static bytes, 64", h.floor, 64, 200, static), reading("repeated list, 64", h.address, 64, 200, product),
		reading("304, 64", h.address, 64, 304, conditional),
	)
	if err != nil {
		return nil, err
	}
	first, again, err := b.measureAfterWrite(ctx, h)
	if err != nil {
		return nil, err
	}
	return []result{
		rates("C'", "repeated list of 20, 16 connections", s["repeated list, 16"], "static bytes", s["static bytes, 16"], atLeast(0.55)),
		rates("C'", "repeated list of 20, 64 connections", s["repeated list, 64"], "static bytes", s["static bytes, 64"], atLeast(0.55)),
		versus("C'", "list right after a write to its ticket, 1 connection", "1/s", each(first, sample.meanRate), "the same list again", each(again, sample.meanRate), atLeast(0.25)),
		rates("C'", "304, 16 connections", s["304, 16"], "repeated list", s["repeated list, 16"], atLeast(1)),
		rates("C'", "304, 64 connections", s["304, 64"], "repeated list", s["repeated list, 64"], atLeast(1)),
	}, nil
}

// measureAfterWrite has one caller post to a ticket and ask for its list twice, over
// and over: the first answer cannot come from memory, the second can.
func (b *bench) measureAfterWrite(ctx context.Context, h *httpStack) (first, again []sample, err error) {
	clients, closeAll, err := dialAll(h.address, 1)
	if err != nil {
		return nil, nil, err
	}
	defer closeAll()
	c := clients[0]
	lists := gets(h.written, h.library.key, listPath)
	var post []byte
	timed := func(s *sample, request []byte) error {
		began := time.Now()
		_, err := c.expect(200, request)
		return s.note(time.Since(began), err)
	}
	for round := range b.Rounds {
		var a, z sample
		began := time.Now()
		for i := 0; time.Since(began).Seconds() < b.Seconds; i++ {
			ticket := i % len(h.written)
			if _, err := h.posted.post(c, h.written[ticket], &post); err != nil {
				return nil, nil, err
			}
			if err := timed(&a, lists.requests[ticket]); err != nil {
				return nil, nil, err
			}
			if err := timed(&z, lists.requests[ticket]); err != nil {
				return nil, nil, err
			}
		}
		b.say("round %d of %d: list after a write %.3f ms, again %.3f ms", round+1, b.Rounds, a.p50(), z.p50())
		b.correct.Failed += a.failed + z.failed
		first, again = append(first, a), append(again, z)
	}
	return first, again, h.check(ctx, b)
}
