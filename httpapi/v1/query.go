package v1

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/problem"
	"github.com/commentd/commentd/projections/threads"
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
	at            *threads.Moment   // the comments as they were; nil: as they are
	asOf          string            // at, as it came
	asCustomer    bool              // as the requester of that moment saw them
	// rest is what else there was, encoded anew, each pair with a leading "&": links
	// to other pages keep it.
	rest string
}

// parseListQuery reads the query string of a list of comments.
func parseListQuery(raw string) (listQuery, error) { return parseQuery(raw, listParameters[:]) }

// parseQuery reads a query string as it came. Names that are not known are ignored,
// however malformed. The error is a *problem.Error.
func parseQuery(raw string, known []queryParameter) (q listQuery, err error) {
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
		i := slices.IndexFunc(known, func(p queryParameter) bool { return p.name == name })
		switch {
		case nameErr != nil || i < 0 && valueErr != nil:
			continue
		case i < 0:
			rest.WriteString("&" + url.QueryEscape(name) + "=" + url.QueryEscape(value))
			continue
		case seen[i]:
			return q, problem.New(problem.BadRequest, name+" must be given once.")
		case valueErr != nil || !known[i].set(&q, value):
			return q, problem.New(problem.BadRequest, name+" must be "+known[i].must+".")
		}
		seen[i] = true
	}
	q.rest = rest.String()
	if q.after != "" && q.before != "" {
		return q, problem.New(problem.BadRequest, "after and before exclude each other.")
	}
	if q.asCustomer && q.at == nil {
		return q, problem.New(problem.BadRequest, "as must be given together with as_of.")
	}
	return q, nil
}

// A queryParameter is a name that is known. set reports whether it could read the
// value.
type queryParameter struct {
	name, must string
	set        func(q *listQuery, value string) bool
}

// eventParameters are those of a list of events: limit and after.
var eventParameters = listParameters[:2]

// listParameters are those of a list of comments.
var listParameters = [...]queryParameter{
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
	{"as_of", "a time as in RFC 3339 (with + written as %2B), or version: and a number from 1 on", func(q *listQuery, value string) bool {
		moment, ok := ParseMoment(value)
		q.at, q.asOf = &moment, value
		return ok
	}},
	{"as", "customer", func(q *listQuery, value string) bool {
		q.asCustomer = value == "customer"
		return q.asCustomer
	}},
}

const mustCursor = "a cursor from a Link header of this list"

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
	if q.at != nil {
		dst = append(append(append(dst, "as_of="...), url.QueryEscape(q.asOf)...), '&')
	}
	if q.asCustomer {
		dst = append(dst, "as=customer&"...)
	}
	return dst
}
