package v1

import (
	"net/url"
	"strings"
	"testing"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/problem"
)

func TestParseListQuery(t *testing.T) {
	yes, no := true, false
	for _, tt := range []struct {
		raw  string
		want listQuery
	}{
		{"", listQuery{}},
		{"&&", listQuery{}},
		{"limit=1", listQuery{limit: 1}},
		{"limit=1000", listQuery{limit: 1000}},
		{"l%69mit=%35", listQuery{limit: 5}},
		{"order=asc", listQuery{}},
		{"order=desc&limit=2", listQuery{limit: 2, desc: true}},
		{"is_internal=true", listQuery{internal: &yes}},
		{"is_internal=false", listQuery{internal: &no}},
		{"author_type=SYSTEM", listQuery{author: domain.AuthorSystem}},
		{"after=abc", listQuery{after: "abc"}},
		{"before=abc", listQuery{before: "abc"}},
		{"LIMIT=x", listQuery{rest: "&LIMIT=x"}},
		{"page[size]=1&page[size]=100", listQuery{rest: "&page%5Bsize%5D=1&page%5Bsize%5D=100"}},
		{"x=%00<>\"", listQuery{rest: "&x=%00%3C%3E%22"}},
		{"%zz=1&x=%zz&limit=3", listQuery{limit: 3}},
		{"debug", listQuery{rest: "&debug="}},
		{strings.Repeat("a&", 100_000), listQuery{rest: strings.Repeat("&a=", 100_000)}},
	} {
		got, err := parseListQuery(tt.raw)
		if err != nil {
			t.Errorf("parseListQuery(%.40q): %v", tt.raw, err)
			continue
		}
		if (got.internal == nil) != (tt.want.internal == nil) || got.internal != nil && *got.internal != *tt.want.internal {
			t.Errorf("parseListQuery(%q).internal differs", tt.raw)
		}
		got.internal, tt.want.internal = nil, nil
		if got != tt.want {
			t.Errorf("parseListQuery(%.40q) = %+v, want %+v", tt.raw, got, tt.want)
		}
	}
}

func TestParseListQueryRefuses(t *testing.T) {
	for _, raw := range []string{
		"limit=", "limit", "limit=0", "limit=-1", "limit=+1", "limit=1001", "limit=99999999999999999999", "limit=1.0",
		"limit=1e2", "limit=0x1", "limit=%201", "limit=1%00", "limit=%zz", "limit=1&limit=1", "limit=1&l%69mit=2",
		"limit=\u0661", "limit=ten",
		"order=", "order=ASC", "order=random()", "order=asc&order=desc",
		"is_internal=", "is_internal=1", "is_internal=TRUE", "is_internal=null", "is_internal=true&is_internal=false",
		"author_type=", "author_type=agent", "author_type=AGENT,CUSTOMER", "author_type=AGENT%00",
		"after=", "before=", "after=a&before=b", "after=a&after=a",
	} {
		if q, err := parseListQuery(raw); codeOf(err) != problem.BadRequest {
			t.Errorf("parseListQuery(%q) = %+v, %v; want a bad request", raw, q, err)
		}
	}
}

// FuzzParseListQuery: an accepted query, written out with its filters and its rest,
// reads the same again; nothing of it can break out of a Link header.
func FuzzParseListQuery(f *testing.F) {
	for _, seed := range []string{
		"", "limit=5&order=desc&is_internal=false&author_type=AGENT", "after=x&limit=1", "a=b&%zz=c&d", "limit=1;order=asc",
		"x=%3E%22%0d%0a&limit=7", "=&==&&",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := parseListQuery(raw)
		if err != nil {
			if codeOf(err) != problem.BadRequest {
				t.Fatalf("parseListQuery(%q): %v", raw, err)
			}
			return
		}
		if strings.ContainsFunc(q.rest, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>",;`, r) }) {
			t.Errorf("rest = %q", q.rest)
		}
		again := string(q.appendFilters(nil)) + strings.TrimPrefix(q.rest, "&")
		if q.after != "" {
			again += "&after=" + url.QueryEscape(q.after)
		}
		if q.before != "" {
			again += "&before=" + url.QueryEscape(q.before)
		}
		q2, err := parseListQuery(again)
		if err != nil {
			t.Fatalf("parseListQuery(%q), from %q: %v", again, raw, err)
		}
		if string(q2.appendFilters(nil)) != string(q.appendFilters(nil)) || q2.rest != q.rest || q2.after != q.after || q2.before != q.before {
			t.Errorf("%+v read again is %+v", q, q2)
		}
	})
}
