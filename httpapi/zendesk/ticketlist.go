package zendesk

import (
	"encoding/binary"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/projections/threads"
)

// orders is what lists of tickets can be sorted by.
var orders = map[string]threads.TicketOrder{"id": threads.ByNumber, "created_at": threads.ByOpened, "updated_at": threads.ByUpdated}

// A ticketList is a page of tickets.
type ticketList struct {
	asked  pageQuery
	at     place
	sights []*sight
	people []directory.User // whom the sights speak of
}

// tickets reads the page of a list that the query string asks for. Of q the caller says
// what is in the list.
func (a *API) tickets(c *call, q threads.TicketQuery) (*ticketList, error) {
	asked, err := parsePage(c.URL.RawQuery, c.op.action, "id", "created_at", "updated_at")
	if err != nil {
		return nil, err
	}
	q.Account, q.Viewer = c.caller.Account, c.caller.Actor()
	q.Order, q.Desc, q.Limit, q.Count = orders[asked.by], asked.desc, asked.size, !asked.cursor
	var whose domain.TicketID
	if q.Requester != nil {
		whose = domain.TicketID(*q.Requester)
	}
	list := cursorContext(c.op.action+" by "+asked.by, q.Account, whose)
	if q.After, err = a.openPlace(list, q.Order, asked.after); err != nil {
		return nil, err
	}
	if q.Before, err = a.openPlace(list, q.Order, asked.before); err != nil {
		return nil, err
	}
	if !asked.cursor {
		q.Skip = asked.skip()
	}
	page, err := a.threads.Tickets(c.Context(), q)
	if err != nil {
		return nil, err
	}
	l := &ticketList{asked: asked, at: place{more: page.More, total: page.Total}}
	if n := len(page.Briefs); n > 0 && asked.cursor {
		l.at.first = a.sealPlace(list, q.Place(&page.Briefs[0]))
		l.at.last = a.sealPlace(list, q.Place(&page.Briefs[n-1]))
	}
	l.sights, l.people, err = a.sightsOf(c, page.Briefs)
	return l, err
}

// sealPlace returns the cursor of a place: that of the number and, in an order of time,
// behind it that of the time.
func (a *API) sealPlace(list []byte, p threads.TicketPlace) string {
	cursor := a.cursors.Seal(list, uint64(p.Number))
	if !p.At.IsZero() {
		cursor += a.cursors.Seal(timesOf(list, p.Number), uint64(p.At.UnixMicro()))
	}
	return cursor
}

// openPlace returns the place of a cursor, nowhere for none.
func (a *API) openPlace(list []byte, order threads.TicketOrder, cursor string) (p threads.TicketPlace, err error) {
	if cursor == "" {
		return p, nil
	}
	number := cursor
	if order != threads.ByNumber {
		number = cursor[:len(cursor)/2]
	}
	if p.Number, err = openCursor[int64](a, list, number); err != nil || order == threads.ByNumber {
		return p, err
	}
	micros, err := openCursor[int64](a, timesOf(list, p.Number), cursor[len(number):])
	p.At = time.UnixMicro(micros).UTC()
	return p, err
}

// timesOf is the context of the times at which a ticket stands in a list.
func timesOf(list []byte, number int64) []byte {
	return binary.BigEndian.AppendUint64(append(slices.Clip(list), " at "...), uint64(number))
}

// reply answers with the list: name is what it is of, shown the tickets, and users those
// who are side-loaded if that was asked for.
func (l *ticketList) reply(c *call, name string, shown, users any) error {
	answer := ordered{{name, shown}}
	if c.includes("users") {
		answer = append(answer, member{"users", users})
	}
	return c.reply(http.StatusOK, append(answer, l.asked.members(c.self(), l.at)...))
}

// listTickets serves GET /tickets. None has an external_id: who asks for those with one is
// not given all.
func (a *API) listTickets(c *call) error {
	if last(c.URL.Query(), "external_id") != "" {
		nobody := domain.UserID{}
		return a.replyTickets(c, threads.TicketQuery{Requester: &nobody})
	}
	return a.replyTickets(c, threads.TicketQuery{})
}

