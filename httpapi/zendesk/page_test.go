package zendesk

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

const testAction = "ticket_comments/index"

func TestParsePage(t *testing.T) {
	for _, tt := range []struct {
		raw    string
		want   pageQuery
		others string
	}{
		{"", pageQuery{size: 100, number: 1}, ""},
		{"per_page=7&page=3", pageQuery{size: 7, number: 3}, "per_page=7"},
		{"per_page=500", pageQuery{size: 100, number: 1}, "per_page=500"},
		{"page[size]=2", pageQuery{cursor: true, size: 2, number: 1}, ""},
		{"page%5Bsize%5D=2&page%5Bafter%5D=x", pageQuery{cursor: true, size: 2, number: 1, after: "x"}, ""},
		{"page[before]=y", pageQuery{cursor: true, size: 100, number: 1, before: "y"}, ""},
		{"page[size]=101&page=9&per_page=3", pageQuery{cursor: true, size: 100, number: 1}, ""},
		{"page[size]=&page[after]=&page[before]=", pageQuery{cursor: true, size: 100, number: 1}, ""},
		{"page[size]=3&page[size]=4", pageQuery{cursor: true, size: 4, number: 1}, ""},
		{"page=&per_page=&sort=&sort_order=", pageQuery{size: 100, number: 1}, "per_page=&sort=&sort_order="},
		{"page=100&per_page=100", pageQuery{size: 100, number: 100}, "per_page=100"},
		{"sort=-created_at&sort_order=asc", pageQuery{size: 100, number: 1, desc: true}, "sort=-created_at&sort_order=asc"},
		{"sort=created_at&sort_order=desc", pageQuery{size: 100, number: 1}, "sort=created_at&sort_order=desc"},
		{"sort_by=created_at&sort_order=DESC", pageQuery{size: 100, number: 1, desc: true}, "sort_by=created_at&sort_order=DESC"},
		{"page[size]=2&sort_order=desc", pageQuery{cursor: true, size: 2, number: 1, desc: true}, "sort_order=desc"},
		{"Id=&Access=1&query=a b&%zz=1&include=users&access_token=s3cret", pageQuery{size: 100, number: 1}, "Access=1&Id=&include=users&query=a+b"},
	} {
		got, err := parsePage(tt.raw, testAction)
		others := got.others.Encode()
		got.others = nil
		if err != nil || got.cursor != tt.want.cursor || got.size != tt.want.size || got.number != tt.want.number ||
			got.after != tt.want.after || got.before != tt.want.before || got.desc != tt.want.desc || others != tt.others {
			t.Errorf("parsePage(%q) = %+v %q, %v; want %+v %q", tt.raw, got, others, err, tt.want, tt.others)
		}
	}
}

func TestParsePageRefuses(t *testing.T) {
	for raw, want := range map[string]string{
		"page[size]=ten":                "page.size must be an integer",
		"page[size]=1.5":                "page.size must be an integer",
		"page[size]=0":                  "page.size must be at least 1",
		"page[size]=-99999999999999999": "page.size must be at least 1",
		"per_page=x":                    "per_page must be an integer from api/v2/ticket_comments/index",
		"per_page=0":                    "per_page must be at least 1",
		"page=first":                    "page must be an integer",
		"page=0":                        "page must be at least 1",
		"page=-":                        "page must be an integer",
		"sort=updated_at":               "sort must be created_at or -created_at",
		"sort=-Created_at":              "sort must be",
		"sort_by=updated_at":            "sort_by must be created_at",
		"sort_order=down":               "sort_order must be asc or desc",
		"page[after]=x&page[before]=y":  "InvalidPaginationParameter",
		"page=101":                      "InvalidPaginationDepth",
		"page=101&per_page=1":           "InvalidPaginationDepth",
		"page=99999999999999999999":     "InvalidPaginationDepth",
	} {
		_, err := parsePage(raw, testAction)
		var r *refusal
		if !errors.As(err, &r) || r.status != 400 || !strings.Contains(string(r.body), want) {
			t.Errorf("parsePage(%q) = %v; want a refusal with %q", raw, err, want)
		}
	}
}

// TestPageMembers: exactly these keys, in this order.
func TestPageMembers(t *testing.T) {
	const self = "https://x.example/api/v2/tickets/1/comments.json"
	for _, tt := range []struct {
		name, raw string
		at        place
		want      string
	}{
		{"numbered, the only one", "", place{"f", "l", false, 100},
			`{"next_page":null,"previous_page":null,"count":100}`},
		{"numbered, the first", "include=users", place{"f", "l", true, 101},
			`{"next_page":"` + self + `?include=users&page=2","previous_page":null,"count":101}`},
		{"numbered, in between", "per_page=10&page=2&sort_order=desc&a[b]=c", place{"f", "l", true, 21},
			`{"next_page":"` + self + `?a%5Bb%5D=c&page=3&per_page=10&sort_order=desc","previous_page":"` + self + `?a%5Bb%5D=c&page=1&per_page=10&sort_order=desc","count":21}`},
		{"numbered, beyond the end", "per_page=10&page=9", place{"", "", false, 3},
			`{"next_page":null,"previous_page":"` + self + `?page=8&per_page=10","count":3}`},
		{"cursor, the first", "page[size]=2", place{"f", "l", true, 0},
			`{"meta":{"has_more":true,"after_cursor":"l","before_cursor":"f"},"links":{"prev":"` + self + `?page%5Bbefore%5D=f&page%5Bsize%5D=2","next":"` + self + `?page%5Bafter%5D=l&page%5Bsize%5D=2"}}`},
		{"cursor, the last", "page[size]=2&page[after]=x&include=users", place{"f", "l", false, 0},
			`{"meta":{"has_more":false,"after_cursor":"l","before_cursor":"f"},"links":{"prev":"` + self + `?include=users&page%5Bbefore%5D=f&page%5Bsize%5D=2","next":null}}`},
		{"cursor, nothing there", "page[size]=2&page[after]=x", place{},
			`{"meta":{"has_more":false,"after_cursor":null,"before_cursor":null},"links":{"prev":null,"next":null}}`},
		{"cursor, backwards to the beginning", "page[size]=2&page[before]=x", place{"f", "l", false, 0},
			`{"meta":{"has_more":false,"after_cursor":"l","before_cursor":"f"},"links":{"prev":null,"next":"` + self + `?page%5Bafter%5D=l&page%5Bsize%5D=2"}}`},
		{"cursor, backwards with more", "page[before]=x", place{"f", "l", true, 0},
			`{"meta":{"has_more":true,"after_cursor":"l","before_cursor":"f"},"links":{"prev":"` + self + `?page%5Bbefore%5D=f&page%5Bsize%5D=100","next":"` + self + `?page%5Bafter%5D=l&page%5Bsize%5D=100"}}`},
	} {
		q, err := parsePage(tt.raw, testAction)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(ordered(q.members(self, tt.at)))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %s, %v\nwant %s", tt.name, got, err, tt.want)
		}
	}
}

// TestLinksLeadBack: what a link asks is what was asked, but for the page.
func TestLinksLeadBack(t *testing.T) {
	const raw = "page[size]=3&sort=-created_at&include=users&x=1&x=2"
	q, err := parsePage(raw, testAction)
	if err != nil {
		t.Fatal(err)
	}
	link, err := url.Parse(*q.link("https://x.example/list.json", keyAfter, "c"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := parsePage(link.RawQuery, testAction)
	if err != nil || again.after != "c" || again.size != q.size || again.desc != q.desc || again.others.Encode() != q.others.Encode() {
		t.Errorf("%s asks for %+v, %v; want %+v", link, again, err, q)
	}
}
