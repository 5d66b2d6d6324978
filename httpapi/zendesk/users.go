package zendesk

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

// user is a user as agents see one (contract §5.7).
type user struct {
	ID         int64    `json:"id"`
	URL        string   `json:"url"`
	Name       string   `json:"name"`
	Email      *string  `json:"email"`
	Role       string   `json:"role"`
	Active     bool     `json:"active"`
	CreatedAt  stamp    `json:"created_at"`
	UpdatedAt  stamp    `json:"updated_at"`
	TimeZone   string   `json:"time_zone"`
	Locale     string   `json:"locale"`
	Photo      *string  `json:"photo"`
	UserFields struct{} `json:"user_fields"`
	Alias      *string  `json:"alias"`
}

func (c *call) shownUser(u *directory.User) user {
	return user{
		ID: u.Number, URL: c.base + "/users/" + strconv.FormatInt(u.Number, 10) + ".json", Name: u.Name, Email: orNull(u.Email),
		Role: roleOf(u.Role), Active: u.Active, CreatedAt: stamp(u.CreatedAt), UpdatedAt: stamp(u.UpdatedAt), TimeZone: "UTC", Locale: "en-US",
	}
}

func (c *call) usersOf(users []directory.User) []user {
	shown := make([]user, len(users))
	for i := range users {
		shown[i] = c.shownUser(&users[i])
	}
	return shown
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// roleOf is what a role is called here. A program is one of the helpdesk's own.
func roleOf(role directory.Role) string {
	switch role {
	case directory.RoleAdmin:
		return "admin"
	case directory.RoleAgent, directory.RoleSystem:
		return "agent"
	}
	return "end-user"
}

// A roster is the users who are spoken of in an answer.
type roster map[domain.UserID]*directory.User

// roster finds users, each once, whatever is in ids.
func (a *API) roster(ctx context.Context, account domain.AccountID, ids []domain.UserID) (roster, error) {
	slices.SortFunc(ids, func(a, b domain.UserID) int { return strings.Compare(string(a[:]), string(b[:])) })
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return nil, nil
	}
	users, err := a.people.UsersByID(ctx, account, ids...)
	r := make(roster, len(users))
	for i := range users {
		r[users[i].ID] = &users[i]
	}
	return r, err
}

// systemNumber stands for whoever is no user: commentd itself.
const systemNumber = -1

func (r roster) number(id domain.UserID) int64 {
	if u := r[id]; u != nil {
		return u.Number
	}
	return systemNumber
}

// numberOrNull is number of somebody who may be nobody.
func (r roster) numberOrNull(id *domain.UserID) *int64 {
	if id == nil {
		return nil
	}
	n := r.number(*id)
	return &n
}

// of returns the users among those with the ids, each once, in order of their numbers.
func (r roster) of(ids []domain.UserID) []directory.User {
	seen := make(map[domain.UserID]bool, len(ids))
	users := []directory.User{}
	for _, id := range ids {
		if u := r[id]; u != nil && !seen[id] {
			seen[id] = true
			users = append(users, *u)
		}
	}
	slices.SortFunc(users, func(a, b directory.User) int { return int(min(1, max(-1, a.Number-b.Number))) })
	return users
}

// getMe serves GET /users/me.
func (a *API) getMe(c *call) error {
	u, err := a.people.User(c.Context(), c.caller.Account, c.caller.UserID)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ordered{{"user", c.shownUser(&u)}})
}

// userOf returns the user whom the path names by the number.
func (a *API) userOf(c *call) (directory.User, error) {
	number, err := c.number("id")
	if err != nil {
		return directory.User{}, err
	}
	return a.people.UserByNumber(c.Context(), c.caller.Account, number)
}

// getUser serves GET /users/{id}.
func (a *API) getUser(c *call) error {
	u, err := a.userOf(c)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ordered{{"user", c.shownUser(&u)}})
}

// manyUsers serves GET /users/show_many?ids=.
func (a *API) manyUsers(c *call) error {
	ids, err := c.many()
	if err != nil {
		return err
	}
	users, err := a.people.UsersByNumber(c.Context(), c.caller.Account, ids...)
	if err != nil {
		return err
	}
	return c.replyUsers(users)
}

// findUsers serves GET /users/search?query=. Names are sealed, so all that can be
// looked for is an address.
func (a *API) findUsers(c *call) error {
	query := strings.TrimPrefix(strings.TrimSpace(last(c.URL.Query(), "query")), "type:user ")
	email := strings.Trim(strings.TrimPrefix(strings.TrimSpace(query), "email:"), `"`)
	if !strings.Contains(email, "@") || strings.ContainsAny(email, " *") {
		return c.attribute("query", "an e-mail address")
	}
	u, err := a.people.UserByEmail(c.Context(), c.caller.Account, email)
	switch {
	case err == directory.ErrUserNotFound:
		return c.replyUsers(nil)
	case err != nil:
		return err
	}
	return c.replyUsers([]directory.User{u})
}

func (c *call) replyUsers(users []directory.User) error {
	return c.reply(http.StatusOK, ordered{
		{"users", c.usersOf(users)}, {"next_page", nil}, {"previous_page", nil}, {"count", len(users)},
	})
}

// many returns the integers that the parameter ids lists.
func (c *call) many() ([]int64, error) {
	var ids []int64
	for text := range strings.SplitSeq(last(c.URL.Query(), "ids"), ",") {
		id, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return nil, c.attribute("ids", "a list of integers")
		}
		ids = append(ids, id)
	}
	if len(ids) > maxMany {
		return nil, errMany
	}
	return ids, nil
}
