package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

const (
	zendeskPage    = 100     // comments of a list, as many as a page may hold
	zendeskTickets = 400     // of a page each
	longTicket     = 100_000 // comments of a ticket that is read by cursor
	repeatedPages  = 8       // of it: what is kept of one ticket has room for some more
)

// measureZendesk is Z: lists of 100 comments of the Zendesk-compatible API, of short
// tickets and from places all over a long one, against a query by an index for as many
// bare rows, marshalled.
func (b *bench) measureZendesk(ctx context.Context) (results []result, err error) {
	l, err := b.newLibrary(ctx, "zendesk")
	if err != nil {
		return nil, err
	}
	tickets, err := l.openTickets(ctx, b.size(zendeskTickets)+1)
	if err != nil {
		return nil, err
	}
	short, long := tickets[1:], tickets[:1]
	length := max(b.size(longTicket), 5*zendeskPage)
	b.say("filling %d tickets with %d comments each, and one with %d", len(short), zendeskPage, length)
	if err := errors.Join(l.fill(ctx, short, zendeskPage), l.fill(ctx, long, length)); err != nil {
		return nil, err
	}
	floorURL, bare, err := b.bareDatabase(ctx, "zendesk_floor")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(fillBare(ctx, bare, asUUIDs(short), zendeskPage), fillBare(ctx, bare, asUUIDs(long), length)); err != nil {
		return nil, err
	}
	h := &httpStack{library: l}
	if err := b.serveBoth(ctx, h, "zendesk_nats", floorURL); err != nil {
		return nil, err
	}
	if err := errors.Join(settle(ctx, l.desk), settle(ctx, bare)); err != nil {
		return nil, err
	}
	paths := make([]string, len(short))
	for i, ticket := range short {
		if paths[i], err = l.zendeskPath(ctx, ticket); err != nil {
			return nil, err
		}
	}
	first, err := l.zendeskPath(ctx, long[0])
	if err != nil {
		return nil, err
	}
	pages, err := h.walk(first, length/zendeskPage)
	if err != nil {
		return nil, err
	}
	deep, err := bareCursors(ctx, bare, long[0], length/zendeskPage)
	if err != nil {
		return nil, err
	}
	again := getAll(pages[:min(len(pages), repeatedPages)], l.key)
	product, floor := getAll(paths, l.key), gets(short, l.key, func(t domain.TicketID) string { return floorPage(t, time.Time{}, zendeskPage) })
	productLong, floorLong := getAll(pages, l.key), getAll(deep, l.key)
	s, err := b.interleave(ctx,
		reading("query + marshal, 16", h.floor, 16, 200, floor), reading("short, 16", h.address, 16, 200, product),
		reading("query + marshal, long, 16", h.floor, 16, 200, floorLong), reading("long, 16", h.address, 16, 200, productLong),
		reading("again, 16", h.address, 16, 200, again),
	)
	if err != nil {
		return nil, err
	}
	long100 := fmt.Sprintf("/api/v2 list of 100, ticket of %d by cursor, ", length)
	return []result{
		rates("Z", "/api/v2 list of 100, short tickets, not in memory, 16 connections", s["short, 16"], "query + marshal of 100", s["query + marshal, 16"], atLeast(0.8)),
		rates("Z", long100+"not in memory, 16 connections", s["long, 16"], "query + marshal of 100", s["query + marshal, long, 16"], atLeast(0.8)),
		rates("Z", long100+"repeated, 16 connections", s["again, 16"], "query + marshal of 100", s["query + marshal, long, 16"], atLeast(0.8)),
	}, b.checkLog(ctx, l.desk, l.acked.Load())
}

func asUUIDs(tickets []domain.TicketID) []uuid.UUID {
	ids := make([]uuid.UUID, len(tickets))
	for i, t := range tickets {
		ids[i] = uuid.UUID(t)
	}
	return ids
}

func getAll(paths []string, key string) *turn {
	t := &turn{requests: make([][]byte, len(paths))}
	for i, path := range paths {
		t.requests[i] = getRequest(path, key, "")
	}
	return t
}

// zendeskPath is that of a ticket's first page.
func (l *library) zendeskPath(ctx context.Context, ticket domain.TicketID) (string, error) {
	var number int64
	err := l.desk.QueryRow(ctx, "SELECT number FROM log.tickets WHERE ticket_id = $1", uuid.UUID(ticket)).Scan(&number)
	return fmt.Sprintf("/api/v2/tickets/%d/comments?page[size]=%d", number, zendeskPage), err
}

// walk follows a list from page to page and returns the paths of all of them. Each must
// be full of what was written.
func (h *httpStack) walk(path string, pages int) (paths []string, err error) {
	for range pages {
		paths = append(paths, path)
		body, err := get("http://"+h.address+path, h.library.key)
		if err != nil {
			return nil, err
		}
		var page struct {
			Comments []struct {
				Body string `json:"body"`
			} `json:"comments"`
			Links struct {
				Next string `json:"next"`
			} `json:"links"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, err
		}
		for _, c := range page.Comments {
			if c.Body != commentText {
				return nil, errors.New("a comment that nobody wrote")
			}
		}
		if len(page.Comments) != zendeskPage {
			return nil, fmt.Errorf("a page of %d comments instead of %d", len(page.Comments), zendeskPage)
		}
		if page.Links.Next == "" {
			break
		}
		next, err := url.Parse(page.Links.Next)
		if err != nil {
			return nil, err
		}
		path = next.RequestURI()
	}
	if len(paths) != pages {
		return nil, fmt.Errorf("the list ended after %d pages instead of %d", len(paths), pages)
	}
	return paths, nil
}