// listRequested serves GET /users/{id}/tickets/requested.
func (a *API) listRequested(c *call) error {
	u, err := a.userOf(c)
	if err != nil {
		return err
	}
	return a.replyTickets(c, threads.TicketQuery{Requester: &u.ID})
}

func (a *API) replyTickets(c *call, q threads.TicketQuery) error {
	l, err := a.tickets(c, q)
	if err != nil {
		return err
	}
	return l.reply(c, "tickets", c.ticketsOf(l.sights), c.usersOf(l.people))
}

func (c *call) ticketsOf(sights []*sight) []ticket {
	shown := make([]ticket, len(sights))
	for i, s := range sights {
		shown[i] = c.ticketOf(s)
	}
	return shown
}

// Requests that are still to be solved, and those that are not.
var (
	unsolved = []domain.Status{domain.StatusNew, domain.StatusOpen, domain.StatusPending, domain.StatusHold}
	over     = []domain.Status{domain.StatusSolved, domain.StatusClosed}
)

// listRequests serves GET /requests: the caller's own, whoever asks.
func (a *API) listRequests(c *call) error {
	return a.replyRequests(c, threads.TicketQuery{Requester: &c.caller.UserID})
}

// listUnsolved serves GET /requests/open.
func (a *API) listUnsolved(c *call) error {
	return a.replyRequests(c, threads.TicketQuery{Requester: &c.caller.UserID, Statuses: unsolved})
}

// listSolved serves GET /requests/solved.
func (a *API) listSolved(c *call) error {
	return a.replyRequests(c, threads.TicketQuery{Requester: &c.caller.UserID, Statuses: over})
}

// listRequestsOf serves GET /users/{id}/requests.
func (a *API) listRequestsOf(c *call) error {
	u, err := a.userOf(c)
	if err != nil {
		return err
	}
	return a.replyRequests(c, threads.TicketQuery{Requester: &u.ID})
}

func (a *API) replyRequests(c *call, q threads.TicketQuery) (err error) {
	q.Public = true
	if q.Statuses == nil {
		if q.Statuses, err = c.statuses(); err != nil {
			return err
		}
	}
	l, err := a.tickets(c, q)
	if err != nil {
		return err
	}
	shown := make([]request, len(l.sights))
	for i, s := range l.sights {
		shown[i] = c.requestOf(s)
	}
	return l.reply(c, "requests", shown, speakersOf(l.people))
}

// statuses returns those that the query string asks for, nil if it asks for none.
func (c *call) statuses() (asked []domain.Status, err error) {
	text := last(c.URL.Query(), "status")
	if text == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		var status domain.Status
		if status.UnmarshalText([]byte(strings.TrimSpace(name))) != nil {
			return nil, c.attribute("status", "new, open, pending, hold, solved or closed")
		}
		asked = append(asked, status)
	}
	return asked, nil
}

// getRelated serves GET /users/{id}/related. Tickets have no assignees and no CCs here.
func (a *API) getRelated(c *call) error {
	u, err := a.userOf(c)
	if err != nil {
		return err
	}
	page, err := a.threads.Tickets(c.Context(), threads.TicketQuery{
		Account: c.caller.Account, Viewer: c.caller.Actor(), Requester: &u.ID, Count: true,
	})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ordered{{"user_related", ordered{
		{"assigned_tickets", 0}, {"requested_tickets", page.Total}, {"ccd_tickets", 0}, {"organization_subscriptions", 0},
	}}})
}

// sightsOf makes sights of what was read of tickets, and finds whom they speak of.
func (a *API) sightsOf(c *call, briefs []threads.Brief) ([]*sight, []directory.User, error) {
	var ids []domain.UserID
	for i := range briefs {
		if briefs[i].Requester != nil {
			ids = append(ids, *briefs[i].Requester)
		}
		if briefs[i].First != nil {
			ids = append(ids, briefs[i].First.Author.ID)
		}
	}
	people, err := a.roster(c.Context(), c.caller.Account, ids)
	if err != nil {
		return nil, nil, err
	}
	sights := make([]*sight, len(briefs))
	for i := range briefs {
		b := &briefs[i]
		sights[i] = &sight{Ticket: b.Ticket, first: b.First, scene: scene{people: people, requester: b.Requester, files: a.cabinet(c)}}
	}
	return sights, people.of(ids), nil
}
