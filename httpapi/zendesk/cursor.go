package zendesk

import (
	"encoding/binary"

	"github.com/commentd/commentd/domain"
)

// cursorContext: a cursor is good for one list of one ticket, in either order.
func cursorContext(list string, account domain.AccountID, ticket domain.TicketID) []byte {
	context := binary.BigEndian.AppendUint32([]byte("zendesk "+list), uint32(account))
	return append(context, ticket[:]...)
}

// openCursor returns the place that a cursor stands for, 0 for no cursor.
func openCursor[T ~int64 | ~int32 | ~int](a *API, list []byte, cursor string) (T, error) {
	if cursor == "" {
		return 0, nil
	}
	opened, err := a.cursors.Open(list, cursor)
	if err != nil || T(opened) <= 0 || uint64(T(opened)) != opened {
		return 0, errPage
	}
	return T(opened), nil
}

// span returns between which places of a list a page is asked for, and how many things
// before it are passed over.
func span[T ~int64 | ~int32 | ~int](a *API, list []byte, asked *pageQuery) (after, before T, skip int, err error) {
	if after, err = openCursor[T](a, list, asked.after); err != nil {
		return after, before, 0, err
	}
	if before, err = openCursor[T](a, list, asked.before); err != nil {
		return after, before, 0, err
	}
	if !asked.cursor {
		skip = asked.skip()
	}
	return after, before, skip, nil
}

// placeOf returns where the things of a page begin and end in their list.
func placeOf[T any](a *API, list []byte, asked *pageQuery, things []T, at func(*T) uint64) (p place) {
	if n := len(things); n > 0 && asked.cursor {
		p.first = a.cursors.Seal(list, at(&things[0]))
		p.last = a.cursors.Seal(list, at(&things[n-1]))
	}
	return p
}
