package v1

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/problem"
)

// maxLimit is the most comments that a page may have.
const maxLimit = 1000

// A listQuery is what the query string asks of a list of comments.
type listQuery struct {
	limit         int    // comments on the page; 0: all there are
	after, before string // cursors as they came; at most one is set
	desc          bool
	internal      *bool             // only notes, or only what is public; nil: either
	author        domain.AuthorType // 0: any
	// rest is what else there was, encoded anew, each pair with a leading "&": links
	// to other pages keep it.
	rest string
}

// parseListQuery reads a query string as it came. Names that it does not know are
// ignored, however malformed. The error is a *problem.Error.
func parseListQuery(raw string) (q listQuery, err error) {
	var seen [len(listParameters)]bool
	var rest strings.Builder
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		i := indexParameter(name)
		switch {
		case nameErr != nil || i < 0 && valueErr != nil:
			continue
		case i < 0:
			rest.WriteString("&" + url.QueryEscape(name) + "=" + url.QueryEscape(value))
			continue
		case seen[i]:
			return q, problem.New(problem.BadRequest, name+" must be given once.")
		case valueErr != nil || !listParameters[i].set(&q, value):
			return q, problem.New(problem.BadRequest, name+" must be "+listParameters[i].must+".")
		}
		seen[i] = true
	}
	q.rest = rest.String()
	if q.after != "" && q.before != "" {
		return q, problem.New(problem.BadRequest, "after and before exclude each other.")
	}
	return q, nil
}

// listParameters are the parameters of a list. set reports whether it could read
// the value.
var listParameters = [...]struct {
	name, must string
	set        func(q *listQuery, value string) bool
}{
	{"limit", "an integer from 1 to 1000", func(q *listQuery, value string) bool {
		n, ok := parseLimit(value)
		q.limit = n
		return ok
	}},
	{"after", mustCursor, func(q *listQuery, value string) bool { q.after = value; return value != "" }},
	{"before", mustCursor, func(q *listQuery, value string) bool { q.before = value; return value != "" }},
	{"order", "asc or desc", func(q *listQuery, value string) bool {
		q.desc = value == "desc"
		return value == "asc" || value == "desc"
	}},
	{"is_internal", "true or false", func(q *listQuery, value string) bool {
		internal := value == "true"
		q.internal = &internal
		return value == "true" || value == "false"
	}},
	{"author_type", "AGENT, CUSTOMER or SYSTEM", func(q *listQuery, value string) bool {
		return q.author.UnmarshalText([]byte(value)) == nil
	}},
}

const mustCursor = "a cursor from a Link header of this list"

func indexParameter(name string) int {
	for i := range listParameters {
		if listParameters[i].name == name {
			return i
		}
	}
	return -1
}

// parseLimit reads digits alone: no sign, no space, no fraction.
func parseLimit(s string) (int, bool) {
	if len(s) > 4 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && 1 <= n && n <= maxLimit
}

// appendFilters appends the parameters of q except cursors, in a fixed order and
// each followed by "&": equal lists have equal filters.
func (q *listQuery) appendFilters(dst []byte) []byte {
	if q.limit > 0 {
		dst = append(strconv.AppendInt(append(dst, "limit="...), int64(q.limit), 10), '&')
	}
	if q.desc {
		dst = append(dst, "order=desc&"...)
	}
	if q.internal != nil {
		dst = append(strconv.AppendBool(append(dst, "is_internal="...), *q.internal), '&')
	}
	if q.author != 0 {
		dst = append(append(append(dst, "author_type="...), q.author.String()...), '&')
	}
	return dst
}
