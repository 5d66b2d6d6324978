package v1

import (
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/problem"
	"github.com/commentd/commentd/projections/threads"
)

var errEventCursor = problem.New(problem.BadRequest, "after must be a cursor from a Link header of this list.")

// listEvents serves GET /v1/tickets/{ticket_id}/events.
func (a *API) listEvents(w http.ResponseWriter, r *http.Request) error {
	principal := auth.From(r.Context())
	ticket, err := domain.ParseTicketID(r.PathValue("ticket_id"))
	if err != nil {
		return err
	}
	asked, err := parseQuery(r.URL.RawQuery, eventParameters)
	if err != nil {
		return err
	}
	l := &eventList{
		flow:  flow{a: a, w: w, r: r, lines: wantsLines(r.Header)},
		asked: asked,
		query: threads.HistoryQuery{Account: principal.Account, Ticket: ticket, Viewer: principal.Actor(), Limit: asked.limit},
	}
	if asked.after != "" {
		version, err := a.cursors.Open(l.cursorContext(), asked.after)
		if err != nil {
			return errEventCursor
		}
		l.query.After = eventstore.Version(version)
	}
	w.Header().Set("Vary", "Accept")
	return l.serve(l.produce)
}

// eventList is the history of a ticket on its way out.
type eventList struct {
	flow
	asked listQuery
	query threads.HistoryQuery
}

func (l *eventList) produce(ctx context.Context) error {
	return l.a.threads.History(ctx, l.query, l.begin, func(entries []threads.Entry) error {
		for i := range entries {
			e, err := EventOf(&entries[i])
			if err != nil {
				return err
			}
			if err := l.add(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// begin says what is known of the list before any of it has been read: versions are
// dense, so the page's last event is known.
func (l *eventList) begin(total int) error {
	h := l.w.Header()
	h.Set("X-Total-Count", strconv.Itoa(total))
	if last := int(l.query.After) + l.query.Limit; l.query.Limit > 0 && last < total {
		h.Set("Link", l.next(last))
	}
	if l.r.Method == http.MethodHead {
		return errEnough
	}
	return nil
}

func (l *eventList) next(last int) string {
	link := append(append([]byte{'<'}, l.a.base...), "/v1/tickets/"+l.query.Ticket.String()+"/events?"...)
	link = append(l.asked.appendFilters(link), "after="...)
	link = append(link, l.a.cursors.Seal(l.cursorContext(), uint64(last))...)
	return string(append(link, l.asked.rest...)) + `>; rel="next"`
}

// cursorContext: a cursor is good for the events of one ticket of one account.
func (l *eventList) cursorContext() []byte {
	return cursorContext("events", l.query.Account, l.query.Ticket)
}

// wantsLines reports whether the caller asks for a value per line.
func wantsLines(h http.Header) bool {
	for _, accept := range h["Accept"] {
		for part := range strings.SplitSeq(accept, ",") {
			media, params, err := mime.ParseMediaType(part)
			if q, given := params["q"]; err == nil && media == linesType && (!given || strings.Trim(q, "0.") != "") {
				return true
			}
		}
	}
	return false
}

// listVersions serves GET /v1/tickets/{ticket_id}/comments/{comment_id}/versions.
func (a *API) listVersions(w http.ResponseWriter, r *http.Request) error {
	principal := auth.From(r.Context())
	ticket, comment, err := commentIDs(r)
	if err != nil {
		return err
	}
	f := &flow{a: a, w: w, r: r}
	return f.serve(func(ctx context.Context) error {
		return a.threads.Versions(ctx, principal.Account, ticket, comment, principal.Actor(), func(versions []threads.Version) error {
			for i := range versions {
				if err := f.add(versionOf(&versions[i])); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
