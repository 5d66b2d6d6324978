package zendesk_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/commentd/commentd/httpapi/directory"
)

// auditPage is a page of the audits of an account, in either form.
type auditPage struct {
	Audits []audited `json:"audits"`
	Meta   *struct {
		HasMore bool    `json:"has_more"`
		After   *string `json:"after_cursor"`
	} `json:"meta"`
	Links *struct {
		Prev *string `json:"prev"`
		Next *string `json:"next"`
	} `json:"links"`
	AfterURL     *string `json:"after_url"`
	BeforeURL    *string `json:"before_url"`
	AfterCursor  *string `json:"after_cursor"`
	BeforeCursor *string `json:"before_cursor"`
}

// auditWalk follows the links of a list of audits until there are none.
func (a *account) auditWalk(path string, next func(*auditPage) *string) (pages [][]int64) {
	a.t.Helper()
	for range 100 {
		var page auditPage
		a.must(200, "admin", "GET", path, "").decode(a.t, &page)
		var ids []int64
		for _, audit := range page.Audits {
			ids = append(ids, audit.ID)
		}
		if len(ids) > 0 {
			pages = append(pages, ids)
		}
		link := next(&page)
		if link == nil {
			return pages
		}
		path = *link
	}
	a.t.Fatalf("the links of %s have no end", path)
	return nil
}

// TestAccountAudits: both forms of pages, in both orders and directions, give each audit
// of the account once, and none of another account.
func TestAccountAudits(t *testing.T) {
	s := newStack(t)
	a, b := s.account("acme", directory.Settings{}), s.account("other", directory.Settings{})
	mine := []thread{a.ticket(), a.ticket()}
	for i := range 6 {
		a.comment("agent", mine[i%2], fmt.Sprint("text ", i), false)
		b.comment("agent", b.ticket(), "of another account", false)
	}
	all := a.wrote(mine...)
	back := slices.Clone(all)
	slices.Reverse(back)
	const list = "/api/v2/ticket_audits"
	next := func(p *auditPage) *string { return p.Links.Next }
	after := func(p *auditPage) *string { return p.AfterURL }
	for _, size := range []int{1, 3, 8, 9} {
		for query, want := range map[string][]int64{"": all, "&sort=-created_at": back} {
			chunks := slices.Collect(slices.Chunk(want, size))
			if got := a.auditWalk(fmt.Sprintf("%s?page[size]=%d%s", list, size, query), next); !reflect.DeepEqual(got, chunks) {
				t.Errorf("by cursor, %d%s: %v; want %v", size, query, got, chunks)
			}
			if got := a.auditWalk(fmt.Sprintf("%s.json?per_page=%d%s", list, size, query), after); !reflect.DeepEqual(got, chunks) {
				t.Errorf("by after_url, %d%s: %v; want %v", size, query, got, chunks)
			}
		}
	}
	// From the end back to the beginning.
	var page auditPage
	a.must(200, "admin", "GET", list, "").decode(t, &page)
	if page.Meta != nil || page.AfterURL != nil || page.AfterCursor == nil || page.BeforeCursor == nil {
		t.Errorf("the only page = %+v", page)
	}
	a.must(200, "admin", "GET", list+"?per_page=3&cursor="+*page.AfterCursor, "").decode(t, &page)
	if len(page.Audits) != 0 || page.AfterURL != nil || page.BeforeURL != nil || page.AfterCursor != nil {
		t.Errorf("behind the last audit = %+v", page)
	}
	var desc auditPage
	a.must(200, "admin", "GET", list+"?per_page=3", "").decode(t, &desc)
	last := *desc.AfterURL
	a.must(200, "admin", "GET", last, "").decode(t, &desc)
	before := func(p *auditPage) *string { return p.BeforeURL }
	if got := a.auditWalk(*desc.BeforeURL, before); !reflect.DeepEqual(got, [][]int64{all[:3]}) {
		t.Errorf("by before_url: %v; want %v", got, all[:3])
	}
	// They are what each ticket's list tells of them.
	var of auditPage
	a.must(200, "admin", "GET", mine[1].path+"/audits", "").decode(t, &of)
	a.must(200, "admin", "GET", list, "").decode(t, &page)
	for _, want := range of.Audits {
		if i := slices.IndexFunc(page.Audits, func(got audited) bool { return got.ID == want.ID }); i < 0 || !reflect.DeepEqual(page.Audits[i], want) {
			t.Errorf("audit %d of the account is not as that of the ticket, %+v", want.ID, want)
		}
	}
	// From a moment on.
	s.age("w.position")
	start := fmt.Sprintf("?start_time=%d&page[size]=2", then.Unix()+15)
	got := slices.Concat(a.auditWalk(list+start, next)...)
	if len(got) == 0 || !slices.Equal(got, all[len(all)-len(got):]) || len(got) == len(all) {
		t.Errorf("from a moment on: %v of %v", got, all)
	}
	slices.Reverse(got)
	if down := slices.Concat(a.auditWalk(list+start+"&sort=-created_at", next)...); !slices.Equal(down, got) {
		t.Errorf("back to a moment: %v; want %v", down, got)
	}
	for _, query := range []string{"?start_time=x", "?cursor=x", "?page=2", "?page[after]=" + *page.AfterCursor, "?cursor=" + strings.Repeat("A", 22)} {
		a.must(400, "admin", "GET", list+query, "")
	}
	// Another account's cursor is none.
	b.must(400, "admin", "GET", list+"?cursor="+*page.AfterCursor, "")
}
