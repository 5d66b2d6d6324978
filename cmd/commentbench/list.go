package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/commentd/commentd/domain"
)

// turn is requests that are sent in turn, over and over: what was asked for last is
// asked for again last.
type turn struct {
	requests [][]byte
	next     atomic.Int64
}

func (t *turn) take() []byte { return t.requests[int(t.next.Add(1))%len(t.requests)] }

// reading is a probe that sends requests on keep-alive connections. Every answer must
// be of the same status and about the same size.
func reading(name, address string, connections, status int, requests *turn) probe {
	return probe{name, func(ctx context.Context, d time.Duration) (sample, error) {
		clients, closeAll, err := dialAll(address, connections)
		if err != nil {
			return sample{}, err
		}
		defer closeAll()
		first, err := clients[0].expect(status, requests.take())
		if err != nil {
			return sample{}, err
		}
		size := first.size * 9 / 10 // times may be spelt shorter
		return closedLoop(ctx, connections, d, func(_ context.Context, caller int) error {
			a, err := clients[caller].expect(status, requests.take())
			if err == nil && a.size < size {
				err = fmt.Errorf("answered with %d bytes instead of at least %d", a.size, size)
			}
			return err
		})
	}}
}

func gets(tickets []domain.TicketID, key string, path func(domain.TicketID) string) *turn {
	t := &turn{requests: make([][]byte, len(tickets))}
	for i, ticket := range tickets {
		t.requests[i] = getRequest(path(ticket), key, "")
	}
	return t
}

// measureList is C: lists that are not in memory, by visiting more tickets than the
// page cache has room for, in turn.
func (b *bench) measureList(ctx context.Context) ([]result, error) {
	h, err := b.web(ctx)
	if err != nil {
		return nil, err
	}
	product := gets(h.listed, h.library.key, listPath)
	floor := gets(h.listed, h.library.key, floorListPath)
	before, err := h.cacheLookups()
	if err != nil {
		return nil, err
	}
	s, err := b.interleave(ctx,
		reading("query + marshal, 16", h.floor, 16, 200, floor), reading("list, 16", h.address, 16, 200, product),
		reading("query + marshal, 64", h.floor, 64, 200, floor), reading("list, 64", h.address, 64, 200, product),
	)
	if err != nil {
		return nil, err
	}
	after, err := h.cacheLookups()
	if err != nil {
		return nil, err
	}
	hits, misses := after.hits-before.hits, after.misses-before.misses
	results := []result{
		rates("C", "list of 20 not in memory, 16 connections", s["list, 16"], "query + marshal", s["query + marshal, 16"], atLeast(1)),
		rates("C", "list of 20 not in memory, 64 connections", s["list, 64"], "query + marshal", s["query + marshal, 64"], atLeast(1)),
	}
	for i := range results {
		results[i].Note = fmt.Sprintf("%.1f %% came from memory after all", 100*hits/max(1, hits+misses))
	}
	return results, nil
}
