package threads

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

//go:embed sql/public_comments.sql
var publicCommentsText string

var publicCommentsSQL = strings.ReplaceAll(publicCommentsText, "{sides}", sides)

// ErrNoVersion: the moment asked for is a version that the ticket has not reached.
var ErrNoVersion = errors.New("the ticket has no such version")

const (
	foldChunk = 1000 // events that are in memory at a time
	pastChunk = 32   // comments that are, until it is known how long they are
)

// StreamPast gives the comments that q asks for, as many as q.Limit says (0: all), as
// they were: begin is called once, with a page that has no comments, and then chunk
// with comments in order, which it must not keep. All of it is seen at one moment of
// today. An error of begin or chunk ends the stream and is returned as it is.
//
// For those who may see internal notes the ticket's events are folded, for others the
// events of the comments that they may see today: hidden work takes no time. A state
// per comment is kept in memory; texts are read in portions. As Stream does, it keeps
// a connection. Beyond the errors of all methods there is ErrNoVersion.
func (r *Reader) StreamPast(ctx context.Context, q PastQuery, begin func(Page) error, chunk func([]Comment) error) error {
	who, ok := audienceOf(q.Viewer)
	if !ok || who.public && (q.AsCustomer || q.Audit || q.At.Version != 0) {
		return domain.ErrTicketNotFound
	}
	select {
	case r.streams <- struct{}{}:
		defer func() { <-r.streams }()
	case <-ctx.Done():
		return failed(context.Cause(ctx))
	}
	v, err := r.view(ctx, q.Account, q.Ticket)
	if err != nil {
		return err
	}
	defer v.close()
	all, err := v.past(ctx, who, &q)
	if err != nil {
		return err
	}
	page := Page{Total: len(all)}
	all, page.More = q.cut(all)
	for want := pastChunk; ; begin = nil {
		rows := make([]row, min(want, len(all)))
		for i := range rows {
			rows[i] = all[i].row()
		}
		if err := v.fill(ctx, rows); err != nil {
			return err
		}
		if all = all[len(rows):]; len(all) == 0 {
			v.close() // whoever is slow to receive a short thread keeps nothing
		}
		want = fitting(rows)
		if err := r.emitPast(ctx, &q, page, begin, chunk, rows); err != nil || len(all) == 0 {
			return err
		}
	}
}

// Past is StreamPast that returns all at once.
func (r *Reader) Past(ctx context.Context, q PastQuery) (page Page, err error) {
	err = r.StreamPast(ctx, q,
		func(p Page) error { page = p; return nil },
		func(c []Comment) error { page.Comments = append(page.Comments, c...); return nil })
	if err != nil {
		return Page{}, err
	}
	return page, nil
}

func (r *Reader) emitPast(ctx context.Context, q *PastQuery, page Page, begin func(Page) error, chunk func([]Comment) error, rows []row) error {
	comments, err := r.open(ctx, q.Account, q.Ticket, rows, q.Whole)
	if err != nil {
		return err
	}
	if begin != nil {
		if err := begin(page); err != nil {
			return err
		}
	}
	if len(comments) == 0 {
		return nil
	}
	return chunk(comments)
}

// past returns the comments that the query asks for, on whatever page, in the order in
// which they are read.
func (v *view) past(ctx context.Context, who audience, q *PastQuery) (shown []*past, err error) {
	end, err := v.version(ctx, who)
	switch {
	case err != nil:
		return nil, err
	case q.At.Version > end:
		return nil, ErrNoVersion
	}
	var all map[domain.CommentID]*past
	if who.public {
		all, err = v.foldPublic(ctx, q.At)
	} else {
		all, err = v.foldStream(ctx, q)
	}
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if q.shows(p) {
			shown = append(shown, p)
		}
	}
	slices.SortFunc(shown, func(a, b *past) int {
		if q.Desc {
			a, b = b, a
		}
		return cmp.Compare(a.position, b.position)
	})
	return shown, nil
}

// foldStream folds the whole stream of the ticket.
func (v *view) foldStream(ctx context.Context, q *PastQuery) (map[domain.CommentID]*past, error) {
	all := make(map[domain.CommentID]*past)
	var ticket domain.Ticket
	for after := eventstore.Version(0); ; {
		events, err := v.stream(ctx, after, foldChunk)
		if err != nil {
			return nil, err
		}
		for i := range events {
			e := &events[i]
			after = e.Version
			fact := decoded(e)
			later := q.At.Precedes(e, fact)
			if e.Comment == (domain.CommentID{}) {
				if fact != nil && !later {
					ticket = ticket.Evolve(fact)
				}
				continue
			}
			p := all[e.Comment]
			if p == nil {
				if later { // it was made after the moment
					continue
				}
				p = &past{comment: comment{id: e.Comment}}
				all[e.Comment] = p
			}
			p.add(e, fact, later)
		}
		if len(events) < foldChunk {
			break
		}
	}
	if q.AsCustomer && ticket.Requester == nil { // nobody was shown anything
		return nil, nil
	}
	return all, nil
}

// decoded returns what an event says, nil if it does not decode: the projector has raised the
// alarm.
func decoded(e *eventstore.Recorded) domain.Event {
	fact, err := e.Decode()
	if err != nil {
		return nil
	}
	return fact
}

// foldPublic folds the events of the comments that are public today, and nothing else.
func (v *view) foldPublic(ctx context.Context, at Moment) (map[domain.CommentID]*past, error) {
	rows, err := v.conn.Query(ctx, publicCommentsSQL, v.r.shard, v.account, asID(v.ticket))
	if err != nil {
		return nil, failed(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[pgtype.UUID])
	if err != nil {
		return nil, failed(err)
	}
	all := make(map[domain.CommentID]*past, len(ids))
	for part := range slices.Chunk(ids, foldChunk) {
		err := v.chains(ctx, part, true, func(e *eventstore.Recorded) {
			p := all[e.Comment]
			if p == nil {
				p = &past{comment: comment{id: e.Comment}}
				all[e.Comment] = p
			}
			fact := decoded(e)
			p.add(e, fact, at.Precedes(e, fact))
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// cut returns the part of the comments that is on the page, and whether there are more
// behind it or, if it ends before some comment, before it.
func (q *PastQuery) cut(all []*past) (page []*past, more bool) {
	lower, upper, _ := q.bounds()
	page = slices.DeleteFunc(all, func(p *past) bool { return p.position <= lower || p.position >= upper })
	if q.Limit == 0 || len(page) <= q.Limit {
		return page, false
	}
	if q.reversed() {
		return page[len(page)-q.Limit:], true
	}
	return page[:q.Limit], true
}
