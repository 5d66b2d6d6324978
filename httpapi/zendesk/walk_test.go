package zendesk_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// list is a page of comments with all that may stand beside them.
type list struct {
	Comments []said `json:"comments"`
	Meta     *struct {
		HasMore bool    `json:"has_more"`
		After   *string `json:"after_cursor"`
		Before  *string `json:"before_cursor"`
	} `json:"meta"`
	Links *struct {
		Prev *string `json:"prev"`
		Next *string `json:"next"`
	} `json:"links"`
	NextPage     *string `json:"next_page"`
	PreviousPage *string `json:"previous_page"`
	Count        *int    `json:"count"`
	Users        []struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"users"`
}

func (a *account) list(as, path string) (l list) {
	a.t.Helper()
	a.must(200, as, "GET", path, "").decode(a.t, &l)
	return l
}

func ids(comments []said) (ids []int64) {
	for _, c := range comments {
		ids = append(ids, c.ID)
	}
	return ids
}

// walk follows the links of a list until there are none, and returns what it met, page
// by page.
func (a *account) walk(as, path string, next func(list) *string) (pages [][]int64) {
	a.t.Helper()
	for range 50 {
		l := a.list(as, path)
		pages = append(pages, ids(l.Comments))
		link := next(l)
		if link == nil {
			return pages
		}
		path = *link
	}
	a.t.Fatalf("the links of %s have no end", path)
	return nil
}

func byCursor(l list) *string { return l.Links.Next }
func byNumber(l list) *string { return l.NextPage }

// TestWalks: by cursor and by number, in both orders, every comment comes once.
func TestWalks(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	var all []int64
	for i := range 7 {
		id, _ := a.comment([]string{"customer", "agent"}[i%2], ticket, fmt.Sprint("comment ", i), i%4 == 1)
		all = append(all, id)
	}
	back := slices.Clone(all)
	slices.Reverse(back)
	for _, size := range []int{1, 3, 7, 8} {
		for query, want := range map[string][]int64{
			"": all, "&sort=created_at": all, "&sort_order=asc": all, "&sort=-created_at": back, "&sort_order=desc": back,
		} {
			chunks := slices.Collect(slices.Chunk(want, size))
			cursor := a.walk("agent", fmt.Sprintf("%s/comments?page[size]=%d%s", ticket.path, size, query), byCursor)
			numbered := a.walk("agent", fmt.Sprintf("%s/comments.json?per_page=%d%s", ticket.path, size, query), byNumber)
			if !reflect.DeepEqual(cursor, chunks) || !reflect.DeepEqual(numbered, chunks) {
				t.Errorf("size %d%s: %v by cursor, %v by number; want %v", size, query, cursor, numbered, chunks)
			}
		}
	}
	// From the end back to the beginning; pages keep the order of the list.
	last := a.list("agent", ticket.path+"/comments?page[size]=3&sort=-created_at")
	path := fmt.Sprintf("%s/comments?page[size]=3&page[before]=%s", ticket.path, *last.Meta.After)
	if got := a.walk("agent", path, func(l list) *string { return l.Links.Prev }); !reflect.DeepEqual(got, [][]int64{all[1:4], all[:1]}) {
		t.Errorf("backwards: %v; want %v, %v", got, all[1:4], all[:1])
	}
}

// TestResuming: a cursor is a place. What comes later stands behind it, whatever became
// of the comment that it was taken from.
func TestResuming(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	empty := a.list("agent", ticket.path+"/comments?page[size]=5")
	if empty.Meta.HasMore || empty.Meta.After != nil || empty.Meta.Before != nil || empty.Links.Next != nil || empty.Links.Prev != nil || len(empty.Comments) != 0 {
		t.Errorf("an empty list = %+v %+v", empty.Meta, empty.Links)
	}
	first, native := a.comment("agent", ticket, "my number is 4711", false)
	page := a.list("agent", ticket.path+"/comments?page[size]=5")
	if page.Meta.HasMore || page.Links.Next != nil || page.Meta.After == nil || page.Count != nil || page.NextPage != nil {
		t.Fatalf("the only page = %+v %+v", page.Meta, page.Links)
	}
	follow := ticket.path + "/comments?page[size]=5&page[after]=" + *page.Meta.After
	if l := a.list("agent", follow); len(l.Comments) != 0 || l.Meta.After != nil || l.Links.Prev != nil || l.Links.Next != nil {
		t.Errorf("behind the last comment = %+v", l)
	}
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, first), `{"text":"4711"}`)
	a.must(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/make_private", ticket.path, first), "")
	second, _ := a.comment("agent", ticket, "second", false)
	if l := a.list("agent", follow); !reflect.DeepEqual(ids(l.Comments), []int64{second}) {
		t.Errorf("behind a redacted comment = %v; want %d", ids(l.Comments), second)
	}
	a.must(204, "agent", "DELETE", native, "")
	if l := a.list("agent", follow); !reflect.DeepEqual(ids(l.Comments), []int64{second}) {
		t.Errorf("behind a deleted comment = %v; want %d", ids(l.Comments), second)
	}
}

// TestNumberedPages: what stands beside the comments, and where they end.
func TestNumberedPages(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	for i := range 3 {
		a.comment("agent", ticket, fmt.Sprint(i), false)
	}
	l := a.list("agent", ticket.path+"/comments?per_page=2&include=users&query=")
	if *l.Count != 3 || l.PreviousPage != nil || !strings.Contains(*l.NextPage, "page=2") || !strings.HasPrefix(*l.NextPage, a.url+ticket.path+"/comments.json?") ||
		!strings.Contains(*l.NextPage, "include=users") || l.Meta != nil || l.Links != nil {
		t.Errorf("the first page = %+v", l)
	}
	if l = a.list("agent", ticket.path+"/comments?page=5&per_page=2"); len(l.Comments) != 0 || *l.Count != 3 || l.NextPage != nil || l.PreviousPage == nil {
		t.Errorf("a page beyond the end = %+v", l)
	}
	for _, query := range []string{"page=101", "page=0", "per_page=x", "page[size]=0", "page[after]=x", "page[after]=AAAAAAAAAAAAAAAAAAAAAA", "sort=id", "sort_order=up"} {
		a.must(400, "agent", "GET", ticket.path+"/comments?"+query, "")
	}
	// A cursor is good for the list that it is from.
	cursor := *a.list("agent", ticket.path+"/comments?page[size]=1").Meta.After
	a.must(400, "agent", "GET", a.ticket().path+"/comments?page[after]="+cursor, "")
	a.must(400, "agent", "GET", ticket.path+"/audits?page[after]="+cursor, "")
	a.must(400, "agent", "GET", ticket.public+"/comments?page[after]="+cursor, "")
}
