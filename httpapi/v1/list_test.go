package v1_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/httpapi/directory"
)

// thread adds n comments of mixed authors and visibility, and returns their ids, all
// and those that customers see.
func (a *account) thread(path string, n int) (all, public []string) {
	a.t.Helper()
	for i := range n {
		as, internal := "customer", false
		switch i % 5 {
		case 1, 2:
			as = "agent"
		case 3:
			as, internal = "agent", true
		case 4:
			as, internal = "system", i%2 == 0
		}
		location := a.comment(as, path, fmt.Sprintf("comment %d", i), internal)
		id := location[len(location)-36:]
		all = append(all, id)
		if !internal {
			public = append(public, id)
		}
	}
	return all, public
}

func ids(t *testing.T, r response) (ids []string) {
	t.Helper()
	var comments []comment
	r.decode(t, &comments)
	for _, c := range comments {
		ids = append(ids, c.ID)
	}
	return ids
}

// TestPaging: whatever the size of pages, the links lead through all that the
// caller may see, forth and back, in the order asked for.
func TestPaging(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	all, public := a.thread(ticket, 23)
	for _, tt := range []struct {
		as   string
		want []string
	}{{"agent", all}, {"customer", public}} {
		for _, order := range []string{"asc", "desc"} {
			want := slices.Clone(tt.want)
			if order == "desc" {
				slices.Reverse(want)
			}
			for _, limit := range []int{1, 2, 7, 22, 23, 24, len(public), 1000} {
				name := fmt.Sprintf("%s %s by %d", tt.as, order, limit)
				start := fmt.Sprintf("%s/comments?limit=%d&order=%s&utm=a%%26b", ticket, limit, order)
				forth, last := walk(t, a, tt.as, start, nextLink.FindStringSubmatch, len(want), limit)
				if !slices.Equal(forth, want) {
					t.Fatalf("%s forth: %d comments, want %d", name, len(forth), len(want))
				}
				if !strings.Contains(last, "utm=a%26b") && limit < len(want) {
					t.Errorf("%s: %s lost a parameter", name, last)
				}
				back, _ := walk(t, a, tt.as, last, prevLink.FindStringSubmatch, len(want), limit)
				// Page by page backwards is in order within each page.
				slices.Sort(back)
				sorted := slices.Sorted(slices.Values(want))
				if !slices.Equal(back, sorted) {
					t.Errorf("%s back: %d comments, want %d", name, len(back), len(want))
				}
			}
			if got := ids(t, a.must(200, tt.as, "GET", ticket+"/comments?order="+order, "")); !slices.Equal(got, want) {
				t.Errorf("%s %s, all at once: %d comments, want %d", tt.as, order, len(got), len(want))
			}
		}
	}
}

// walk follows links from path on, and returns the ids on the way and the last path.
func walk(t *testing.T, a *account, as, path string, link func(string) []string, total, limit int) (found []string, last string) {
	t.Helper()
	for range total + 2 {
		r := a.must(200, as, "GET", path, "")
		page := ids(t, r)
		if len(page) > limit {
			t.Fatalf("GET %s: %d comments", path, len(page))
		}
		if got := r.header.Get("X-Total-Count"); got != strconv.Itoa(total) {
			t.Fatalf("GET %s: X-Total-Count = %s, want %d", path, got, total)
		}
		found, last = append(found, page...), path
		m := link(r.header.Get("Link"))
		if m == nil {
			return found, last
		}
		path = m[1]
	}
	t.Fatalf("the links from %s do not end", path)
	return nil, ""
}

