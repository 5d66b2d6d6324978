package threads

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// A snapshot reads a thread step by step in a transaction that sees one state of the
// database. On top of the rows lie the comments that the tail of the stream touches,
// folded: a touched comment's row is never shown.
type snapshot struct {
	r      *Reader
	who    audience
	q      *ListQuery
	conn   *pgxpool.Conn // nil: the transaction is over
	thread thread

	read pageRead              // the ticket and the first rows; nothing once they are settled
	tail []eventstore.Recorded // likewise

	touched map[domain.CommentID]*comment
	pending []*comment               // those of touched that are asked for, in order
	brought map[domain.ContentID]row // contents that were read together with the tail

	rows         []row // read and not given out yet
	exhausted    bool  // there are no more rows to read
	lower, upper eventstore.Position
	down         bool
}

const (
	beginSQL = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	// A stream waits for its client in the middle of the transaction: for as long as
	// it takes to send a chunk.
	patienceSQL = "SET LOCAL idle_in_transaction_session_timeout = '1min'"
)

// shortTail is how many events make no more than a page's work of a tail.
const shortTail = 100

// snapshot reads the ticket, its tail and the first rows, in one round trip. If once
// is true that is all: the contents of a short tail come with it, and the transaction
// is over. Otherwise the caller closes the snapshot.
func (r *Reader) snapshot(ctx context.Context, who audience, q *ListQuery, limit int, once bool) (*snapshot, error) {
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return nil, failed(err)
	}
	s := newSnapshot(r, who, q, conn)
	switch err = s.begin(ctx, limit, once); {
	case err != nil:
		err = failed(err)
	case !s.read.found:
		err = domain.ErrTicketNotFound
	}
	if err != nil {
		s.close()
		return nil, err
	}
	if once {
		s.conn.Release()
		s.conn = nil
	}
	s.settle(limit)
	return s, nil
}

// newSnapshot is a snapshot in the transaction of a connection, of which nothing has been
// read.
func newSnapshot(r *Reader, who audience, q *ListQuery, conn *pgxpool.Conn) *snapshot {
	s := &snapshot{
		r: r, who: who, q: q, conn: conn,
		touched: make(map[domain.CommentID]*comment), brought: make(map[domain.ContentID]row),
	}
	s.lower, s.upper, s.down = q.bounds()
	return s
}

func (s *snapshot) begin(ctx context.Context, limit int, once bool) error {
	var batch pgx.Batch
	batch.Queue(beginSQL)
	if !once {
		batch.Queue(patienceSQL)
	}
	s.queue(&batch, limit, once)
	if once {
		batch.Queue("COMMIT")
	}
	return s.conn.SendBatch(ctx, &batch).Close()
}

// queue asks for the ticket, its first rows and its tail; contents: also for what the
// comments that the tail touches say.
func (s *snapshot) queue(batch *pgx.Batch, limit int, contents bool) {
	texts := s.who.statements()
	account, ticket := int32(s.q.Account), asID(s.q.Ticket)
	asked := s.who.pageOf(s.q, s.lower, s.upper, limit)
	batch.Queue(s.who.page(s.q, s.down), asked.args(s.r.shard)...).
		Query(func(rows pgx.Rows) error { return s.read.collect(rows, s.who) })
	batch.Queue(texts.touched, s.r.shard, account, ticket, contents).Query(s.scanTouched)
	batch.Queue(texts.tail, s.r.shard, account, ticket).Query(func(rows pgx.Rows) (err error) {
		s.tail, err = pgx.CollectRows(rows, eventstore.ScanRecorded)
		return err
	})
}

// settle lays the tail that was read on top of the rows.
func (s *snapshot) settle(limit int) {
	read, tail := s.read, s.tail
	s.read, s.tail = pageRead{}, nil
	s.thread = read.thread
	if read.applied {
		s.fold(tail)
		s.keep(read.rows, limit)
	} else { // there are no rows, or none to be trusted
		clear(s.touched)
		s.fold(tail)
		s.exhausted = true
	}
}

func (s *snapshot) scanTouched(rows pgx.Rows) error {
	var read commentScan
	var content pgtype.UUID
	var bucket *int64
	var sealed []byte
	_, err := pgx.ForEachRow(rows, append(read.targets(), &content, &bucket, &sealed), func() error {
		c := read.comment()
		s.touched[c.id] = &c
		if bucket != nil {
			s.brought[content.Bytes] = row{bucket: *bucket, sealed: slices.Clone(sealed)}
		}
		return nil
	})
	return err
}

// fold lays the tail on top of the rows.
func (s *snapshot) fold(tail []eventstore.Recorded) {
	for i := range tail {
		e := &tail[i]
		var c *comment
		if e.Comment != (domain.CommentID{}) {
			if c = s.touched[e.Comment]; c == nil {
				c = &comment{id: e.Comment}
				s.touched[e.Comment] = c
			}
		}
		fact, err := e.Decode()
		if err != nil {
			fact = nil // the projector has raised the alarm
		}
		s.thread.fold(e, fact, c)
	}
	for _, c := range s.touched {
		if c.torn && s.who.public {
			s.thread.count(c, -1)
			c.Exists = false
		}
		if s.shows(c) {
			s.pending = append(s.pending, c)
		}
	}
	slices.SortFunc(s.pending, func(a, b *comment) int { return s.order(a.position, b.position) })
}

