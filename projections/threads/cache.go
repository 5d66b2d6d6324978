package threads

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
)

// A Cache keeps answers that were made from threads, in memory, and gives them back
// for as long as they are what the Reader would answer. Before it gives one back it
// waits for a small query about the whole log, which all look-ups at the time share.
//
// What those are given who may not see internal notes stays through changes to notes,
// so that they cannot tell from its speed that there was one.
type Cache struct {
	fresh   *freshness
	metrics *metrics.Metrics
	seed    maphash.Seed
	parts   [cacheParts]cachePart
}

// CacheKey names an answer.
type CacheKey struct {
	Account domain.AccountID
	Ticket  domain.TicketID
	Viewer  domain.Actor
	Kind    string // of answer: who asks for another never gets it
	Query   string // whatever else the answer depends on
}

const (
	cacheParts       = 16
	cacheGenerations = 1 << 10 // per part
	cacheOverhead    = 400     // of an entry, in bytes, roughly
)

// cachePart holds the tickets of which the hash says so.
type cachePart struct {
	mu      sync.Mutex
	limit   int // in bytes
	size    int
	tickets map[ticketKey]map[entryKey]*cacheEntry
	used    cacheEntry // ring of entries, the latest used is next
	// generations count the changes of the tickets that share a slot, apart for the
	// two audiences. What was begun in an earlier generation is not kept.
	generations [cacheGenerations][2]uint64
}

// entryKey is a CacheKey with the viewer's rights in place of the viewer: all who may
// see everything share an answer.
type entryKey struct {
	CacheKey
	all bool // and then Viewer is zero
}

func (k CacheKey) entry() entryKey {
	if k.Viewer.SeesInternal() {
		k.Viewer = domain.Actor{}
		return entryKey{k, true}
	}
	return entryKey{k, false}
}

// class is the index of the generations that the answer belongs to.
func (k entryKey) class() int {
	if k.all {
		return 0
	}
	return 1
}

type cacheEntry struct {
	key        entryKey
	value      any
	version    eventstore.Version // what it shows
	size       int
	prev, next *cacheEntry
}

// NewCache returns a cache of about limit bytes for answers about a shard.
func NewCache(pool *pgxpool.Pool, shard int16, limit int, m *metrics.Metrics) *Cache {
	c := &Cache{fresh: newFreshness(pool, shard), metrics: m, seed: maphash.MakeSeed()}
	c.fresh.changed, c.fresh.lost = c.invalidate, c.clear
	for i := range c.parts {
		p := &c.parts[i]
		p.limit = limit / cacheParts
		p.tickets = make(map[ticketKey]map[entryKey]*cacheEntry)
		p.used.prev, p.used.next = &p.used, &p.used
	}
	return c
}

// Get returns the answer kept under key, if it is still what would be answered now.
// If there is none, keep stores one: it must have been made after Get returned, show
// the thread at version (Thread.Version), and occupy about size bytes. It is not
// stored if the thread is known to have changed meanwhile; a change that is not known
// yet drops it when it is.
//
// Those who may see everything share answers; everybody else has their own. The error
// is eventstore.ErrUnavailable.
func (c *Cache) Get(ctx context.Context, key CacheKey) (value any, found bool, keep func(value any, size int, version eventstore.Version), err error) {
	at := key.entry()
	p, slot := c.part(key.Account, key.Ticket)
	if p.find(at) != nil {
		if err := c.fresh.wait(ctx); err != nil {
			return value, false, nil, err
		}
		if e := p.find(at); e != nil {
			c.metrics.CacheLookups.WithLabelValues("hit").Inc()
			return e.value, true, nil, nil
		}
	}
	c.metrics.CacheLookups.WithLabelValues("miss").Inc()
	p.mu.Lock()
	defer p.mu.Unlock()
	generation := &p.generations[slot][at.class()]
	begun := *generation
	return value, false, func(value any, size int, version eventstore.Version) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if *generation == begun {
			p.add(&cacheEntry{key: at, value: value, version: version, size: size + len(key.Query) + cacheOverhead})
		}
	}, nil
}

// find returns what is kept under key, and notes that it is of use.
func (p *cachePart) find(key entryKey) *cacheEntry {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.tickets[ticketKey{key.Account, key.Ticket}][key]
	if e != nil {
		p.unlink(e)
		p.link(e)
	}
	return e
}

// Drop drops the answer kept under key: it shows something that the log does not tell of,
// and that has changed.
func (c *Cache) Drop(key CacheKey) {
	p, _ := c.part(key.Account, key.Ticket)
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.tickets[ticketKey{key.Account, key.Ticket}][key.entry()]; e != nil {
		p.remove(e)
	}
}

func (c *Cache) part(account domain.AccountID, ticket domain.TicketID) (p *cachePart, slot uint64) {
	var name [20]byte
	binary.BigEndian.PutUint32(name[:], uint32(account))
	copy(name[4:], ticket[:])
	h := maphash.Bytes(c.seed, name[:])
	return &c.parts[h%cacheParts], h / cacheParts % cacheGenerations
}

// invalidate drops what an event makes untrue: what does not show it.
func (c *Cache) invalidate(account domain.AccountID, ticket domain.TicketID, version eventstore.Version, internal bool) {
	p, slot := c.part(account, ticket)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.generations[slot][0]++
	if !internal {
		p.generations[slot][1]++
	}
	for key, e := range p.tickets[ticketKey{account, ticket}] {
		if e.version < version && (!internal || key.all) {
			p.remove(e)
		}
	}
}

func (c *Cache) clear() {
	for i := range c.parts {
		p := &c.parts[i]
		p.mu.Lock()
		for slot := range p.generations {
			p.generations[slot][0]++
			p.generations[slot][1]++
		}
		clear(p.tickets)
		p.used.prev, p.used.next, p.size = &p.used, &p.used, 0
		p.mu.Unlock()
	}
}

func (p *cachePart) add(e *cacheEntry) {
	if e.size > p.limit/4 { // it would push out too much
		return
	}
	ticket := ticketKey{e.key.Account, e.key.Ticket}
	if p.tickets[ticket] == nil {
		p.tickets[ticket] = make(map[entryKey]*cacheEntry)
	}
	if old := p.tickets[ticket][e.key]; old != nil {
		if old.version > e.version {
			return
		}
		p.unlink(old)
		p.size -= old.size
	}
	p.tickets[ticket][e.key] = e
	p.link(e)
	for p.size += e.size; p.size > p.limit; {
		p.remove(p.used.prev)
	}
}

func (p *cachePart) remove(e *cacheEntry) {
	p.unlink(e)
	p.size -= e.size
	ticket := ticketKey{e.key.Account, e.key.Ticket}
	delete(p.tickets[ticket], e.key)
	if len(p.tickets[ticket]) == 0 {
		delete(p.tickets, ticket)
	}
}

func (p *cachePart) link(e *cacheEntry) {
	e.prev, e.next = &p.used, p.used.next
	e.prev.next, e.next.prev = e, e
}

func (p *cachePart) unlink(e *cacheEntry) {
	e.prev.next, e.next.prev = e.next, e.prev
}
