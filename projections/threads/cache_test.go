package threads_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// cached is an instance with a cache of texts of first comments.
type cached struct {
	*threads.Cache
	reader *threads.Reader
	pool   *pgxpool.Pool
}

func newCached(l *logtest.Log, pool *pgxpool.Pool, limit int) *cached {
	return &cached{threads.NewCache(pool, 0, limit, l.Metrics), threads.NewReader(pool, l.Vault, 0), pool}
}

// first answers with the text of the first comment, from the cache if it is there.
func (c *cached) first(ctx context.Context, ticket domain.TicketID, viewer domain.Actor) (text string, hit bool, err error) {
	key := threads.CacheKey{Account: 1, Ticket: ticket, Viewer: viewer, Query: "first"}
	kept, hit, keep, err := c.Get(ctx, key)
	if err != nil || hit {
		text, _ = kept.(string)
		return text, hit, err
	}
	page, err := c.reader.List(ctx, threads.ListQuery{Account: 1, Ticket: ticket, Viewer: viewer, Limit: 1})
	if err != nil {
		return "", false, err
	}
	if len(page.Comments) > 0 {
		text = unquoted(page.Comments[0].BodyJSON)
	}
	keep(text, len(text), page.Version)
	return text, false, nil
}

func (c *cached) want(t *testing.T, ticket domain.TicketID, viewer domain.Actor, text string, hit bool) {
	t.Helper()
	got, wasHit, err := c.first(t.Context(), ticket, viewer)
	if err != nil || got != text || wasHit != hit {
		t.Errorf("first = %q, hit %v, %v; want %q, %v", got, wasHit, err, text, hit)
	}
}

func TestCacheKeepsWhatIsStillTrue(t *testing.T) {
	l := logtest.New(t)
	w, other := newWorld(t, l), newWorld(t, l)
	c := newCached(l, l.Pool, 1<<20)
	agent := logtest.Agent.Actor
	id := w.create(agent.Own(), true, "one")
	otherID := other.create(agent.Own(), true, "two")
	for _, viewer := range []domain.Actor{agent, w.customer} {
		c.want(t, w.ticket, viewer, "one", false)
		c.want(t, w.ticket, viewer, "one", true)
	}
	c.want(t, other.ticket, agent, "two", false)

	other.update(otherID, other.text("two and a half"), nil)
	c.want(t, other.ticket, agent, "two and a half", false)
	c.want(t, other.ticket, agent, "two and a half", true) // it shows what has changed
	c.want(t, w.ticket, agent, "one", true)

	// Another agent sees the same; another customer is another viewer.
	c.want(t, w.ticket, domain.Actor{Kind: domain.ActorAgent, ID: domain.UserID(uuid.New())}, "one", true)
	for _, stranger := range []domain.Actor{{Kind: domain.ActorCustomer, ID: domain.UserID(uuid.New())}, {}} {
		if text, hit, err := c.first(t.Context(), w.ticket, stranger); !errors.Is(err, domain.ErrTicketNotFound) {
			t.Errorf("a stranger is answered %q, hit %v, %v", text, hit, err)
		}
	}

	// A note changes what agents see. Customers must not notice, not even by waiting.
	w.create(agent.Own(), false, "a note")
	c.want(t, w.ticket, w.customer, "one", true)
	c.want(t, w.ticket, agent, "one", false)

	private := false
	w.update(id, nil, &private)
	c.want(t, w.ticket, w.customer, "", false)

	c.want(t, w.ticket, agent, "one", false)
	c.want(t, w.ticket, agent, "one", true)
	otherKind := threads.CacheKey{Account: 1, Ticket: w.ticket, Viewer: agent, Kind: "other", Query: "first"}
	if kept, hit, _, err := c.Get(t.Context(), otherKind); hit || err != nil {
		t.Errorf("whoever asks for another kind of answer is given %v, %v", kept, err)
	}
}

