package v1

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/problem"
	"github.com/commentd/commentd/projections/threads"
)

var (
	errMoment    = problem.New(problem.Forbidden, "as_of must be a time for this key: the versions of a ticket count what customers are not shown.")
	errNoVersion = problem.New(problem.BadRequest, "as_of must not name a version that the ticket has not reached.")
)

// listPast serves GET /v1/tickets/{ticket_id}/comments with as_of.
func (a *API) listPast(w http.ResponseWriter, r *http.Request, ticket domain.TicketID, asked listQuery) error {
	principal := auth.From(r.Context())
	if asked.asCustomer {
		if err := principal.Require(auth.AuditRead); err != nil {
			return err
		}
	}
	if asked.at.Version != 0 && !principal.MaySeeInternal() {
		return errMoment
	}
	l := &listing{a: a, w: w, r: r, asked: asked}
	l.query = threads.ListQuery{
		Account: principal.Account, Ticket: ticket, Viewer: principal.Actor(),
		Desc: asked.desc, Limit: asked.limit, Internal: asked.internal, Author: asked.author,
	}
	var err error
	if l.query.After, err = l.open(asked.after); err != nil {
		return err
	}
	if l.query.Before, err = l.open(asked.before); err != nil {
		return err
	}
	l.past = &threads.PastQuery{
		ListQuery: l.query, At: *asked.at, AsCustomer: asked.asCustomer,
		Audit: principal.MaySeeInternal() && principal.Has(auth.AuditRead),
	}
	err = l.serve()
	if errors.Is(err, threads.ErrNoVersion) {
		return errNoVersion
	}
	return err
}

// timeForm is that of RFC 3339, of which package time accepts more than there is.
var timeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

// ParseMoment reads a value of as_of. Times are shown in whole seconds, so one that is
// given so stands for all of its second.
func ParseMoment(value string) (m threads.Moment, ok bool) {
	if digits, ok := strings.CutPrefix(value, "version:"); ok {
		n, err := strconv.ParseInt(digits, 10, 32)
		return threads.Moment{Version: eventstore.Version(n)}, err == nil && n > 0 && digits[0] != '+'
	}
	at, err := time.Parse(time.RFC3339, value)
	if err != nil || !timeForm.MatchString(value) {
		return m, false
	}
	m.Time = at
	if !strings.Contains(value, ".") {
		m.Time = m.Time.Add(time.Second - 1)
	}
	return m, true
}
