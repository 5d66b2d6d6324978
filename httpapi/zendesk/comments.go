package zendesk

import (
	"context"
	"encoding/binary"
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/threads"
)

// ticket returns the ticket that the path names by its number.
func (a *API) ticket(c *call, parameter string) (domain.TicketID, error) {
	number, err := c.number(parameter)
	if err != nil {
		return domain.TicketID{}, err
	}
	return a.threads.TicketByNumber(c.Context(), c.caller.Account, c.caller.Actor(), number)
}

// comment returns the comment that the path names, of the ticket that it names.
func (a *API) comment(c *call) (ticket domain.TicketID, comment domain.CommentID, err error) {
	number, err := c.number("comment_id")
	if err != nil {
		return ticket, comment, err
	}
	if ticket, err = a.ticket(c, "ticket_id"); err != nil {
		return ticket, comment, err
	}
	comment, err = a.threads.CommentByNumber(c.Context(), c.caller.Account, c.caller.Actor(), ticket, number)
	return ticket, comment, err
}

// listComments serves GET /tickets/{ticket_id}/comments.
func (a *API) listComments(c *call) error {
	asked, err := parsePage(c.URL.RawQuery, c.op.action)
	if err != nil {
		return err
	}
	ticket, err := a.ticket(c, "ticket_id")
	if err != nil {
		return err
	}
	page, at, err := a.page(c, &asked, threads.ListQuery{Ticket: ticket, Viewer: c.caller.Actor()})
	if err != nil {
		return err
	}
	authors := authorsOf(page.Comments)
	s, err := a.scene(c, ticket, authors)
	if err != nil {
		return err
	}
	shown := make([]comment, len(page.Comments))
	for i := range page.Comments {
		shown[i] = s.comment(&page.Comments[i])
	}
	answer := ordered{{"comments", shown}}
	if c.includes("users") {
		answer = append(answer, member{"users", c.usersOf(s.people.of(authors))})
	}
	return c.reply(http.StatusOK, append(answer, asked.members(c.self(), at)...))
}

// self is the URL of what was asked for, without its query. Numbers in it are written
// in one way only, so it is the path as it came.
func (c *call) self() string { return c.base + pathOf(c.URL.EscapedPath()) + ".json" }

// page reads a page of comments. What q says beside the page is up to the caller.
func (a *API) page(c *call, asked *pageQuery, q threads.ListQuery) (page threads.Page, at place, err error) {
	q.Account, q.Whole, q.Desc, q.Limit = c.caller.Account, true, asked.desc, asked.size
	list := cursorContext(c.op.action, q.Account, q.Ticket)
	if q.After, err = openCursor[eventstore.Position](a, list, asked.after); err != nil {
		return page, at, err
	}
	if q.Before, err = openCursor[eventstore.Position](a, list, asked.before); err != nil {
		return page, at, err
	}
	if !asked.cursor {
		q.Skip = asked.skip()
	}
	if page, err = a.threads.List(c.Context(), q); err != nil {
		return page, at, err
	}
	at = place{more: page.More, total: page.Total}
	if n := len(page.Comments); n > 0 && asked.cursor {
		at.first = a.cursors.Seal(list, uint64(page.Comments[0].Position))
		at.last = a.cursors.Seal(list, uint64(page.Comments[n-1].Position))
	}
	return page, at, nil
}

// cursorContext: a cursor is good for one list of one ticket, in either order.
func cursorContext(list string, account domain.AccountID, ticket domain.TicketID) []byte {
	context := binary.BigEndian.AppendUint32([]byte("zendesk "+list), uint32(account))
	return append(context, ticket[:]...)
}

// openCursor returns the place that a cursor stands for, 0 for no cursor.
func openCursor[T ~int64 | ~int32 | ~int](a *API, list []byte, cursor string) (T, error) {
	if cursor == "" {
		return 0, nil
	}
	opened, err := a.cursors.Open(list, cursor)
	if err != nil || T(opened) <= 0 || uint64(T(opened)) != opened {
		return 0, errPage
	}
	return T(opened), nil
}

func authorsOf(comments []threads.Comment) []domain.UserID {
	authors := make([]domain.UserID, len(comments))
	for i := range comments {
		authors[i] = comments[i].Author.ID
	}
	return authors
}

// scene reads what has to be known to show comments by the authors.
func (a *API) scene(c *call, ticket domain.TicketID, authors []domain.UserID) (*scene, error) {
	found, err := a.threads.Ticket(c.Context(), c.caller.Account, ticket, c.caller.Actor())
	if err != nil {
		return nil, err
	}
	return a.sceneOf(c.Context(), c.caller.Account, found.Requester, authors)
}

func (a *API) sceneOf(ctx context.Context, account domain.AccountID, requester *domain.UserID, authors []domain.UserID) (*scene, error) {
	ids := append(make([]domain.UserID, 0, len(authors)+1), authors...)
	if requester != nil {
		ids = append(ids, *requester)
	}
	people, err := a.roster(ctx, account, ids)
	return &scene{people: people, requester: requester}, err
}

// countComments serves GET /tickets/{ticket_id}/comments/count.
func (a *API) countComments(c *call) error {
	ticket, err := a.ticket(c, "ticket_id")
	if err != nil {
		return err
	}
	found, err := a.threads.Ticket(c.Context(), c.caller.Account, ticket, c.caller.Actor())
	if err != nil {
		return err
	}
	return c.replyCount(found.Count(0, nil))
}

// replyCount answers with a count. It is exact, and of this moment.
func (c *call) replyCount(n int) error {
	return c.reply(http.StatusOK, ordered{{"count", ordered{{"refreshed_at", stamp(now())}, {"value", n}}}})
}
