package directory

import (
	"context"
	_ "embed"
	"math"
	"slices"
	"strings"

	"github.com/commentd/commentd/domain"
)

//go:embed sql/list_users.sql
var listUsersText string

//go:embed sql/count_users.sql
var countUsersSQL string

// listUsersSQL is ascending, descending.
var listUsersSQL = [2]string{
	strings.ReplaceAll(listUsersText, "{direction}", "ASC"), strings.ReplaceAll(listUsersText, "{direction}", "DESC"),
}

// A UserQuery asks for users of an account in the order of their numbers.
type UserQuery struct {
	Account domain.AccountID
	Roles   []Role // one of which they have; none: any
	Desc    bool   // the greatest number comes first
	Limit   int    // of users on the page, 1 to MaxPage
	// After and Before are numbers: the page follows the one, or ends just before the
	// other. Only one may be given; 0: the page begins at the beginning.
	After, Before int64
	Skip          int  // users at the beginning that are passed over
	Count         bool // the Total is asked for
}

// A UserPage is a part of a list of users.
type UserPage struct {
	Users []User
	More  bool // there are others behind the page or, if the query gave Before, before it
	Total int  // of users that the query matches, MaxTotal at most
}

// MaxPage is the most users of a page.
const MaxPage = 1000

// MaxTotal is how far users are counted.
const MaxTotal = 10_001

// Users returns a page of users. It costs what is on it and what is skipped, for each
// of the roles.
func (s *Store) Users(ctx context.Context, q UserQuery) (page UserPage, err error) {
	roles := q.Roles
	if len(roles) == 0 {
		roles = []Role{RoleAgent, RoleAdmin, RoleCustomer, RoleSystem}
	}
	lower, upper := q.After, q.Before
	if q.Desc {
		lower, upper = upper, lower
	}
	if upper == 0 {
		upper = math.MaxInt64
	}
	q.Limit = max(1, min(q.Limit, MaxPage))
	sql := listUsersSQL[0]
	if q.Desc != (q.Before != 0) {
		sql = listUsersSQL[1]
	}
	if page.Users, err = s.users(ctx, q.Account, sql, q.Account, roles, lower, upper, q.Limit+1, q.Skip); err != nil {
		return page, err
	}
	if page.More = len(page.Users) > q.Limit; page.More {
		page.Users = page.Users[:q.Limit]
	}
	if q.Before != 0 {
		slices.Reverse(page.Users)
	}
	if q.Count {
		if err := s.pool.QueryRow(ctx, countUsersSQL, q.Account, roles, MaxTotal).Scan(&page.Total); err != nil {
			return page, unavailable("count users", err)
		}
		page.Total = min(page.Total, MaxTotal)
	}
	return page, nil
}
