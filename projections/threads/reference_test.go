package threads_test

import (
	"slices"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// list is the answer to a query, by brute force.
func list(ref *logtest.Thread, q threads.ListQuery) (comments []*logtest.Comment, total int, more bool) {
	for _, c := range ref.Comments {
		visible := !c.Deleted && (c.Public || q.Viewer.SeesInternal())
		if visible && (q.Internal == nil || *q.Internal != c.Public) && (q.Author <= 0 || q.Author.String() == c.AuthorType) && (q.Author >= 0 || (-q.Author).String() != c.AuthorType) {
			comments = append(comments, c)
		}
	}
	total = len(comments)
	before := func(c *logtest.Comment) bool { return c.Position <= q.From }
	if comments = slices.DeleteFunc(comments, before); q.After == 0 && q.Before == 0 {
		total = len(comments)
	}
	slices.SortFunc(comments, func(a, b *logtest.Comment) int {
		if q.Desc {
			return int(b.Position - a.Position)
		}
		return int(a.Position - b.Position)
	})
	precedes := func(a, b eventstore.Position) bool { return a < b != q.Desc && a != b }
	comments = slices.DeleteFunc(comments, func(c *logtest.Comment) bool {
		return q.After != 0 && !precedes(q.After, c.Position) || q.Before != 0 && !precedes(c.Position, q.Before)
	})
	if q.After == 0 && q.Before == 0 {
		comments = comments[min(q.Skip, len(comments)):]
	}
	if q.Limit == 0 || len(comments) <= q.Limit {
		return comments, total, false
	}
	if q.Before != 0 && q.After == 0 {
		return comments[len(comments)-q.Limit:], total, true
	}
	return comments[:q.Limit], total, true
}
