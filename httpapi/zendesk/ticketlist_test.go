package zendesk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// things is a page of tickets, of requests or of users.
type things struct {
	Tickets  []thing `json:"tickets"`
	Requests []thing `json:"requests"`
	Users    []thing `json:"users"`
	Meta     *struct {
		HasMore bool    `json:"has_more"`
		After   *string `json:"after_cursor"`
	} `json:"meta"`
	Links struct {
		Prev *string `json:"prev"`
		Next *string `json:"next"`
	} `json:"links"`
	NextPage *string `json:"next_page"`
	Count    *int    `json:"count"`
}

type thing struct {
	ID          int64  `json:"id"`
	Subject     string `json:"subject"`
	Description string `json:"description"`
	Status      string `json:"status"`
	UpdatedAt   string `json:"updated_at"`
	Count       *int   `json:"comment_count"`
	Name        string `json:"name"`
	Email       string `json:"email"`
	Role        string `json:"role"`
	Active      bool   `json:"active"`
}

func (l *things) ids() []int64 {
	all := slices.Concat(l.Tickets, l.Requests)
	if len(all) == 0 {
		all = l.Users
	}
	var ids []int64
	for _, t := range all {
		ids = append(ids, t.ID)
	}
	return ids
}

func (a *account) things(as, path string) (l things) {
	a.t.Helper()
	a.must(200, as, "GET", path, "").decode(a.t, &l)
	return l
}

// all follows the links of a list to its end.
func (a *account) all(as, path string) (ids []int64) {
	a.t.Helper()
	for range 50 {
		l := a.things(as, path)
		ids = append(ids, l.ids()...)
		next := l.NextPage
		if l.Meta != nil {
			next = l.Links.Next
		}
		if next == nil {
			return ids
		}
		path = *next
	}
	a.t.Fatalf("the links of %s have no end", path)
	return nil
}

// TestTicketLists: in either mode and every order, each ticket comes once, as it is when it
// is read alone.
func TestTicketLists(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	var opened []int64
	var threads []thread
	for range 7 {
		threads = append(threads, a.ticket())
		opened = append(opened, threads[len(threads)-1].number)
	}
	for _, i := range []int{3, 0, 6, 1, 5, 2, 4} {
		a.comment("customer", threads[i], fmt.Sprint("text ", i), false)
		a.must(200, "agent", "PUT", threads[i].path, `{"ticket":{"status":"solved"}}`)
	}
	for _, status := range []string{"open", "pending", "open"} { // each moves the time by a second at least
		a.must(200, "agent", "PUT", threads[2].path, `{"ticket":{"status":"`+status+`"}}`)
	}
	byChange := a.things("agent", "/api/v2/tickets?sort=updated_at")
	changed := byChange.ids()
	if !slices.IsSortedFunc(byChange.Tickets, func(a, b thing) int { return strings.Compare(a.UpdatedAt, b.UpdatedAt) }) || changed[6] != opened[2] || slices.Equal(changed, opened) {
		t.Errorf("by the time of change: %+v", byChange.Tickets)
	}
	of := fmt.Sprint("/api/v2/users/", a.numbers["customer"])
	for path, as := range map[string]string{
		"/api/v2/tickets": "agent", of + "/tickets/requested": "agent", of + "/requests": "reader", "/api/v2/requests": "customer",
	} {
		for order, want := range map[string][]int64{"": opened, "id": opened, "created_at": opened, "updated_at": changed} {
			back := slices.Clone(want)
			slices.Reverse(back)
			for _, size := range []int{1, 3, 100} {
				for query, want := range map[string][]int64{
					fmt.Sprintf("?page[size]=%d&sort=%s", size, order): want, fmt.Sprintf("?per_page=%d&sort_by=%s", size, order): want,
					fmt.Sprintf("?page[size]=%d&sort=-%s", size, order): back, fmt.Sprintf("?per_page=%d&sort_by=%s&sort_order=desc", size, order): back,
				} {
					if order == "" && strings.Contains(query, "sort=-") {
						continue
					}
					if got := a.all(as, path+query); !slices.Equal(got, want) {
						t.Errorf("%s%s = %v; want %v", path, query, got, want)
					}
				}
			}
		}
	}
	l := a.things("agent", "/api/v2/tickets?include=comment_count")
	if l.Count == nil || *l.Count != 7 || l.Tickets[3].Description != "text 3" || l.Tickets[3].Subject != "A subject" || *l.Tickets[3].Count != 1 {
		t.Errorf("the list = %+v", l)
	}
	for query, want := range map[string][]int64{"/open": {opened[2]}, "/solved": slices.Delete(slices.Clone(opened), 2, 3), "?status=open,pending": {opened[2]}, "?status=closed": nil} {
		if got := a.all("customer", "/api/v2/requests"+query); !slices.Equal(got, want) {
			t.Errorf("requests%s = %v; want %v", query, got, want)
		}
	}
	if got := a.all("stranger", "/api/v2/requests"); got != nil {
		t.Errorf("a stranger's requests = %v", got)
	}
	if got := a.all("agent", "/api/v2/tickets?external_id=x"); got != nil {
		t.Errorf("tickets with an external id = %v", got)
	}
	for _, query := range []string{"sort=status", "sort_by=subject", "page[after]=x", "page[after]=" + strings.Repeat("A", 44), "page=101", "per_page=0"} {
		a.must(400, "agent", "GET", "/api/v2/tickets?"+query, "")
	}
	a.must(400, "customer", "GET", "/api/v2/requests?status=odd", "")
	// A cursor is good for the list and the order that it is from.
	cursor := *a.things("agent", "/api/v2/tickets?page[size]=2&sort=updated_at").Meta.After
	a.must(400, "agent", "GET", "/api/v2/tickets?page[size]=2&page[after]="+cursor, "")
	a.must(400, "agent", "GET", "/api/v2/tickets?sort=created_at&page[after]="+cursor, "")
	a.must(400, "agent", "GET", of+"/tickets/requested?sort=updated_at&page[after]="+cursor, "")
}