// TestPagingWhileThingsChange: a cursor is a place, and stays one when what is there
// is hidden or deleted; what is appended later comes after it.
func TestPagingWhileThingsChange(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	var paths []string
	for i := range 6 {
		paths = append(paths, a.comment("agent", ticket, strconv.Itoa(i), false))
	}
	id := func(i int) string { return paths[i][len(paths[i])-36:] }
	second := next(t, a.must(200, "customer", "GET", ticket+"/comments?limit=3", ""))
	a.must(204, "agent", "DELETE", paths[2], "") // at the cursor itself
	a.must(200, "agent", "PATCH", paths[3], `{"is_internal":true}`)
	r := a.must(200, "customer", "GET", second, "")
	if got := ids(t, r); !slices.Equal(got, []string{id(4), id(5)}) || r.header.Get("X-Total-Count") != "4" {
		t.Errorf("page after the cursor = %q of %s", got, r.header.Get("X-Total-Count"))
	}
	later := a.comment("agent", ticket, "later", false)
	if got := ids(t, a.must(200, "customer", "GET", second, "")); len(got) != 3 || got[2] != later[len(later)-36:] {
		t.Errorf("page after a later comment = %q", got)
	}
	for i := range paths {
		if i != 2 {
			a.must(204, "agent", "DELETE", paths[i], "")
		}
	}
	a.must(204, "agent", "DELETE", later, "")
	empty := a.must(200, "customer", "GET", second, "")
	if string(empty.body) != "[]" || empty.header.Get("Link") != "" || empty.header.Get("X-Total-Count") != "0" {
		t.Errorf("empty page = %s %s", empty.header, empty.body)
	}
}

func TestFilters(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	a.thread(ticket, 20)
	all := map[string][]comment{"agent": a.list("agent", ticket), "customer": a.list("customer", ticket)}
	for as, comments := range all {
		for _, internal := range []string{"", "true", "false"} {
			for _, author := range []string{"", "AGENT", "CUSTOMER", "SYSTEM"} {
				for _, page := range []string{"", "&limit=1000", "&limit=2"} {
					query := page
					var want []string
					for _, c := range comments {
						if (internal == "" || internal == strconv.FormatBool(c.IsInternal)) && (author == "" || author == c.AuthorType) {
							want = append(want, c.ID)
						}
					}
					total := len(want)
					if page == "&limit=2" {
						want = want[:min(2, total)]
					}
					if internal != "" {
						query += "&is_internal=" + internal
					}
					if author != "" {
						query += "&author_type=" + author
					}
					r := a.must(200, as, "GET", ticket+"/comments?"+query, "")
					if got := ids(t, r); !slices.Equal(got, want) || r.header.Get("X-Total-Count") != strconv.Itoa(total) {
						t.Errorf("%s%s = %q of %s, want %q of %d", as, query, got, r.header.Get("X-Total-Count"), want, total)
					}
					// What may not be stored is said of lists that could show it.
					notes := as == "agent" && internal != "false" && author != "CUSTOMER"
					if want := map[bool]string{true: "private, no-store", false: "private, no-cache"}[notes]; r.header.Get("Cache-Control") != want {
						t.Errorf("%s%s: Cache-Control = %s, want %s", as, query, r.header.Get("Cache-Control"), want)
					}
				}
			}
		}
	}
}

func TestListRefuses(t *testing.T) {
	s := newStack(t)
	a, other := s.account("acme", directory.Settings{}), s.account("other", directory.Settings{})
	ticket, second := a.ticket(), a.ticket()
	a.thread(ticket, 3)
	a.thread(second, 3)
	cursorOf := func(a *account, ticket string) string {
		u, err := url.Parse(next(t, a.must(200, "agent", "GET", ticket+"/comments?limit=1", "")))
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("after")
	}
	good := cursorOf(a, ticket)
	theirs := other.ticket()
	other.thread(theirs, 3)
	a.must(200, "agent", "GET", ticket+"/comments?after="+good, "")
	flipped := []byte(good)
	flipped[5] = map[bool]byte{true: 'B', false: 'A'}[flipped[5] == 'A']
	for _, query := range []string{
		"limit=0", "limit=-1", "limit=1001", "limit=ten", "limit=", "limit=1&limit=2", "limit=%00", "order=up", "is_internal=2", "author_type=agent",
		"after=", "after=x", "before=%00", "after=" + good + "&before=" + good, "after=" + good + "A", "after=" + string(flipped),
		"after=" + strings.ToLower(good), "after=" + cursorOf(a, second), "after=" + cursorOf(other, theirs), "after=0", "after=" + strings.Repeat("A", 22),
	} {
		if r := a.do("agent", "GET", ticket+"/comments?"+query, ""); r.status != 400 || r.code() != "bad_request" {
			t.Errorf("?%s = %d %s", query, r.status, r.body)
		}
	}
	for _, query := range []string{"Id=1&Access=&Category", "%zz", "limit=2&%00=%00", "x[]=1&page[size]=9", "&&&", ";limit=0"} {
		a.must(200, "agent", "GET", ticket+"/comments?"+query, "")
	}
}

