package v1

import (
	"net/url"
	"slices"
	"strings"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/problem"
)

// Values of from.
const (
	fromNow       = "now"
	fromBeginning = "beginning"
)

// liveQuery is which events are asked for.
type liveQuery struct {
	ticket   *domain.TicketID // nil: of any ticket
	types    []string         // none: of any type
	internal *bool            // only what is internal, or only what is not; nil: either
	from     string           // as it came
}

// liveQueryParameters document what parseLiveQuery reads.
var liveQueryParameters = []parameter{
	{"ticket_id", "Only what happens on this ticket.", text(36, 36)},
	{"type", "Only events of these types, separated by commas, for instance comment.created,comment.redacted.", text(1, 0)},
	{"visibility", "Only what customers may know of, or only what they may not.", enum("public", "internal")},
	{"from", "Where to begin: now, which is the default; beginning; or after an event whose id this stream had. Last-Event-ID comes before it.", text(1, 0)},
}

// parseLiveQuery reads the query string. Names that are not known are ignored.
func parseLiveQuery(raw string) (q liveQuery, err error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, problem.New(problem.BadRequest, "The query string is malformed.")
	}
	for _, name := range []string{"ticket_id", "visibility", "from"} {
		if len(values[name]) > 1 {
			return q, problem.New(problem.BadRequest, name+" must be given once.")
		}
	}
	if values.Has("ticket_id") {
		id, err := domain.ParseTicketID(values.Get("ticket_id"))
		if err != nil {
			return q, problem.New(problem.BadRequest, "ticket_id must be a UUID.")
		}
		q.ticket = &id
	}
	known := eventstore.EventTypes()
	for _, list := range values["type"] {
		for name := range strings.SplitSeq(list, ",") {
			if !slices.Contains(known, name) {
				return q, problem.New(problem.BadRequest, "type must be names of: "+strings.Join(known, ", ")+".")
			}
			q.types = append(q.types, name)
		}
	}
	if values.Has("visibility") {
		internal := values.Get("visibility") == "internal"
		if !internal && values.Get("visibility") != "public" {
			return q, problem.New(problem.BadRequest, "visibility must be public or internal.")
		}
		q.internal = &internal
	}
	if q.from = values.Get("from"); q.from == "" && values.Has("from") {
		// A cursor that was lost on the way here; now would leave out what happened since.
		return q, problem.New(problem.BadRequest, "from must not be empty.")
	}
	return q, nil
}

func (q *liveQuery) matches(e *eventstore.Recorded) bool {
	return (q.ticket == nil || *q.ticket == e.Ticket) &&
		(len(q.types) == 0 || slices.Contains(q.types, e.Type)) &&
		(q.internal == nil || *q.internal == e.Internal)
}
