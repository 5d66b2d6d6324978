package zendesk

import (
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/directory"
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
	kept, keep, err := a.keptList(c, ticket)
	if err != nil {
		return err
	}
	if kept != nil {
		c.replyPage(kept)
		return nil
	}
	found, at, err := a.page(c, &asked, threads.ListQuery{Ticket: ticket, Viewer: c.caller.Actor()})
	if err != nil {
		return err
	}
	authors := authorsOf(found.Comments)
	s, err := a.sceneOf(c, found.Requester, authors)
	if err != nil {
		return err
	}
	s.inline = isTrue(last(asked.others, "include_inline_images"))
	shown := make([]comment, len(found.Comments))
	for i := range found.Comments {
		shown[i] = s.comment(&found.Comments[i])
	}
	answer := ordered{{"comments", shown}}
	if c.includes("users") {
		users, err := a.sideload(c, s, found.Comments)
		if err != nil {
			return err
		}
		answer = append(answer, member{"users", c.usersOf(users)})
	}
	p, err := a.tagged(append(answer, asked.members(c.self(), at)...))
	if err != nil {
		return err
	}
	p.lastModified = lastModified(found.Comments)
	keep(&keptPage{page: p, addressee: s.addressee()}, found.Version, s.people.all(authors))
	c.replyPage(p)
	return nil
}

// sideload returns who is shown beside comments: their authors, and the users who had a copy
// of an e-mail (contract §4). Of one who is deleted, the e-mail knows no more than the address.
func (a *API) sideload(c *call, s *scene, comments []threads.Comment) ([]directory.User, error) {
	shown, mailed := authorsOf(comments), map[domain.UserID]bool{}
	var copies []string
	for i := range comments {
		if comment := &comments[i]; comment.Channel == domain.ChannelEmail {
			mailed[comment.Author.ID] = true
			copies = append(copies, s.via(comment).Source.To.CCs...)
		}
	}
	if len(copies) > 0 {
		copied, err := a.people.UsersByEmail(c.Context(), c.caller.Account, copies...)
		if err != nil {
			return nil, err
		}
		for i := range copied {
			u := &copied[i]
			s.people[u.ID], mailed[u.ID], shown = u, true, append(shown, u.ID)
		}
	}
	users := s.people.of(shown)
	for i := range users {
		if u := &users[i]; !u.Active && mailed[u.ID] && u.Email != "" {
			u.Name = u.Email
		}
	}
	return users, nil
}

// isTrue reports whether a query says yes to something.
func isTrue(said string) bool { return said == "true" || said == "1" }

// self is the URL of what was asked for, without its query. Numbers in it are written
// in one way only, so it is the path as it came.
func (c *call) self() string { return c.base + pathOf(c.URL.EscapedPath()) + ".json" }

// page reads a page of comments. What q says beside the page is up to the caller.
func (a *API) page(c *call, asked *pageQuery, q threads.ListQuery) (page threads.Page, at place, err error) {
	q.Account, q.Whole, q.Desc, q.Limit = c.caller.Account, true, asked.desc, asked.size
	list := cursorContext(c.op.action, q.Account, q.Ticket)
	if q.After, q.Before, q.Skip, err = span[eventstore.Position](a, list, asked); err != nil {
		return page, at, err
	}
	if page, err = a.threads.List(c.Context(), q); err != nil {
		return page, at, err
	}
	at = placeOf(a, list, asked, page.Comments, func(c *threads.Comment) uint64 { return uint64(c.Position) })
	at.more, at.total = page.More, page.Total
	return page, at, nil
}

func authorsOf(comments []threads.Comment) []domain.UserID {
	authors := make([]domain.UserID, len(comments))
	for i := range comments {
		authors[i] = comments[i].Author.ID
	}
	return authors
}

// sceneOf finds what has to be known to show something of a ticket that speaks of the
// users.
func (a *API) sceneOf(c *call, requester *domain.UserID, users []domain.UserID) (*scene, error) {
	ids := append(make([]domain.UserID, 0, len(users)+1), users...)
	if requester != nil {
		ids = append(ids, *requester)
	}
	people, err := a.roster(c.Context(), c.caller.Account, ids)
	return &scene{people: people, requester: requester, files: a.cabinet(c)}, err
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