// TestListConditions: an entity tag is good for as long as the caller would get the
// same, and for that list alone.
func TestListConditions(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	a.thread(ticket, 6)
	tags := map[string]string{} // by caller and query
	ask := func(as, query string, want int) {
		t.Helper()
		key := as + query
		r := a.must(want, as, "GET", ticket+"/comments"+query, "", header{"If-None-Match", tags[key]})
		if want == 304 && (len(r.body) != 0 || r.header.Get("ETag") != tags[key] || r.header.Get("Cache-Control") == "") {
			t.Errorf("304 = %s %s", r.header, r.body)
		}
		if again := a.must(200, as, "GET", ticket+"/comments"+query, ""); again.header.Get("ETag") != r.header.Get("ETag") ||
			want == 304 && again.header.Get("Cache-Control") != r.header.Get("Cache-Control") {
			t.Errorf("%s%s: %d and 200 differ: %s, %s", as, query, want, r.header, again.header)
		}
		tags[key] = r.header.Get("ETag")
	}
	queries := []string{"", "?limit=2", "?limit=3", "?order=desc", "?is_internal=false", "?author_type=AGENT"}
	everybody := []string{"agent", "customer"}
	for _, as := range everybody {
		for _, query := range queries {
			ask(as, query, 200)
			ask(as, query, 304)
		}
	}
	seen := map[string]string{}
	for key, tag := range tags {
		if seen[tag] != "" {
			t.Errorf("%q and %q have one entity tag", key, seen[tag])
		}
		seen[tag] = key
	}
	note := a.comment("agent", ticket, "a note", true)
	for _, query := range queries {
		ask("customer", query, 304)
		ask("agent", query, 200)
	}
	a.must(200, "agent", "PATCH", note, `{"content":"another"}`)
	ask("customer", "", 304)
	a.must(200, "agent", "PATCH", note, `{"is_internal":false}`)
	for _, query := range queries {
		ask("customer", query, 200)
	}
	a.must(204, "agent", "DELETE", note, "")
	ask("customer", "", 200)
	ask("agent", "", 200)
	// The ticket's first note makes a list what must not be stored.
	plain := a.ticket()
	a.comment("agent", plain, "public", false)
	first := a.must(200, "agent", "GET", plain+"/comments", "")
	a.must(304, "agent", "GET", plain+"/comments", "", header{"If-None-Match", `W/` + first.header.Get("ETag")})
	a.comment("agent", plain, "note", true)
	a.must(200, "agent", "GET", plain+"/comments", "", header{"If-None-Match", first.header.Get("ETag")})
}