// An answer that was being made while its thread changed is not given to anybody who
// asks after the change.
func TestCacheRefusesWhatIsNoLongerTrue(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	c := newCached(l, l.Pool, 1<<20)
	agent := logtest.Agent.Actor
	id := w.create(agent.Own(), true, "old")
	key := threads.CacheKey{Account: 1, Ticket: w.ticket, Viewer: agent, Query: "first"}
	for _, tt := range []struct {
		name   string
		change func()
		want   string
	}{
		{"nobody noticed", func() { w.update(id, w.text("new"), nil) }, "new"},
		{"somebody else noticed", func() {
			w.update(id, w.text("newer"), nil)
			c.want(t, w.ticket, agent, "newer", false)
		}, "newer"},
	} {
		w.update(id, w.text("old"), nil)
		page, err := c.reader.List(t.Context(), threads.ListQuery{Account: 1, Ticket: w.ticket, Viewer: agent, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, _, keep, err := c.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		tt.change()
		keep("stale", 5, page.Version)
		if text, hit, err := c.first(t.Context(), w.ticket, agent); text != tt.want || err != nil {
			t.Errorf("%s: answered %q, hit %v, %v; want %q", tt.name, text, hit, err, tt.want)
		}
	}
}

func TestCacheStaysWithinItsLimit(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	w.create(logtest.Agent.Actor.Own(), true, "text")
	c := newCached(l, l.Pool, 100_000)
	hits := func(query string) bool {
		key := threads.CacheKey{Account: 1, Ticket: w.ticket, Viewer: w.customer, Query: query}
		_, hit, keep, err := c.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if !hit {
			keep("", 500, 1000)
		}
		return hit
	}
	for i := range 100 {
		hits(strconv.Itoa(i))
	}
	if hits("0") || !hits("99") {
		t.Error("the cache does not drop what was least recently used")
	}
	kept := 0
	for i := range 100 {
		key := threads.CacheKey{Account: 1, Ticket: w.ticket, Viewer: w.customer, Query: strconv.Itoa(i)}
		if _, hit, _, _ := c.Get(t.Context(), key); hit {
			kept++
		}
	}
	// A ticket's answers lie in one of 16 parts, and an entry costs more than its value.
	if kept < 2 || kept > 100_000/16/500 {
		t.Errorf("%d answers of 500 bytes are kept within a part of 100,000 bytes", kept)
	}
}

// Whoever asks while a query is under way shares the next one.
func TestLookUpsShareOneQuery(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	w.create(logtest.Agent.Actor.Own(), true, "text")
	pool, asked := l.ConnectTraced()
	c := newCached(l, pool, 1<<20)
	c.want(t, w.ticket, w.customer, "text", false)
	asked.Take()
	var callers sync.WaitGroup
	const n = 400
	for range n {
		callers.Go(func() {
			if _, hit, err := c.first(t.Context(), w.ticket, w.customer); !hit || err != nil {
				t.Errorf("first = hit %v, %v", hit, err)
			}
		})
	}
	callers.Wait()
	if queries := len(asked.Take()); queries == 0 || queries > n/2 {
		t.Errorf("%d look-ups made %d queries", n, queries)
	}
}

func TestCacheStartsAnewWhenFarBehind(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	id := w.create(logtest.Agent.Actor.Own(), true, "one")
	c := newCached(l, l.Pool, 1<<20)
	c.want(t, w.ticket, w.customer, "one", false)
	c.want(t, w.ticket, w.customer, "one", true)

	// An epoch later, the same positions may hold other events.
	l.Exec("UPDATE log.heads SET epoch = epoch + 1")
	c.want(t, w.ticket, w.customer, "one", false)
	c.want(t, w.ticket, w.customer, "one", true)

	// More events than are looked at one by one.
	w.update(id, w.text("two"), nil)
	l.Exec(`INSERT INTO log.events SELECT position + n, 0, recorded_at, epoch, 99, n, 0, shard, schema_version, internal,
		gen_random_uuid(), ticket_id, NULL, type, data FROM log.events, generate_series(1, 10001) n
		WHERE position = (SELECT position FROM log.heads)`)
	l.Exec("UPDATE log.heads SET position = position + 10001")
	c.want(t, w.ticket, w.customer, "two", false)
	c.want(t, w.ticket, w.customer, "two", true)
}

// Two instances, a writer on one of them: nobody is ever answered with less than had
// been acknowledged when they asked.
func TestCachedAnswersAreLinearisable(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	id := w.create(logtest.Agent.Actor.Own(), true, "0")
	instances := []*cached{newCached(l, l.Connect(), 1<<20), newCached(l, l.Connect(), 1<<20)}
	var acknowledged, hits, misses atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for i := range 8 {
		c := instances[i%2]
		viewer := []domain.Actor{logtest.Agent.Actor, w.customer}[rand.IntN(2)]
		readers.Go(func() {
			for ctx.Err() == nil {
				least := acknowledged.Load()
				text, hit, err := c.first(context.Background(), w.ticket, viewer)
				got, _ := strconv.ParseInt(text, 10, 64)
				if err != nil || got < least {
					t.Errorf("answered %q, %v (hit %v) after %d was acknowledged", text, err, hit, least)
					return
				}
				if hit {
					hits.Add(1)
				} else {
					misses.Add(1)
				}
			}
		})
	}
	for n := range int64(150) {
		w.update(id, w.text(strconv.FormatInt(n+1, 10)), nil)
		acknowledged.Store(n + 1)
		before := hits.Load() // let the answer be kept before it changes again
		logtest.Eventually(t, "a hit", func() bool { return hits.Load() > before || t.Failed() })
		if n%10 == 0 {
			w.apply(100)
		}
	}
	stop()
	readers.Wait()
	if hits.Load() == 0 || misses.Load() < 150 {
		t.Errorf("%d hits and %d misses: this test tests little", hits.Load(), misses.Load())
	}
}

func TestLookUpsFailWithTheDatabase(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	w.create(logtest.Agent.Actor.Own(), true, "text")
	pool := l.Connect()
	c := newCached(l, pool, 1<<20)
	for _, kept := range []bool{false, true} {
		if kept {
			c = newCached(l, l.Connect(), 1<<20)
			c.want(t, w.ticket, w.customer, "text", false)
			pool = c.pool
		}
		pool.Close()
		if _, _, err := c.first(t.Context(), w.ticket, w.customer); !errors.Is(err, eventstore.ErrUnavailable) {
			t.Errorf("first without a database, kept %v: %v; want %v", kept, err, eventstore.ErrUnavailable)
		}
	}
}
