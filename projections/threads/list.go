package threads

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// List returns a page of a thread. It is one query, unless the projector has yet to
// apply an event that concerns the viewer.
func (r *Reader) List(ctx context.Context, q ListQuery) (Page, error) {
	passed := 0
	if q.After == 0 && q.Before == 0 {
		var err error
		if passed, err = r.passed(ctx, q); err != nil {
			return Page{}, err
		}
		if err := r.skip(ctx, &q); err != nil {
			return Page{}, err
		}
	}
	if q.Limit == 0 {
		page, err := r.all(ctx, q)
		page.Total = max(0, page.Total-passed)
		return page, err
	}
	// A page that begins at the beginning has more behind it if the total says so;
	// any other asks for one row more than it shows.
	want := q.Limit
	if !q.whole() {
		want++
	}
	read := pageReads.Get().(*pageRead)
	defer read.free()
	who, err := r.read(ctx, &q, want, read)
	if err != nil {
		return Page{}, err
	}
	rows := read.rows
	if read.behind() {
		if rows, read.thread, err = r.withTail(ctx, who, &q, want, read); err != nil {
			return Page{}, err
		}
	}
	page, err := r.fill(ctx, &q, read.thread.seenBy(who), rows)
	page.Total = max(0, page.Total-passed)
	return page, err
}

// withTail reads a page again, together with the tail.
func (r *Reader) withTail(ctx context.Context, who audience, q *ListQuery, want int, read *pageRead) ([]row, thread, error) {
	once := read.applied && int(read.version-read.thread.version) <= shortTail
	for {
		s, err := r.snapshot(ctx, who, q, want+read.extra(), once)
		if err != nil {
			return nil, thread{}, err
		}
		rows, err := s.next(ctx, want)
		s.close()
		if !errors.Is(err, errShort) {
			return rows, s.thread, err
		}
		once = false
	}
}

// read makes the one query that usually is enough.
func (r *Reader) read(ctx context.Context, q *ListQuery, want int, read *pageRead) (audience, error) {
	who, ok := audienceOf(q.Viewer)
	if !ok {
		return who, domain.ErrTicketNotFound
	}
	lower, upper, down := q.bounds()
	asked := who.pageOf(q, lower, upper, want)
	var err error
	if want <= sharedRows {
		err = r.shared[who.class()][q.filter()][direction(down)].get(ctx, asked, read)
	} else {
		err = r.readAlone(ctx, q, down, asked, read)
	}
	if err != nil {
		return who, failed(err)
	}
	if !read.found {
		return who, domain.ErrTicketNotFound
	}
	return who, nil
}

func (r *Reader) readAlone(ctx context.Context, q *ListQuery, down bool, asked pageRange, read *pageRead) error {
	rows, err := r.pool.Query(ctx, asked.who.page(q, down), asked.args(r.shard)...)
	if err != nil {
		return err
	}
	return read.collect(rows, asked.who)
}

// fill cuts the rows to the page's size, opens them and puts them in order.
func (r *Reader) fill(ctx context.Context, q *ListQuery, t Thread, rows []row) (Page, error) {
	page := Page{Thread: t, Total: t.Count(q.Author, q.Internal)}
	if page.More = page.Total > len(rows); !q.whole() {
		page.More = len(rows) > q.Limit
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
	}
	if q.reversed() {
		slices.Reverse(rows)
	}
	var err error
	page.Comments, err = r.open(ctx, q.Account, q.Ticket, rows, q.Whole)
	return page, err
}

// page is the statement for a page of q that is read upwards or downwards.
func (who audience) page(q *ListQuery, down bool) string {
	return who.statements().page[q.filter()][direction(down)]
}

// pageRange is what a page is read by.
type pageRange struct {
	who          audience
	account      domain.AccountID
	ticket       domain.TicketID
	lower, upper eventstore.Position
	author       domain.AuthorType
	limit        int
}

func (who audience) pageOf(q *ListQuery, lower, upper eventstore.Position, limit int) pageRange {
	return pageRange{who, q.Account, q.Ticket, lower, upper, q.Author, limit}
}

// args are the arguments of page.sql.
func (p *pageRange) args(shard int16) []any {
	return []any{shard, int32(p.account), asID(p.ticket), p.who.requester,
		int64(p.lower), int64(p.upper), int16(p.author), p.limit}
}

// pageRead is the result of page.sql.
type pageRead struct {
	found  bool // the ticket
	thread thread
	state
	rows  []row
	arena []byte // of sealed contents
}

// pageReads are there to be used again: a page needs some twenty kilobytes for a
// moment.
var pageReads = sync.Pool{New: func() any { return new(pageRead) }}

// free gives p back, with all its rows.
func (p *pageRead) free() {
	if cap(p.arena) > 1<<20 {
		return
	}
	*p = pageRead{rows: p.rows[:0], arena: p.arena[:0]}
	pageReads.Put(p)
}

// behind reports whether the log has something for the audience that the rows do not
// show.
func (p *pageRead) behind() bool { return !p.applied || p.version > p.thread.version }

// extra is how many rows the tail may take from a page.
func (p *pageRead) extra() int {
	if !p.applied {
		return 0
	}
	return min(shortTail, int(p.version-p.thread.version))
}

func (p *pageRead) collect(rows pgx.Rows, who audience) error {
	defer rows.Close()
	for rows.Next() {
		p.add(rows.RawValues(), who)
	}
	return rows.Err()
}

// add takes in one row.
func (p *pageRead) add(v [][]byte, who audience) {
	if v[6] == nil {
		p.found = true
		p.thread, p.state = ticketRow(v, who)
		if v[21] != nil {
			p.thread.requester = new(domain.UserID(v[21]))
		}
		return
	}
	var c row
	c, p.arena = commentRow(v, p.arena)
	p.rows = append(p.rows, c)
}

// seenBy is what an audience may know of the thread.
func (t *thread) seenBy(who audience) Thread {
	if who.public {
		return Thread{
			ChangeID: t.publicChange, Version: t.version, UpdatedAt: t.public.UpdatedAt, Requester: t.requester,
			public: t.publicCounts,
		}
	}
	return Thread{
		ChangeID: t.change, Version: t.version, UpdatedAt: t.all.UpdatedAt, Requester: t.requester,
		public: t.publicCounts, internal: t.internalCounts,
	}
}
