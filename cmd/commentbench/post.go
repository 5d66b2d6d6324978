package main

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/commentd/commentd/domain"
)

// door is where comments are posted to.
type door struct {
	address string
	key     string
	tickets []domain.TicketID
	path    func(domain.TicketID) string
	acked   atomic.Int64 // comments answered 201
}

// post posts a comment to one of the tickets, with an Idempotency-Key of its own. The
// request is spelt into buffer.
func (d *door) post(c *client, ticket domain.TicketID, buffer *[]byte) (*answer, error) {
	*buffer = postRequest(*buffer, d.path(ticket), d.key, newKey(), commentBody)
	a, err := c.expect(201, *buffer)
	if err == nil {
		d.acked.Add(1)
	}
	return a, err
}

// posting is a probe that posts comments over keep-alive connections.
func (d *door) posting(name string, connections int) probe {
	return probe{name, func(ctx context.Context, length time.Duration) (sample, error) {
		clients, closeAll, err := dialAll(d.address, connections)
		if err != nil {
			return sample{}, err
		}
		defer closeAll()
		buffers := make([][]byte, connections)
		return closedLoop(ctx, connections, length, func(_ context.Context, caller int) error {
			_, err := d.post(clients[caller], anyOf(d.tickets), &buffers[caller])
			return err
		})
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
	floor := func(prefix string) *door {
		path := func(t domain.TicketID) string { return prefix + t.String() }
		return &door{address: h.floor, key: h.library.key, tickets: h.posted.tickets, path: path}
	}
	alone, stop, err := b.apiAlone(ctx, h)
	if err != nil {
		return nil, err
	}
	defer stop()
	posting := h.posted.posting("POST", manyCallers)
	product := probe{posting.name, func(ctx context.Context, d time.Duration) (sample, error) {
		s, err := posting.run(ctx, d)
		if err == nil {
			err = h.projected(ctx) // the floors are not to pay for what is left to do
		}
		return s, err
	}}
	s, err := b.interleave(ctx,
		floor("/insert/").posting("HTTP insert", manyCallers), product,
		floor("/group/").posting("HTTP group commit", manyCallers), alone.posting("POST, api alone", manyCallers),
	)
	if err != nil {
		return nil, err
	}
	if err := h.check(ctx, b); err != nil {
		return nil, err
	}
	return []result{
		rates("B", "POST comment, 64 connections", s["POST"], "HTTP single-row insert", s["HTTP insert"], atLeast(1.5)),
		rates("B", "POST comment, 64 connections", s["POST"], "HTTP group commit of bare rows", s["HTTP group commit"], atLeast(0.7)),
		rates("B", "POST comment, 64 connections, role api alone", s["POST, api alone"], "HTTP single-row insert", s["HTTP insert"], nil),
		versus("B", "POST comment, 64 connections: p99", "ms", each(s["POST"], sample.p99), "HTTP single-row insert: p99", each(s["HTTP insert"], sample.p99), nil),
	}, nil
}

// apiAlone starts a service of the role api alone, on a database of its own: what
// relay and projector cost shows in the difference.
func (b *bench) apiAlone(ctx context.Context, h *httpStack) (d *door, stop func(), err error) {
	l, err := b.newLibrary(ctx, "api_alone")
	if err != nil {
		return nil, nil, err
	}
	d = &door{key: l.key, path: commentsPath}
	if d.tickets, err = l.openTickets(ctx, len(h.posted.tickets)); err != nil {
		return nil, nil, err
	}
	p, address, _, err := b.startService(ctx, l.url, h.natsURL, "api")
	if err != nil {
		return nil, nil, err
	}
	d.address = address
	return d, func() {
		if err := p.stop(); err != nil {
			b.say("%v", err)
		}
	}, nil
}
