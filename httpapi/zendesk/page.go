package zendesk

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	maxPage   = 100    // things on a page, and the default
	maxOffset = 10_000 // things that pages with numbers reach
	maxMany   = 100    // ids of one show_many
)

// A pageQuery is what a query string asks of a list (contract §4). There are two
// modes: pages that follow a cursor, and pages with numbers.
type pageQuery struct {
	cursor        bool
	size          int
	number        int    // of the page, from 1; without cursors
	after, before string // cursors as they came; at most one is set
	by            string // what the list is sorted by
	desc          bool
	others        url.Values // whatever else was asked, for links to other pages
}

// Names in query strings.
const (
	keySize, keyAfter, keyBefore = "page[size]", "page[after]", "page[before]"
	keyPage, keyPerPage          = "page", "per_page"
)

// parsePage reads the query string of a list. Keys that mean nothing here are ignored;
// of those that come twice the last counts; an empty value says nothing. action is
// what the operation is called in refusals. The list may be sorted by what is in by, and is
// by the first of it unless something else is asked for; without any, by created_at.
func parsePage(raw, action string, by ...string) (q pageQuery, err error) {
	q = pageQuery{size: maxPage, number: 1}
	q.others, _ = url.ParseQuery(raw) // what is malformed is left out
	_, sized := q.others[keySize]
	_, follows := q.others[keyAfter]
	_, precedes := q.others[keyBefore]
	q.cursor = sized || follows || precedes
	q.after, q.before = last(q.others, keyAfter), last(q.others, keyBefore)
	if q.after != "" && q.before != "" {
		return q, errPage
	}
	sizeKey, sizeName := keyPerPage, keyPerPage
	if q.cursor {
		sizeKey, sizeName = keySize, "page.size"
	}
	if q.size, err = positive(q.others, sizeKey, sizeName, action, maxPage); err != nil {
		return q, err
	}
	q.size = min(q.size, maxPage)
	if !q.cursor {
		if q.number, err = positive(q.others, keyPage, keyPage, action, 1); err != nil {
			return q, err
		}
		if q.number > maxOffset/maxPage || q.number*q.size > maxOffset {
			return q, errDepth
		}
	}
	if len(by) == 0 {
		by = []string{"created_at"}
	}
	if q.by, q.desc, err = order(q.others, action, by); err != nil {
		return q, err
	}
	for _, key := range []string{keySize, keyAfter, keyBefore, keyPage, "access_token"} {
		q.others.Del(key)
	}
	if q.cursor {
		q.others.Del(keyPerPage)
	}
	return q, nil
}

// last returns the last value of a key, "" if there is none.
func last(values url.Values, key string) string {
	if all := values[key]; len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// positive reads an integer from 1 on. One that no int can hold is as good as the
// greatest that one can.
func positive(values url.Values, key, name, action string, otherwise int) (int, error) {
	text := last(values, key)
	if text == "" {
		return otherwise, nil
	}
	if !isInteger(text) {
		return 0, attribute(name, "an integer", action)
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if n < 1 {
		return 0, attribute(name, "at least 1", action)
	}
	if err != nil {
		n = 1<<31 - 1
	}
	return int(n), nil
}

// order reads what a list is sorted by, which either mode takes in either spelling: sort, or
// else sort_by and sort_order.
func order(values url.Values, action string, by []string) (name string, desc bool, err error) {
	if text := last(values, "sort"); text != "" {
		name, desc = strings.CutPrefix(text, "-")
		if !slices.Contains(by, name) {
			err = attribute("sort", strings.Join(by, ", ")+" or -"+strings.Join(by, ", -"), action)
		}
		return name, desc, err
	}
	name = by[0]
	if text := last(values, "sort_by"); text != "" {
		if name = text; !slices.Contains(by, name) {
			return name, false, attribute("sort_by", strings.Join(by, " or "), action)
		}
	}
	switch strings.ToLower(last(values, "sort_order")) {
	case "", "asc":
		return name, false, nil
	case "desc":
		return name, true, nil
	}
	return name, false, attribute("sort_order", "asc or desc", action)
}

// skip is how many things stand before the page.
func (q *pageQuery) skip() int { return (q.number - 1) * q.size }

// A place is where a page was found in its list.
type place struct {
	first, last string // cursors of the first and the last thing on the page; "" on an empty one
	more        bool   // there are things beyond it, in the direction of travel
	total       int    // things in the list; of pages with numbers
}

// members returns what is said of a page beside its contents: other keys for pages
// with cursors than for those with numbers. self is the URL of the list.
//
// A cursor is a place and no snapshot: who asks again behind the last one gets what has
// come since, so a page with anything on it has cursors. But links lead only where there
// is something: clients follow next until there is none.
func (q *pageQuery) members(self string, at place) []member {
	if !q.cursor {
		var next, previous *string
		if q.number*q.size < at.total {
			next = q.link(self, keyPage, strconv.Itoa(q.number+1))
		}
		if q.number > 1 {
			previous = q.link(self, keyPage, strconv.Itoa(q.number-1))
		}
		return []member{{"next_page", next}, {"previous_page", previous}, {"count", at.total}}
	}
	meta := pageMeta{HasMore: at.more}
	var links pageLinks
	if at.first != "" {
		meta.AfterCursor, meta.BeforeCursor = &at.last, &at.first
		if at.more || q.before != "" {
			links.Next = q.link(self, keyAfter, at.last)
		}
		if at.more || q.before == "" {
			links.Prev = q.link(self, keyBefore, at.first)
		}
	}
	return []member{{"meta", meta}, {"links", links}}
}

type pageMeta struct {
	HasMore      bool    `json:"has_more"`
	AfterCursor  *string `json:"after_cursor"`
	BeforeCursor *string `json:"before_cursor"`
}

type pageLinks struct {
	Prev *string `json:"prev"`
	Next *string `json:"next"`
}

// link returns the URL of another page of the list.
func (q *pageQuery) link(self, key, value string) *string {
	query := make(url.Values, len(q.others)+2)
	for name, values := range q.others {
		query[name] = values
	}
	if q.cursor {
		query.Set(keySize, strconv.Itoa(q.size))
	}
	query.Set(key, value)
	link := self + "?" + query.Encode()
	return &link
}