// TestLongList: a list without limit is all there is, in order, in however many
// pieces it goes out; so is one comment of the greatest size.
func TestLongList(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	const n = 600 // two chunks of the reader and a bit
	random := rand.New(rand.NewPCG(1, 2))
	var want []string
	for i := range n {
		content := strings.Repeat("é\"<\\", random.IntN(300)) + strconv.Itoa(i)
		if i%200 == 7 {
			content = strings.Repeat("x", 65_536)
		}
		a.comment("agent", ticket, content, false)
		want = append(want, content)
	}
	for _, as := range []string{"agent", "customer"} {
		comments := a.list(as, ticket)
		if len(comments) != n {
			t.Fatalf("%d comments, want %d", len(comments), n)
		}
		for i, c := range comments {
			if c.Content != want[i] {
				t.Fatalf("comment %d = %.40q, want %.40q", i, c.Content, want[i])
			}
		}
	}
	r := a.must(200, "agent", "GET", ticket+"/comments?limit=1000", "")
	if got := ids(t, r); len(got) != n {
		t.Errorf("one page: %d comments, want %d", len(got), n)
	}
	whole := a.must(200, "agent", "GET", ticket+"/comments", "")
	if !bytes.Equal(whole.body, r.body) {
		t.Error("all comments and one page of all comments differ")
	}
	head := a.must(200, "agent", "HEAD", ticket+"/comments", "")
	for _, name := range []string{"ETag", "X-Total-Count", "Content-Type", "Cache-Control"} {
		if head.header.Get(name) != whole.header.Get(name) {
			t.Errorf("%s of HEAD = %q, of GET %q", name, head.header.Get(name), whole.header.Get(name))
		}
	}
}

// TestPieces: a list is whole wherever its pieces end, be it with its last comment.
func TestPieces(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	big := strings.Repeat("x", 65_536)
	for _, contents := range [][]string{{big}, {big, big}, {big, "y"}, {"y", big}, {big[:len(big)/2], big[:len(big)/2], "y"}} {
		ticket := a.ticket()
		for _, content := range contents {
			a.comment("agent", ticket, content, false)
		}
		for _, query := range []string{"", "?limit=5", "?limit=1"} {
			var got []string
			var comments []comment
			r := a.must(200, "agent", "GET", ticket+"/comments"+query, "")
			r.decode(t, &comments)
			for _, c := range comments {
				got = append(got, c.Content)
			}
			want := contents
			if query == "?limit=1" {
				want = want[:1]
			}
			if !slices.Equal(got, want) || r.header.Get("X-Total-Count") != strconv.Itoa(len(contents)) {
				t.Errorf("list%s of %d comments has %d", query, len(want), len(got))
			}
		}
	}
}

// TestMethods: a path has the methods that it says it has, and no other spelling.
func TestMethods(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	ticket := a.ticket()
	comment := a.comment("agent", ticket, "text", false)
	user := "/v1/users/" + a.users["customer"].String()
	for _, tt := range []struct {
		path, allow string
	}{
		{ticket + "/comments", "GET, HEAD, POST, OPTIONS"},
		{comment, "GET, HEAD, PATCH, DELETE, OPTIONS"},
		{ticket, "GET, HEAD, PUT, OPTIONS"},
		{user, "GET, HEAD, PUT, OPTIONS"},
		{"/v1/openapi.json", "GET, HEAD, OPTIONS"},
		{"/livez", "GET, HEAD, OPTIONS"},
		{"/docs", "GET, HEAD, OPTIONS"},
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
			if method != "OPTIONS" && slices.Contains(strings.Split(tt.allow, ", "), method) {
				continue
			}
			r, err := http.NewRequest(method, a.url+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			want := 405
			if method == "OPTIONS" {
				want = 204
			}
			if resp.StatusCode != want || resp.Header.Get("Allow") != tt.allow {
				t.Errorf("%s %s = %d, Allow %q; want %d, %q", method, tt.path, resp.StatusCode, resp.Header.Get("Allow"), want, tt.allow)
			}
		}
	}
	for _, path := range []string{
		"/", "/v1", "/v1/", "/v2/tickets", ticket + "/", ticket + "/comments/", comment + "/", "/v1//tickets/" + uuid.NewString(),
		"/v1/tickets", "/v1/tickets/", "/v1/./tickets/" + uuid.NewString(), "/v1/x/../tickets/" + uuid.NewString(),
		"/V1/tickets/" + uuid.NewString(), "/v1/tickets%2f" + uuid.NewString(), ticket + "%2fcomments", "/v1/openapi.json/", "/livez/",
	} {
		if r := a.do("agent", "GET", path, ""); r.status != 404 && !(r.status == 400 && strings.Contains(path, "%2fcomments")) || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("GET %s = %d %s", path, r.status, r.body)
		}
	}
}
