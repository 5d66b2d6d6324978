package zendesk

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/threads"
)

const (
	exportDelay = time.Minute // what is younger is not exported
	maxExport   = 1000        // audits of an export that are asked for, and the default
	exportPiece = 100         // audits that are read at a time
)

// exportLimits bound an export beside what is asked for.
type exportLimits struct {
	second int // audits beyond it, to get to the end of a second
	bytes  int // after which no further piece is begun
}

var errTooRecent = refuse(http.StatusUnprocessableEntity, named{"InvalidValue", "Too recent start_time. Use a start_time older than 60 seconds"})

// An export is audits of an account that were recorded from a moment on, whenever they may have
// happened elsewhere. It ends with a second, so that who
// goes on at end_time misses nothing and meets nothing twice. But a second may hold more
// than an answer can (a clock that was set back stands still for the log); then next_page
// names a place within it.
type export struct {
	api    *API
	call   *call
	whole  bool // comments are told as a whole
	items  []jsontext.Value
	size   int
	last   eventstore.Position // exported, or passed by
	lastAt time.Time           // when the last item was recorded
}

// exportTicketEvents serves GET /incremental/ticket_events.
func (a *API) exportTicketEvents(c *call) error {
	start, err := c.startTime()
	if err != nil {
		return err
	}
	if start == nil {
		return c.attribute("start_time", "an integer")
	}
	query := c.URL.Query()
	most, err := positive(query, keyPerPage, keyPerPage, c.op.action, maxExport)
	if err != nil {
		return err
	}
	end, until, err := a.threads.PositionAgo(c.Context(), exportDelay)
	if err != nil {
		return err
	}
	if start.After(until) {
		return errTooRecent
	}
	x := &export{api: a, call: c, whole: c.includes("comment_events"), items: []jsontext.Value{}}
	list := cursorContext(c.op.action, c.caller.Account, domain.TicketID{})
	if x.last, err = x.from(list, last(query, "cursor"), *start); err != nil {
		return err
	}
	more, err := x.read(end, min(most, maxExport))
	if err != nil {
		return err
	}
	next, within := until, false
	if more {
		if next, within, err = x.finish(); err != nil {
			return err
		}
	}
	return x.reply(list, query, next, within, !more)
}

// from returns the place where an export begins: a cursor, or the first event from a
// moment on.
func (x *export) from(list []byte, cursor string, start time.Time) (eventstore.Position, error) {
	if cursor == "" {
		return x.api.threads.PositionBefore(x.call.Context(), start)
	}
	at, err := openCursor[eventstore.Position](x.api, list, cursor)
	if err != nil {
		return 0, x.call.attribute("cursor", "that of a next_page")
	}
	return at, nil
}

// read exports up to most audits that lie up to and with a position, and says whether
// there are more of them.
func (x *export) read(end eventstore.Position, most int) (more bool, err error) {
	for most, more = most+len(x.items), true; ; {
		if end <= x.last { // of 0 threads would make all there is
			return false, nil
		}
		left := most - len(x.items)
		if left <= 0 || x.size >= x.api.exports.bytes {
			return more, nil
		}
		page, err := x.api.threads.AccountAudits(x.call.Context(), threads.AccountAuditQuery{
			Account: x.call.caller.Account, Viewer: x.call.caller.Actor(), From: x.last, To: end, Limit: min(left, exportPiece),
		})
		if err != nil {
			return false, err
		}
		if err := x.add(&page); err != nil || !page.More {
			return false, err
		}
	}
}

// finish exports what is left of the last item's second, and returns when to go on: with
// the next second, or within this one.
func (x *export) finish() (next time.Time, within bool, err error) {
	second := x.lastAt.Truncate(time.Second)
	next = second.Add(time.Second)
	if x.size >= x.api.exports.bytes {
		return second, true, nil
	}
	end, err := x.api.threads.PositionBefore(x.call.Context(), next)
	if err != nil {
		return next, false, err
	}
	if within, err = x.read(end, x.api.exports.second); within {
		next = second
	}
	return next, within, err
}

// add notes audits in the form in which they are exported.
func (x *export) add(page *threads.AccountAuditPage) error {
	people, err := x.api.auditRoster(x.call, page)
	if err != nil {
		return err
	}
	for i := range page.Audits {
		a := &page.Audits[i]
		about := page.Tickets[a.Ticket]
		s := &scene{people: people, requester: about.Requester, files: x.api.cabinet(x.call)}
		item, err := encode(s.exported(about.Number, a, x.whole))
		if err != nil {
			return err
		}
		x.items, x.size = append(x.items, item), x.size+len(item)
		x.last, x.lastAt = a.Position, a.RecordedAt
	}
	return nil
}

// reply answers with what was exported and where it goes on.
func (x *export) reply(list []byte, query url.Values, next time.Time, within, over bool) error {
	query.Del("access_token")
	query.Del("cursor")
	query.Set("start_time", strconv.FormatInt(next.Unix(), 10))
	if within {
		query.Set("cursor", x.api.cursors.Seal(list, uint64(x.last)))
	}
	return x.call.reply(http.StatusOK, ordered{
		{"ticket_events", x.items}, {"next_page", x.call.self() + "?" + query.Encode()}, {"count", len(x.items)},
		{"end_of_stream", over}, {"end_time", next.Unix()},
	})
}
