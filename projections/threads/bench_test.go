package threads_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// A bench is some tickets of sixty comments each, of about the size that people
// write, and the same comments as the plainest service would keep them.
type bench struct {
	worlds []*world
	reader *threads.Reader
	log    *logtest.Log
}

const benchTickets, benchComments, benchCallersPerCPU = 20, 60, 8

func newBench(b *testing.B) *bench {
	b.Helper()
	l := logtest.New(b)
	x := &bench{log: l, reader: threads.NewReader(l.Pool, l.Vault, 0)}
	l.Exec(`CREATE TABLE public.bare (ticket_id uuid, position bigint, id uuid PRIMARY KEY, author_type text, author_user_id uuid,
		author_customer_id uuid, content text, is_internal boolean, created_at timestamptz, updated_at timestamptz)`)
	l.Exec("CREATE INDEX bare_ticket_idx ON public.bare (ticket_id, position)")
	body := strings.Repeat("All work and no play. ", 14)
	for range benchTickets {
		w := newWorld(b, l)
		x.worlds = append(x.worlds, w)
		for i := range benchComments {
			id := w.create(logtest.Agent.Actor.Own(), true, body)
			l.Exec("INSERT INTO public.bare VALUES ($1, $2, $3, 'AGENT', $4, NULL, $5, false, now(), now())",
				uuid.UUID(w.ticket), i, uuid.UUID(id), uuid.New(), body)
		}
		w.apply(1000)
	}
	l.Exec("ANALYZE")
	return x
}

// each runs do for one ticket after another, from several goroutines.
func (x *bench) each(b *testing.B, do func(w *world) error) {
	b.Helper()
	b.SetParallelism(benchCallersPerCPU)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if err := do(x.worlds[i%benchTickets]); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkNewest20 compares a page of the newest 20 comments, seals opened, with one
// indexed query of 20 bare rows and encoding/json.
func BenchmarkNewest20(b *testing.B) {
	x := newBench(b)
	b.Run("bare", func(b *testing.B) { x.each(b, x.bare) })
	for name, viewer := range map[string]func(*world) domain.Actor{
		"agent":    func(*world) domain.Actor { return logtest.Agent.Actor },
		"customer": func(w *world) domain.Actor { return w.customer },
	} {
		b.Run(name, func(b *testing.B) {
			x.each(b, func(w *world) error {
				_, err := x.reader.List(context.Background(), threads.ListQuery{
					Account: 1, Ticket: w.ticket, Viewer: viewer(w), Limit: 20, Desc: true,
				})
				return err
			})
		})
	}
	for _, w := range x.worlds {
		w.create(logtest.Agent.Actor.Own(), true, "not yet in the read model")
	}
	b.Run("tail", func(b *testing.B) {
		x.each(b, func(w *world) error {
			_, err := x.reader.List(context.Background(), threads.ListQuery{
				Account: 1, Ticket: w.ticket, Viewer: logtest.Agent.Actor, Limit: 20, Desc: true,
			})
			return err
		})
	})
}

// bareRow is a comment as the plainest service would show it.
type bareRow struct {
	ID               uuid.UUID  `json:"id"`
	TicketID         uuid.UUID  `json:"ticket_id"`
	AuthorType       string     `json:"author_type"`
	AuthorUserID     *uuid.UUID `json:"author_user_id"`
	AuthorCustomerID *uuid.UUID `json:"author_customer_id"`
	Content          string     `json:"content"`
	IsInternal       bool       `json:"is_internal"`
	CreatedAt        time.Time  `json:"created_at"`
	UpdatedAt        time.Time  `json:"updated_at"`
}

func (x *bench) bare(w *world) error {
	rows, err := x.log.Pool.Query(context.Background(), `
		SELECT id, ticket_id, author_type, author_user_id, author_customer_id, content, is_internal, created_at, updated_at
		  FROM public.bare WHERE ticket_id = $1 ORDER BY position DESC LIMIT 20`, uuid.UUID(w.ticket))
	if err != nil {
		return err
	}
	defer rows.Close()
	var page []bareRow
	for rows.Next() {
		var r bareRow
		if err := rows.Scan(&r.ID, &r.TicketID, &r.AuthorType, &r.AuthorUserID, &r.AuthorCustomerID, &r.Content,
			&r.IsInternal, &r.CreatedAt, &r.UpdatedAt); err != nil {
			return err
		}
		page = append(page, r)
	}
	if rows.Err() != nil {
		return rows.Err()
	}
	_, err = json.Marshal(page)
	return err
}

// BenchmarkValidator is what a 304 costs without a cache.
func BenchmarkValidator(b *testing.B) {
	x := newBench(b)
	x.each(b, func(w *world) error {
		_, err := x.reader.Validator(context.Background(), 1, w.ticket, w.customer)
		return err
	})
}

// BenchmarkCacheHit is a look-up that finds a page in memory.
func BenchmarkCacheHit(b *testing.B) {
	x := newBench(b)
	cache := threads.NewCache(x.log.Pool, 0, 1<<20, x.log.Metrics)
	x.each(b, func(w *world) error {
		_, found, keep, err := cache.Get(context.Background(), threads.CacheKey{Account: 1, Ticket: w.ticket, Viewer: w.customer, Query: "newest"})
		if err == nil && !found {
			keep(1, 1000, 1000)
		}
		return err
	})
}
