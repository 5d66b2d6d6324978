package threads

import (
	"encoding/binary"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// Page rows are read as they come off the wire: a list of comments would otherwise
// spend more time on scanning values than on anything else. pgx asks for all the
// types below in their binary form.

func int16Of(b []byte) int16 { return int16(binary.BigEndian.Uint16(b)) }
func int32Of(b []byte) int32 { return int32(binary.BigEndian.Uint32(b)) }
func int64Of(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }

// postgresEpoch is 2000-01-01 in microseconds since 1970.
const postgresEpoch = 946_684_800_000_000

func timeOf(b []byte) time.Time { return time.UnixMicro(int64Of(b) + postgresEpoch).UTC() }

// asID is an id as pgx encodes it fastest: it knows nothing of ours.
func asID[ID ~[16]byte](id ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

// contentColumn is the id of a content; that of an erased one is null.
func contentColumn(id domain.ContentID) pgtype.UUID {
	return pgtype.UUID{Bytes: id, Valid: id != domain.ContentID{}}
}

// countsOf reads an integer[] of domain.AuthorTypes elements: a header of 20 bytes,
// then each element after its length.
func countsOf(b []byte) (c counts) {
	for i := range c {
		c[i] = int32Of(b[20+8*i+4:])
	}
	return c
}

// ticketRow reads the ticket's columns of page.sql and ticket.sql.
func ticketRow(v [][]byte, who audience) (t thread, state state) {
	state.version = eventstore.Version(int32Of(v[0]))
	if v[1] == nil {
		return t, state
	}
	state.applied = true
	t.version = eventstore.Version(int32Of(v[1]))
	var seen domain.Ticket
	seen.Exists, seen.UpdatedAt = true, timeOf(v[3])
	t.publicCounts = countsOf(v[4])
	if who.public {
		t.publicChange, t.public = domain.EventID(v[2]), seen
		return t, state
	}
	t.change, t.all = domain.EventID(v[2]), seen
	t.internalCounts = countsOf(v[5])
	return t, state
}

// state says how the read model stands to the log.
type state struct {
	version eventstore.Version // of the last event that the audience may know of
	applied bool               // the read model knows the ticket
}

// row is a comment on its way into a page.
type row struct {
	Comment
	bucket int64
	sealed []byte // nil: the content is gone, or unread
	unread bool   // the content has yet to be read
}

// commentRow reads the comment's columns of page.sql. sealed is kept in arena.
func commentRow(v [][]byte, arena []byte) (row, []byte) {
	r := row{Comment: Comment{
		Position:  eventstore.Position(int64Of(v[6])),
		Number:    int64Of(v[7]),
		CreatedAt: timeOf(v[8]),
		UpdatedAt: timeOf(v[9]),
		Revision:  int(int32Of(v[10])),
		Author:    domain.Author{Type: domain.AuthorType(int16Of(v[11])), ID: domain.UserID(v[14])},
		Public:    v[12][0] == 1,
		ID:        domain.CommentID(v[13]),
	}}
	if v[15] != nil {
		r.Content = domain.ContentID(v[15])
	}
	if v[17] != nil {
		r.bucket = int64Of(v[16])
		at := len(arena)
		arena = append(arena, v[17]...)
		r.sealed = arena[at:len(arena):len(arena)]
	}
	r.Audit, r.Channel, r.Flags = int64Of(v[18]), domain.Channel(int16Of(v[19])), domain.Flags(int32Of(v[20]))
	return r, arena
}

// commentScan receives a row of threads.comments: the columns of load_comments.sql
// after the first two, which are the first of touched.sql.
type commentScan struct {
	id, author, content pgtype.UUID
	position, number    *int64
	created, updated    *time.Time
	revision            *int32
	authorType          *int16
	public              *bool
	audit               *int64
	channel             *domain.Channel
	flags               *int32
}

func (s *commentScan) targets() []any {
	return []any{&s.id, &s.position, &s.number, &s.created, &s.updated, &s.revision, &s.authorType, &s.author, &s.public, &s.content,
		&s.audit, &s.channel, &s.flags}
}

// comment is the comment of the row, or one that does not exist yet.
func (s *commentScan) comment() comment {
	c := comment{id: s.id.Bytes}
	if s.position == nil {
		return c
	}
	c.stored, c.position = true, eventstore.Position(*s.position)
	c.Comment = domain.Comment{
		Exists: true, Number: *s.number, Public: *s.public, Content: s.content.Bytes, Revision: int(*s.revision),
		Author:    domain.Author{Type: domain.AuthorType(*s.authorType), ID: s.author.Bytes},
		CreatedAt: s.created.UTC(), UpdatedAt: s.updated.UTC(),
		Audit: *s.audit, Channel: *s.channel, Flags: domain.Flags(*s.flags),
	}
	return c
}
