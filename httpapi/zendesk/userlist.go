package zendesk

import (
	"net/http"
	"slices"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// rolesOf is which roles a name of this API stands for: the inverse of roleOf.
var rolesOf = map[string][]directory.Role{
	"end-user": {directory.RoleCustomer}, "agent": {directory.RoleAgent, directory.RoleSystem}, "admin": {directory.RoleAdmin},
}

// listUsers serves GET /users.
func (a *API) listUsers(c *call) error {
	asked, err := parsePage(c.URL.RawQuery, c.op.action, "id")
	if err != nil {
		return err
	}
	q := directory.UserQuery{Account: c.caller.Account, Desc: asked.desc, Limit: asked.size, Count: !asked.cursor}
	if q.Roles, err = c.roles(); err != nil {
		return err
	}
	list := cursorContext(c.op.action, q.Account, domain.TicketID{})
	if q.After, q.Before, q.Skip, err = span[int64](a, list, &asked); err != nil {
		return err
	}
	page, err := a.people.Users(c.Context(), q)
	if err != nil {
		return err
	}
	at := placeOf(a, list, &asked, page.Users, func(u *directory.User) uint64 { return uint64(u.Number) })
	at.more, at.total = page.More, page.Total
	return c.reply(http.StatusOK, append(ordered{{"users", c.usersOf(page.Users)}}, asked.members(c.self(), at)...))
}

// roles returns those that the query string asks for, none if it asks for none: role is
// one, and role[] one of several.
func (c *call) roles() (roles []directory.Role, err error) {
	query := c.URL.Query()
	for _, name := range slices.Concat(query["role"], query["role[]"]) {
		of, known := rolesOf[name]
		switch {
		case name == "":
			continue
		case !known:
			return nil, c.attribute("role", "end-user, agent or admin")
		}
		roles = append(roles, of...)
	}
	slices.Sort(roles)
	return slices.Compact(roles), nil
}
