package zendesk

import (
	"net/http"
	"strings"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/threads"
)

// listRemarks serves GET /requests/{request_id}/comments.
func (a *API) listRemarks(c *call) error {
	// To Zendesk comments do not change: by either time they stand in the order in which
	// they were made.
	asked, err := parsePage(c.URL.RawQuery, c.op.action, "created_at", "updated_at")
	if err != nil {
		return err
	}
	q := threads.ListQuery{Viewer: c.caller.Actor(), Internal: new(bool)}
	if q.Author, err = c.role(); err != nil {
		return err
	}
	since, err := c.moment("since")
	if err != nil {
		return err
	}
	number, err := c.number("request_id")
	if err != nil {
		return err
	}
	if q.Ticket, err = a.ticket(c, "request_id"); err != nil {
		return err
	}
	if since != nil {
		if q.From, err = a.threads.PositionBefore(c.Context(), *since); err != nil {
			return err
		}
	}
	page, at, err := a.page(c, &asked, q)
	if err != nil {
		return err
	}
	authors := authorsOf(page.Comments)
	people, err := a.roster(c.Context(), c.caller.Account, append([]domain.UserID(nil), authors...))
	if err != nil {
		return err
	}
	shown := make([]remark, len(page.Comments))
	for i := range page.Comments {
		shown[i] = people.remark(number, &page.Comments[i], a.cabinet(c))
	}
	answer := ordered{{"comments", shown}}
	if c.includes("users") {
		answer = append(answer, member{"users", speakersOf(people.of(authors))})
	}
	return c.reply(http.StatusOK, append(answer, asked.members(c.self(), at)...))
}

// role returns the authors whom the query string asks for: end users, or everybody else.
func (c *call) role() (domain.AuthorType, error) {
	switch last(c.URL.Query(), "role") {
	case "":
		return 0, nil
	case "end_user":
		return domain.AuthorCustomer, nil
	case "agent":
		return -domain.AuthorCustomer, nil
	}
	return 0, c.attribute("role", "agent or end_user")
}

// moment returns a time of the query string, nil if it has none. A plus sign that was not
// encoded has come as a space.
func (c *call) moment(name string) (*time.Time, error) {
	text := last(c.URL.Query(), name)
	if text == "" {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, strings.ReplaceAll(text, " ", "+"))
	if err != nil || at.Year() < 0 || at.Year() > 9998 {
		return nil, c.attribute(name, "a time like 2006-01-02T15:04:05Z")
	}
	return &at, nil
}
