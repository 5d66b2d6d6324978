package v1

import (
	"encoding/binary"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/problem"
	"github.com/commentd/commentd/projections/threads"
)

var errCursor = problem.New(problem.BadRequest, "after and before must be cursors from a Link header of this list.")

// open returns the position of a cursor, 0 for none.
func (l *listing) open(cursor string) (eventstore.Position, error) {
	if cursor == "" {
		return 0, nil
	}
	position, err := l.a.cursors.Open(l.cursorContext(), cursor)
	if err != nil || position == 0 || int64(position) < 0 {
		return 0, errCursor
	}
	return eventstore.Position(position), nil
}

// cursorContext: a cursor is good for one use of one thing of one account, in any order
// and under any filter.
func cursorContext(use string, account domain.AccountID, thing [16]byte) []byte {
	context := binary.BigEndian.AppendUint32(append(make([]byte, 0, 48), use...), uint32(account))
	return append(context, thing[:]...)
}

func (l *listing) cursorContext() []byte {
	return cursorContext("comments", l.query.Account, l.query.Ticket)
}

// tag is the entity tag of the list. What audience it is for is part of it, or else
// a customer could tell a list with notes from one without.
func (l *listing) tag(change domain.EventID, notes bool) string {
	var flags byte
	if l.query.Viewer.SeesInternal() {
		flags |= 1
	}
	if notes {
		flags |= 2
	}
	which := l.asked.appendFilters(append(make([]byte, 0, 128), flags))
	which = append(append(append(append(which, l.asked.after...), '/'), l.asked.before...), '/')
	return `"` + l.a.tags.Tag([]byte("list"), change[:], which) + `"`
}

// links returns the Link header of a page, nil if it has no neighbours. A list of
// all there is has none.
func (l *listing) links(page *threads.Page) []string {
	n := len(page.Comments)
	if l.query.Limit == 0 || n == 0 {
		return nil
	}
	var dst []byte
	backwards := l.query.Before != 0
	if backwards || page.More {
		dst = l.appendLink(dst, "after", page.Comments[n-1].Position, "next")
	}
	if l.query.After != 0 || backwards && page.More {
		dst = l.appendLink(dst, "before", page.Comments[0].Position, "prev")
	}
	if dst == nil {
		return nil
	}
	return []string{string(dst)}
}

func (l *listing) appendLink(dst []byte, name string, at eventstore.Position, rel string) []byte {
	if len(dst) > 0 {
		dst = append(dst, ", "...)
	}
	dst = append(append(dst, '<'), l.a.base...)
	dst = append(append(append(dst, "/v1/tickets/"...), l.query.Ticket.String()...), "/comments?"...)
	dst = l.asked.appendFilters(dst)
	dst = append(append(dst, name...), '=')
	dst = append(dst, l.a.cursors.Seal(l.cursorContext(), uint64(at))...)
	dst = append(dst, l.asked.rest...)
	return append(append(append(dst, `>; rel="`...), rel...), '"')
}
