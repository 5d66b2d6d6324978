package v1

import (
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/problem"
	"github.com/commentd/commentd/projections/threads"
)

// listComments serves GET /v1/tickets/{ticket_id}/comments.
func (a *API) listComments(w http.ResponseWriter, r *http.Request) error {
	l := listing{a: a, w: w, r: r, principal: auth.From(r.Context())}
	var err error
	if l.query.Ticket, err = domain.ParseTicketID(r.PathValue("ticket_id")); err != nil {
		return err
	}
	if l.asked, err = parseListQuery(r.URL.RawQuery); err != nil {
		return err
	}
	if err := l.resolve(); err != nil {
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
// piece; the rest is streamed.
type listing struct {
	a         *API
	w         http.ResponseWriter
	r         *http.Request
	principal auth.Principal
	asked     listQuery
	query     threads.ListQuery

	page    threads.Page // without its comments, once it has begun
	buffer  *[]byte
	started bool // a part has gone out
	count   int  // of comments so far
	last    eventstore.Position
	first   eventstore.Position
}

// pieceSize is how much is gathered before it goes out.
const pieceSize = 64 << 10

// pieceTimeout is how long a caller may take to receive a piece. A list that is
// streamed holds a connection to Postgres meanwhile.
const pieceTimeout = 10 * time.Second

var pieces = sync.Pool{New: func() any { b := make([]byte, 0, pieceSize+pieceSize/4); return &b }}

// resolve turns what was asked into a query.
func (l *listing) resolve() error {
	q := &l.query
	q.Account, q.Viewer = l.principal.Account, l.principal.Actor()
	q.Desc, q.Limit, q.Internal, q.Author = l.asked.desc, l.asked.limit, l.asked.internal, l.asked.author
	var err error
	if q.After, err = l.open(l.asked.after); err != nil {
		return err
	}
	q.Before, err = l.open(l.asked.before)
	return err
}

var errCursor = problem.New(problem.BadRequest, "after and before must be cursors from a Link header of this list.")

// open returns the position of a cursor, 0 for none.
func (l *listing) open(cursor string) (eventstore.Position, error) {
	if cursor == "" {
		return 0, nil
	}
	position, err := l.a.cursors.Open(l.cursorContext(), cursor)
	if err != nil || position == 0 || int64(position) < 0 {
		return 0, errCursor
	}
	return eventstore.Position(position), nil
}

// cursorContext: a cursor is good for one ticket of one account, in any order and
// under any filter.
func (l *listing) cursorContext() []byte {
	context := binary.BigEndian.AppendUint32(append(make([]byte, 0, 32), "comments"...), uint32(l.query.Account))
	return append(context, l.query.Ticket[:]...)
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
		etag := l.tag(change, notes)
		if noneMatch(l.r.Header["If-None-Match"], etag) {
			l.setValidators(etag, notes)
			l.w.WriteHeader(http.StatusNotModified)
			return true, nil
		}
	}
	return false, nil
}

// tag is the entity tag of the list. What audience it is for is part of it, or else
// a customer could tell a list with notes from one without.
func (l *listing) tag(change domain.EventID, notes bool) string {
	var flags byte
	if l.query.Viewer.SeesInternal() {
		flags |= 1
	}
	if notes {
		flags |= 2
	}
	which := l.asked.appendFilters(append(make([]byte, 0, 128), flags))
	which = append(append(append(append(which, l.asked.after...), '/'), l.asked.before...), '/')
	return `"` + l.a.tags.Tag([]byte("list"), change[:], which) + `"`
}

func (l *listing) setValidators(etag string, notes bool) {
	h := l.w.Header()
	h.Set("ETag", etag)
	if notes {
		h.Set("Cache-Control", cacheNever)
	} else {
		h.Set("Cache-Control", cachePrivate)
	}
}

// errEnough ends a stream of which no more is wanted.
var errEnough = errors.New("no more is wanted")

// serve answers with the list.
func (l *listing) serve() error {
	l.buffer = pieces.Get().(*[]byte)
	defer func() {
		if cap(*l.buffer) <= 2*pieceSize {
			*l.buffer = (*l.buffer)[:0]
			pieces.Put(l.buffer)
		}
	}()
	ctx, cancel := context.WithCancelCause(l.r.Context())
	defer cancel(nil)
	patience := time.AfterFunc(answerTimeout, func() { cancel(context.DeadlineExceeded) })
	defer patience.Stop()

	var err error
	if l.query.Limit > 0 {
		err = l.onePage(ctx)
	} else {
		err = l.a.threads.Stream(ctx, l.query, l.begin, func(comments []threads.Comment) error {
			patience.Reset(answerTimeout)
			return l.chunk(comments)
		})
	}
	switch {
	case err != nil && l.started:
		panic(http.ErrAbortHandler) // that it ends early is all that can still be said
	case err != nil && !errors.Is(err, errEnough):
		return err
	}
	l.end()
	return nil
}

func (l *listing) onePage(ctx context.Context) error {
	page, err := l.a.threads.List(ctx, l.query)
	if err != nil {
		return err
	}
	if err := l.begin(page); err != nil {
		return err
	}
	return l.chunk(page.Comments)
}

func (l *listing) begin(page threads.Page) error {
	l.page = page
	onlyNotes := true
	notes := (l.query.Internal == nil || *l.query.Internal) && page.Count(l.query.Author, &onlyNotes) > 0
	l.setValidators(l.tag(page.ChangeID, notes), notes)
	h := l.w.Header()
	h.Set("X-Total-Count", strconv.Itoa(page.Total))
	h.Set("Content-Type", mediaType)
	*l.buffer = append(*l.buffer, '[')
	if l.r.Method == http.MethodHead && l.query.Limit == 0 {
		return errEnough
	}
	return nil
}

func (l *listing) chunk(comments []threads.Comment) error {
	buf := *l.buffer
	for i := range comments {
		if l.count++; l.count > 1 {
			buf = append(buf, ',')
		} else {
			l.first = comments[i].Position
		}
		c := shown(l.query.Ticket, &comments[i])
		buf = c.append(buf)
		if len(buf) >= pieceSize && l.query.Limit == 0 {
			if err := l.send(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
		l.last = comments[i].Position
	}
	*l.buffer = buf
	return nil
}

// send lets a piece go out, and fails if it is not received in time.
func (l *listing) send(piece []byte) error {
	l.started = true
	if err := http.NewResponseController(l.w).SetWriteDeadline(time.Now().Add(l.a.pieceTimeout)); err != nil {
		return err
	}
	_, err := l.w.Write(piece)
	return err
}

func (l *listing) end() {
	buf := append(*l.buffer, ']')
	*l.buffer = buf
	if l.started {
		_ = l.send(buf) // a caller who has gone does not mind
		return
	}
	h := l.w.Header()
	if link := l.link(); link != "" {
		h.Set("Link", link)
	}
	if l.r.Method != http.MethodHead || l.query.Limit > 0 {
		h.Set("Content-Length", strconv.Itoa(len(buf)))
	}
	_, _ = l.w.Write(buf) // likewise
}

// link returns the Link header of the page, empty if it has no neighbours.
func (l *listing) link() string {
	if l.count == 0 {
		return ""
	}
	backwards := l.query.Before != 0
	var dst []byte
	if backwards || l.page.More {
		dst = l.appendLink(dst, "after", l.last, "next")
	}
	if l.query.After != 0 || backwards && l.page.More {
		dst = l.appendLink(dst, "before", l.first, "prev")
	}
	return string(dst)
}

func (l *listing) appendLink(dst []byte, name string, at eventstore.Position, rel string) []byte {
	if len(dst) > 0 {
		dst = append(dst, ", "...)
	}
	dst = append(append(dst, '<'), l.a.base...)
	dst = append(append(append(dst, "/v1/tickets/"...), l.query.Ticket.String()...), "/comments?"...)
	dst = l.asked.appendFilters(dst)
	dst = append(append(dst, name...), '=')
	dst = append(dst, l.a.cursors.Seal(l.cursorContext(), uint64(at))...)
	dst = append(dst, l.asked.rest...)
	return append(append(append(dst, `>; rel="`...), rel...), '"')
}