// TestRequestListsHideNotes: in a list as in the request itself nothing tells of notes.
func TestRequestListsHideNotes(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	first, second := a.ticket(), a.ticket()
	a.comment("agent", first, "a note", true)
	a.comment("customer", second, "public", false)
	order := func(as string) []int64 { return a.all(as, "/api/v2/requests?sort=updated_at") }
	before := a.must(200, "customer", "GET", "/api/v2/requests?include=users", "")
	if got := order("customer"); !slices.Equal(got, []int64{first.number, second.number}) {
		t.Errorf("requests by time = %v; want %d, %d", got, first.number, second.number)
	}
	a.comment("agent", first, "another note", true)
	if got := order("customer"); !slices.Equal(got, []int64{first.number, second.number}) {
		t.Errorf("a note has moved a request: %v", got)
	}
	after := a.must(200, "customer", "GET", "/api/v2/requests?include=users", "")
	if string(before.body) != string(after.body) || strings.Contains(string(after.body), "note") {
		t.Errorf("a note shows:\n%s\n%s", before.body, after.body)
	}
}

// TestUserLists: users of some roles or of all, each once.
func TestUserLists(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	want := map[string][]int64{}
	for _, p := range principals {
		role := map[directory.Role]string{directory.RoleAdmin: "admin", directory.RoleCustomer: "end-user"}[p.role]
		if role == "" {
			role = "agent"
		}
		want[role] = append(want[role], a.numbers[p.name])
		want[""] = append(want[""], a.numbers[p.name])
		if role != "agent" {
			want["both"] = append(want["both"], a.numbers[p.name])
		}
	}
	for role, ids := range want {
		query := "&role=" + role
		if role == "both" {
			query = "&role[]=admin&role[]=end-user"
		}
		for _, size := range []string{"?page[size]=2", "?per_page=2", "?per_page=100"} {
			if got := a.all("agent", "/api/v2/users"+size+query); !slices.Equal(got, ids) {
				t.Errorf("users%s%s = %v; want %v", size, query, got, ids)
			}
			back := slices.Clone(ids)
			slices.Reverse(back)
			if got := a.all("agent", "/api/v2/users"+size+query+"&sort=-id"); !slices.Equal(got, back) {
				t.Errorf("users%s%s, the last first = %v; want %v", size, query, got, back)
			}
		}
		if l := a.things("agent", "/api/v2/users?"+query); *l.Count != len(ids) {
			t.Errorf("users of %q: %d; want %d", role, *l.Count, len(ids))
		}
	}
	a.must(400, "agent", "GET", "/api/v2/users?role=owner", "")
	a.must(400, "agent", "GET", "/api/v2/users?sort=name", "")
}