func (s *snapshot) shows(c *comment) bool {
	return c.Exists && !c.Deleted && (c.Public || !s.who.public) && s.q.matches(c) &&
		s.lower < c.position && c.position < s.upper
}

// order compares positions in the direction in which the thread is read.
func (s *snapshot) order(a, b eventstore.Position) int {
	if s.down {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

// errShort: the tail is longer or odder than was guessed, and the transaction in which
// more could be read is over.
var errShort = errors.New("more has to be read")

// next returns the next comments that the query asks for, up to want. There are no
// others if it returns fewer.
func (s *snapshot) next(ctx context.Context, want int) ([]row, error) {
	page, err := s.take(ctx, want)
	if err != nil {
		return nil, err
	}
	return page, s.contents(ctx, page)
}

// take is next, without the contents of what was folded.
func (s *snapshot) take(ctx context.Context, want int) ([]row, error) {
	page := make([]row, 0, want)
	for len(page) < want {
		switch {
		case len(s.rows) == 0 && !s.exhausted:
			if err := s.fetch(ctx, want-len(page)+min(len(s.touched), shortTail)); err != nil {
				return nil, err
			}
		case len(s.rows) == 0 && len(s.pending) == 0:
			return page, nil
		case len(s.pending) == 0 || len(s.rows) > 0 && s.order(s.rows[0].Position, s.pending[0].position) < 0:
			if s.touched[s.rows[0].ID] == nil {
				page = append(page, s.rows[0])
			}
			s.rows = s.rows[1:]
		default:
			if len(s.rows) > 0 && s.rows[0].ID == s.pending[0].id {
				s.rows = s.rows[1:]
			}
			page = append(page, s.pending[0].row())
			s.pending = s.pending[1:]
		}
	}
	return page, nil
}

// fetch reads more rows.
func (s *snapshot) fetch(ctx context.Context, limit int) error {
	if s.conn == nil {
		return errShort
	}
	var read pageRead
	asked := s.who.pageOf(s.q, s.lower, s.upper, limit)
	rows, err := s.conn.Query(ctx, s.who.page(s.q, s.down), asked.args(s.r.shard)...)
	if err != nil {
		return failed(err)
	}
	if err := read.collect(rows, s.who); err != nil {
		return failed(err)
	}
	s.keep(read.rows, limit)
	return nil
}

// keep takes over rows that were read with the given limit; the next ones lie beyond
// them.
func (s *snapshot) keep(rows []row, limit int) {
	s.rows, s.exhausted = rows, len(rows) < limit
	if len(rows) == 0 {
		return
	}
	if end := rows[len(rows)-1].Position; s.down {
		s.upper = end
	} else {
		s.lower = end
	}
}

// row is a folded comment on its way into a page. Its content has yet to be read.
func (c *comment) row() row {
	return row{unread: true, Comment: Comment{
		ID: c.id, Author: c.Author, Public: c.Public, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		Revision: c.Revision, Position: c.position, Number: c.Number, Content: c.Content,
		Audit: c.Audit, Channel: c.Channel, Flags: c.Flags,
	}}
}

// contents finds what folded comments of a page say.
func (s *snapshot) contents(ctx context.Context, page []row) error {
	var ids []pgtype.UUID
	for i := range page {
		if _, ok := s.brought[page[i].Content]; page[i].unread && !ok {
			ids = append(ids, asID(page[i].Content))
		}
	}
	switch {
	case ids == nil:
	case s.conn == nil:
		return errShort
	default:
		if err := readContents(ctx, s.conn, s.r.shard, ids, s.brought); err != nil {
			return failed(err)
		}
	}
	for i := range page {
		if page[i].unread {
			found := s.brought[page[i].Content]
			page[i].bucket, page[i].sealed = found.bucket, found.sealed
			delete(s.brought, page[i].Content)
		}
	}
	return nil
}

// readContents adds to found the contents that are there.
func readContents(ctx context.Context, conn *pgxpool.Conn, shard int16, ids []pgtype.UUID, found map[domain.ContentID]row) error {
	rows, err := conn.Query(ctx, contentsSQL, shard, ids)
	if err != nil {
		return err
	}
	var id pgtype.UUID
	var bucket int64
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &bucket, &sealed}, func() error {
		found[id.Bytes] = row{bucket: bucket, sealed: slices.Clone(sealed)}
		return nil
	})
	return err
}

// close ends the snapshot and gives the connection back. It may be called twice.
func (s *snapshot) close() {
	if s.conn == nil {
		return
	}
	release(s.conn)
	s.conn = nil
}
