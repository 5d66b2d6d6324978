package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/relay/webhook"
)

const (
	toldRate    = 500   // comments per second while subscribers are timed
	idleStreams = 2_000 // that nothing is sent on
)

// measureSubscribers is E: how long after its commit an event reaches those who follow
// events, and what it takes to have many of them who are told nothing.
func (b *bench) measureSubscribers(ctx context.Context) (results []result, err error) {
	l, err := b.newLibrary(ctx, "subscribers")
	if err != nil {
		return nil, err
	}
	h := &httpStack{library: l, posted: door{key: l.key, path: commentsPath}}
	if h.posted.tickets, err = l.openTickets(ctx, b.size(1000)); err != nil {
		return nil, err
	}
	natsURL, err := b.startNATS("subscribers_nats", false)
	if err != nil {
		return nil, err
	}
	service, address, _, err := b.startService(ctx, l.url, natsURL, "api,relay,projector,worker", "--webhook-allow-nets", "127.0.0.0/8", "--webhook-allow-http")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, service.stop()) }()
	h.address, h.posted.address = address, address
	var byStream, byWebhook told
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		byWebhook.note(r.Header.Get("webhook-id"))
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()
	hooks := webhook.NewStore(l.pool, b.root, 0)
	if _, _, err := hooks.Create(ctx, l.account, webhook.Settings{URL: receiver.URL}); err != nil {
		return nil, err
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	followed := make(chan error, 1)
	begun := make(chan struct{})
	go func() { followed <- byStream.follow(following, address, l.key, begun) }()
	select {
	case <-begun:
	case err := <-followed:
		return nil, err
	}
	time.Sleep(3 * time.Second) // within two, the webhook is known
	stream, hook := new(latencies), new(latencies)
	for round := -1; round < b.Rounds; round++ {
		committed, err := b.tellSubscribers(ctx, h)
		if err != nil {
			return nil, err
		}
		for _, of := range []struct {
			told *told
			to   *latencies
			name string
		}{{&byStream, stream, "SSE"}, {&byWebhook, hook, "webhook"}} {
			took, err := of.told.since(ctx, committed)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", of.name, err)
			}
			if round >= 0 { // as in interleave
				of.to.add(took)
				b.say("round %d of %d: commit → %s p50 %.2f ms, p99 %.2f ms", round+1, b.Rounds, of.name, milliseconds(quantile(took, 0.5)), milliseconds(quantile(took, 0.99)))
			}
		}
		b.correct.Checked += 2 * len(committed)
	}
	stop()
	if err := <-followed; err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	memory, err := b.idleStreams(ctx, service, address, l.key, h.posted.tickets[0])
	if err != nil {
		return nil, err
	}
	for _, of := range []*told{&byStream, &byWebhook} {
		b.correct.Doubled += of.doubled
	}
	what := fmt.Sprintf(" at %d/s: ", toldRate)
	return []result{
		absolute("E", "commit → SSE"+what+"p50", "ms", stream.p50, nil),
		absolute("E", "commit → SSE"+what+"p99", "ms", stream.p99, nil),
		absolute("E", "commit → webhook, first attempt"+what+"p50", "ms", hook.p50, nil),
		absolute("E", "commit → webhook, first attempt"+what+"p99", "ms", hook.p99, nil),
		absolute("E", fmt.Sprintf("process with %d idle SSE streams: resident memory", b.size(idleStreams)), "MiB", series{memory}, atMost(200)),
	}, h.check(ctx, b)
}

// latencies are the quantiles of each round.
type latencies struct{ p50, p99 series }

func (l *latencies) add(took []time.Duration) {
	l.p50 = append(l.p50, milliseconds(quantile(took, 0.5)))
	l.p99 = append(l.p99, milliseconds(quantile(took, 0.99)))
}

// tellSubscribers posts at a rate, and returns when each event was committed.
func (b *bench) tellSubscribers(ctx context.Context, h *httpStack) (map[string]time.Time, error) {
	before, err := h.library.log.Head(ctx)
	if err != nil {
		return nil, err
	}
	f, _, err := h.postAtRate(ctx, toldRate, time.Duration(b.Seconds*float64(time.Second)))
	b.correct.Failed += f.posted.failed
	if err != nil {
		return nil, err
	}
	rows, err := h.library.desk.Query(ctx, `SELECT event_id, pg_xact_commit_timestamp(xmin) FROM log.events WHERE shard = 0 AND position > $1`, int64(before.Position))
	if err != nil {
		return nil, err
	}
	committed := make(map[string]time.Time)
	var id uuid.UUID
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error {
		committed[id.String()] = at
		return nil
	})
	return committed, err
}

// told is when somebody was first told of each event.
type told struct {
	mu      sync.Mutex
	at      map[string]time.Time
	doubled int
}

func (t *told) note(id string) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at == nil {
		t.at = make(map[string]time.Time)
	}
	if _, known := t.at[id]; known {
		t.doubled++
		return
	}
	t.at[id] = now
}

// since returns how long after its commit each event was told of, once all were.
func (t *told) since(ctx context.Context, committed map[string]time.Time) (took []time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		t.mu.Lock()
		took = took[:0]
		for id, at := range committed {
			if told, known := t.at[id]; known {
				took = append(took, told.Sub(at))
			}
		}
		t.mu.Unlock()
		if len(took) == len(committed) {
			return took, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("of %d events %d were told: %w", len(committed), len(took), ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// follow notes the events of a stream until ctx ends; begun is closed when it has begun.
func (t *told) follow(ctx context.Context, address, key string, begun chan<- struct{}) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/v1/events", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return &refusal{response.StatusCode}
	}
	close(begun)
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, isData := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !isData {
			continue
		}
		var event struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal(data, &event); err != nil {
			return err
		}
		t.note(event.ID)
	}
	return errors.Join(ctx.Err(), lines.Err())
}

// idleStreams returns what the service has in memory, in MiB, with many streams of events
// of a ticket on which nothing happens.
func (b *bench) idleStreams(ctx context.Context, service *process, address, key string, ticket domain.TicketID) (float64, error) {
	request := getRequest("/v1/events?ticket_id="+ticket.String(), key, "")
	for range b.size(idleStreams) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		if _, err := conn.Write(request); err != nil {
			return 0, err
		}
		status, err := bufio.NewReaderSize(conn, 64).ReadString(13)
		if err != nil {
			return 0, err
		}
		if !strings.HasPrefix(status, "HTTP/1.1 200") {
			return 0, errors.New("a stream was refused")
		}
	}
	settling := 20 * time.Second // a line is sent every 15
	if b.Quick {
		settling = time.Second
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(settling):
	}
	return residentMiB(service.cmd.Process.Pid)
}
