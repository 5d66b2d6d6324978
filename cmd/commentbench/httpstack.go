package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/threads"
)

// httpStack is the product and the floors behind HTTP, each a process of its own,
// with comments to list. B, C, C' and D share it.
type httpStack struct {
	library        *library // of the product's database; not for writing while the product runs
	address, floor string
	natsURL        string
	posted         door              // the product's
	listed         []domain.TicketID // of listSize comments each, on both sides
	written        []domain.TicketID // likewise, to post to and list
}

// listSize is how many comments are on the lists of C.
const listSize = 20

// web returns the stack, which it builds when first asked for it.
func (b *bench) web(ctx context.Context) (*httpStack, error) {
	if b.http != nil {
		return b.http, nil
	}
	h := new(httpStack)
	var err error
	if h.library, err = b.newLibrary(ctx, "web"); err != nil {
		return nil, err
	}
	h.posted.key, h.posted.path = h.library.key, commentsPath
	if h.posted.tickets, err = h.library.openTickets(ctx, b.size(1000)); err != nil {
		return nil, err
	}
	if h.listed, err = h.library.openTickets(ctx, b.size(uncachedTickets)); err != nil {
		return nil, err
	}
	if h.written, err = h.library.openTickets(ctx, b.size(100)); err != nil {
		return nil, err
	}
	b.say("filling %d tickets with %d comments each", len(h.listed), listSize)
	if err := h.library.fill(ctx, append(h.written, h.listed...), listSize); err != nil {
		return nil, err
	}
	floorURL, bare, err := b.bareDatabase(ctx, "web_floor")
	if err != nil {
		return nil, err
	}
	tickets := make([]uuid.UUID, len(h.listed))
	for i, t := range h.listed {
		tickets[i] = uuid.UUID(t)
	}
	if err := fillBare(ctx, bare, tickets, listSize); err != nil {
		return nil, err
	}
	if err := b.serveBoth(ctx, h, "nats", floorURL); err != nil {
		return nil, err
	}
	if err := errors.Join(settle(ctx, h.library.desk), settle(ctx, bare)); err != nil {
		return nil, err
	}
	b.http = h
	return h, h.sane()
}

// serveBoth starts the product on its database and the floors on theirs, and waits until
// all that was written can be read.
func (b *bench) serveBoth(ctx context.Context, h *httpStack, nats, floorURL string) (err error) {
	if h.natsURL, err = b.startNATS(nats, false); err != nil {
		return err
	}
	service, address, _, err := b.startService(ctx, h.library.url, h.natsURL, "api,relay,projector,worker")
	if err != nil {
		return err
	}
	b.closers = append(b.closers, service.stop)
	floors, floor, err := spawnSelf(b.dir, "floors", childDatabase+"="+floorURL)
	if err != nil {
		return err
	}
	b.closers = append(b.closers, floors.stop)
	h.address, h.posted.address, h.floor = address, address, floor
	b.say("waiting for the read model")
	return h.projected(ctx)
}

// uncachedTickets is more tickets than the product's page cache has room for, twice.
const uncachedTickets = 4000

// projected waits until all of the log is in the read model.
func (h *httpStack) projected(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	head, err := h.library.log.Head(ctx)
	if err != nil {
		return err
	}
	return projections.Await(ctx, h.library.pool, threads.Name, 0, head.Position)
}

// check checks that the log holds what was acknowledged to anybody.
func (h *httpStack) check(ctx context.Context, b *bench) error {
	return b.checkLog(ctx, h.library.desk, h.library.acked.Load()+h.posted.acked.Load())
}

// sane checks what is then checked by size only: that both sides list what was
// written.
func (h *httpStack) sane() error {
	for _, url := range []string{"http://" + h.address + listPath(h.listed[0]), "http://" + h.floor + floorListPath(h.listed[0])} {
		body, err := get(url, h.library.key)
		if err != nil {
			return err
		}
		if n := strings.Count(string(body), commentText); n != listSize {
			return fmt.Errorf("a list was answered with %d comments instead of %d", n, listSize)
		}
	}
	return nil
}

func commentsPath(t domain.TicketID) string  { return "/v1/tickets/" + t.String() + "/comments" }
func listPath(t domain.TicketID) string      { return commentsPath(t) + "?limit=" + strconv.Itoa(listSize) }
func floorListPath(t domain.TicketID) string { return floorPage(t, time.Time{}, listSize) }

// floorPage is the path of the bare rows of a ticket that come after a time.
func floorPage(t domain.TicketID, after time.Time, limit int) string {
	return "/tickets/" + t.String() + "/comments?after=" + after.UTC().Format(time.RFC3339Nano) + "&limit=" + strconv.Itoa(limit)
}

// lookups are what the product counts of its page cache.
type lookups struct{ hits, misses float64 }

func (h *httpStack) cacheLookups() (l lookups, err error) {
	body, err := get("http://"+h.address+"/metrics", "")
	if err != nil {
		return l, err
	}
	const name = "commentd_page_cache_lookups_total"
	for line := range strings.Lines(string(body)) {
		if value, found := strings.CutPrefix(line, name+`{result="hit"} `); found {
			l.hits, err = strconv.ParseFloat(strings.TrimSpace(value), 64)
		} else if value, found := strings.CutPrefix(line, name+`{result="miss"} `); found {
			l.misses, err = strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
		if err != nil {
			return l, err
		}
	}
	if l.hits+l.misses == 0 {
		return l, errors.New("the product does not count its page cache")
	}
	return l, nil
}

// get returns what a server answers with 200.
func get(url, key string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = &refusal{response.StatusCode}
	}
	return body, err
}
