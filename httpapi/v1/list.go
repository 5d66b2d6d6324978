package v1

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/inbound"
	"github.com/commentd/commentd/projections/threads"
)

// listComments serves GET /v1/tickets/{ticket_id}/comments.
func (a *API) listComments(w http.ResponseWriter, r *http.Request) error {
	principal := auth.From(r.Context())
	ticket, err := domain.ParseTicketID(r.PathValue("ticket_id"))
	if err != nil {
		return err
	}
	asked, err := parseListQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	if asked.at != nil {
		return a.listPast(w, r, ticket, asked)
	}
	kept, _, keep, err := a.pages.Get(r.Context(), threads.CacheKey{
		Account: principal.Account, Ticket: ticket, Viewer: principal.Actor(), Kind: "v1", Query: r.URL.RawQuery,
	})
	if err != nil {
		return err
	}
	if kept, found := kept.(*page); found {
		kept.show(w, r)
		return nil
	}
	l := &listing{a: a, w: w, r: r, asked: asked, keep: keep, query: threads.ListQuery{
		Account: principal.Account, Ticket: ticket, Viewer: principal.Actor(),
		Desc: asked.desc, Limit: asked.limit, Internal: asked.internal, Author: asked.author,
	}}
	if l.query.After, err = l.open(asked.after); err != nil {
		return err
	}
	if l.query.Before, err = l.open(asked.before); err != nil {
		return err
	}
	if len(r.Header["If-None-Match"]) > 0 {
		if done, err := l.unchanged(); done || err != nil {
			return err
		}
	}
	return l.serve()
}

// listing is a list of comments on its way out. What is short goes out in one
// piece, and is kept; the rest is streamed.
type listing struct {
	a     *API
	w     http.ResponseWriter
	r     *http.Request
	asked listQuery
	query threads.ListQuery
	past  *threads.PastQuery // the comments as they were; nil: as they are
	keep  func(page any, size int, version eventstore.Version)

	page    page
	buffer  *[]byte
	version eventstore.Version // that the page shows
	started bool               // a piece has gone out
	count   int                // of comments so far
}

const (
	// pieceSize is how much is gathered before it goes out.
	pieceSize = 64 << 10
	// pieceTimeout is how long a caller may take to receive a piece. A list that is
	// streamed holds a connection to Postgres meanwhile.
	pieceTimeout = 10 * time.Second
)

var pieces = sync.Pool{New: func() any { b := make([]byte, 0, pieceSize+pieceSize/4); return &b }}

// putPiece gives back a buffer that has not grown beyond reason.
func putPiece(b *[]byte) {
	if cap(*b) <= 2*pieceSize {
		*b = (*b)[:0]
		pieces.Put(b)
	}
}

// unchanged answers 304 if the caller has the list already. That takes no more than
// a look at what last happened to the ticket, as far as the caller may know.
func (l *listing) unchanged() (bool, error) {
	ctx, cancel := context.WithTimeout(l.r.Context(), answerTimeout)
	defer cancel()
	change, err := l.a.threads.Validator(ctx, l.query.Account, l.query.Ticket, l.query.Viewer)
	if err != nil {
		return false, err
	}
	// Whether there are notes on the list is part of the tag, so the caller says.
	for _, notes := range [...]bool{false, true} {
		if etag := l.tag(change, notes); inbound.NoneMatch(l.r.Header["If-None-Match"], etag) {
			notModified(l.w, []string{etag}, cacheControl(notes))
			return true, nil
		}
	}
	return false, nil
}

// errEnough ends a stream of which no more is wanted.
var errEnough = errors.New("no more is wanted")

// serve answers with the list.
func (l *listing) serve() error {
	l.buffer = pieces.Get().(*[]byte)
	defer putPiece(l.buffer)
	ctx, cancel := context.WithCancelCause(l.r.Context())
	defer cancel(nil)
	patience := time.AfterFunc(answerTimeout, func() { cancel(context.DeadlineExceeded) })
	defer patience.Stop()

	var err error
	if l.query.Limit > 0 {
		err = l.onePage(ctx)
	} else {
		err = l.stream(ctx, func(comments []threads.Comment) error {
			patience.Reset(answerTimeout)
			return l.chunk(comments)
		})
	}
	switch {
	case err == errEnough:
		l.page.setHeaders(l.w.Header())
	case err != nil && l.started:
		panic(http.ErrAbortHandler) // that it ends early is all that can still be said
	case err != nil:
		return err
	default:
		l.end()
	}
	return nil
}

func (l *listing) onePage(ctx context.Context) error {
	page, err := l.read(ctx)
	if err != nil {
		return err
	}
	if err := l.begin(page); err != nil {
		return err
	}
	return l.chunk(page.Comments)
}

func (l *listing) read(ctx context.Context) (threads.Page, error) {
	if l.past != nil {
		return l.a.threads.Past(ctx, *l.past)
	}
	return l.a.threads.List(ctx, l.query)
}

func (l *listing) stream(ctx context.Context, chunk func([]threads.Comment) error) error {
	if l.past != nil {
		return l.a.threads.StreamPast(ctx, *l.past, l.begin, chunk)
	}
	return l.a.threads.Stream(ctx, l.query, l.begin, chunk)
}

func (l *listing) begin(found threads.Page) error {
	onlyNotes := true
	notes := (l.query.Internal == nil || *l.query.Internal) && found.Count(l.query.Author, &onlyNotes) > 0
	l.version = found.Version
	l.page = page{total: []string{strconv.Itoa(found.Total)}, link: l.links(&found)}
	if l.past != nil {
		l.page.cacheControl = noteControl
	} else {
		l.page.etag, l.page.cacheControl = []string{l.tag(found.ChangeID, notes)}, cacheControl(notes)
	}
	if l.r.Method == http.MethodHead && l.query.Limit == 0 {
		return errEnough
	}
	*l.buffer = append(*l.buffer, '[')
	return nil
}

func (l *listing) chunk(comments []threads.Comment) error {
	buf := *l.buffer
	for i := range comments {
		if l.count++; l.count > 1 {
			buf = append(buf, ',')
		}
		c := shown(l.query.Ticket, &comments[i])
		buf = c.append(buf)
		if len(buf) >= pieceSize {
			if err := l.send(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	*l.buffer = buf
	return nil
}

// send lets a piece go out, and fails if it is not received in time.
func (l *listing) send(piece []byte) error {
	if !l.started {
		l.page.setHeaders(l.w.Header())
		l.started = true
	}
	if err := http.NewResponseController(l.w).SetWriteDeadline(time.Now().Add(l.a.pieceTimeout)); err != nil {
		return err
	}
	_, err := l.w.Write(piece)
	return err
}

func (l *listing) end() {
	*l.buffer = append(*l.buffer, ']')
	if l.started {
		_ = l.send(*l.buffer) // a caller who has gone does not mind
		return
	}
	l.page.finish(*l.buffer)
	if l.past == nil {
		l.keep(&l.page, len(l.page.body), l.version)
	}
	l.page.show(l.w, l.r)
}
