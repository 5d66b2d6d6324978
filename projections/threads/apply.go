package threads

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections"
)

var (
	//go:embed sql/load_tickets.sql
	loadTicketsSQL string
	//go:embed sql/load_comments.sql
	loadCommentsSQL string
)

type ticketKey struct {
	account domain.AccountID
	ticket  domain.TicketID
}

type commentKey struct {
	account domain.AccountID
	comment domain.CommentID
}

// batch is events, and the threads and comments that they are about.
type batch struct {
	of       Projection
	threads  map[ticketKey]*batchedThread
	comments map[commentKey]*batched
	order    []*batchedThread // threads, in order of appearance
	events   []projections.Event
}

// batchedThread is a thread together with its name and those of its comments that the
// batch is about, in order of appearance.
type batchedThread struct {
	thread
	ticketKey
	comments []*batched
}

// batched is a comment together with its account and ticket.
type batched struct {
	comment
	ticketKey
}

func newBatch(p Projection, events []projections.Event) *batch {
	b := &batch{of: p, events: events, threads: make(map[ticketKey]*batchedThread), comments: make(map[commentKey]*batched)}
	for i := range events {
		b.meet(&events[i].Recorded)
	}
	return b
}

// meet returns the thread and the comment, nil if none, that an event is about.
func (b *batch) meet(e *eventstore.Recorded) (*batchedThread, *batched) {
	key := ticketKey{e.Account, e.Ticket}
	t := b.threads[key]
	if t == nil {
		t = &batchedThread{ticketKey: key}
		b.threads[key] = t
		b.order = append(b.order, t)
	}
	if e.Comment == (domain.CommentID{}) {
		return t, nil
	}
	about := commentKey{e.Account, e.Comment}
	c := b.comments[about]
	if c == nil {
		c = &batched{comment: comment{id: e.Comment}, ticketKey: key}
		b.comments[about] = c
		t.comments = append(t.comments, c)
	}
	return t, c
}

// Load fetches the rows that the batch builds on. A comment that the batch creates may
// have a row all the same: a checkpoint that was set back brings events again.
func (b *batch) Load(queries *pgx.Batch) {
	var of, accounts []int32 // of the comments, of the tickets
	var tickets, comments []pgtype.UUID
	for _, t := range b.order {
		accounts, tickets = append(accounts, int32(t.account)), append(tickets, asID(t.ticket))
		for _, c := range t.comments {
			of, comments = append(of, int32(c.account)), append(comments, asID(c.id))
		}
	}
	queries.Queue(b.of.sql(loadTicketsSQL), b.of.Shard, accounts, tickets).Query(b.loadTickets)
	if len(comments) > 0 {
		queries.Queue(b.of.sql(loadCommentsSQL), b.of.Shard, of, comments).Query(b.loadComments)
	}
}

func (b *batch) loadTickets(rows pgx.Rows) error {
	var (
		account                        domain.AccountID
		ticket, change, publicChange   pgtype.UUID
		version                        eventstore.Version
		opened, updated, publicUpdated time.Time
		publicCounts, internalCounts   []int32
		audits                         int32
		lastAudit                      int64
	)
	_, err := pgx.ForEachRow(rows, []any{&account, &ticket, &version, &opened, &updated, &publicUpdated,
		&change, &publicChange, &publicCounts, &internalCounts, &audits, &lastAudit}, func() error {
		t := b.threads[ticketKey{account, ticket.Bytes}]
		t.version, t.change, t.publicChange = version, change.Bytes, publicChange.Bytes
		t.all = domain.Ticket{Exists: true, OpenedAt: opened.UTC(), UpdatedAt: updated.UTC()}
		t.public = domain.Ticket{Exists: true, OpenedAt: opened.UTC(), UpdatedAt: publicUpdated.UTC()}
		t.audits, t.lastAudit = audits, lastAudit
		copy(t.publicCounts[:], publicCounts)
		copy(t.internalCounts[:], internalCounts)
		return nil
	})
	return err
}

func (b *batch) loadComments(rows pgx.Rows) error {
	var account domain.AccountID
	var ticket pgtype.UUID
	var read commentScan
	_, err := pgx.ForEachRow(rows, append([]any{&account, &ticket}, read.targets()...), func() error {
		c := b.comments[commentKey{account, read.id.Bytes}]
		c.ticket, c.comment = ticket.Bytes, read.comment()
		return nil
	})
	return err
}

// fold applies the events in memory. It fails if the events of a ticket do not go on
// from its rows.
func (b *batch) fold() error {
	for i := range b.events {
		if err := b.add(&b.events[i]); err != nil {
			return err
		}
	}
	return nil
}

// add applies an event in memory. If it fails nothing has changed.
func (b *batch) add(e *projections.Event) error {
	t, c := b.meet(&e.Recorded)
	switch {
	case e.Version <= t.version:
	case e.Version > t.version+1:
		return fmt.Errorf("%w: version %d of a stream follows %d", projections.ErrPoison, e.Version, t.version)
	case c == nil:
		t.fold(&e.Recorded, e.Fact, nil)
	default:
		t.fold(&e.Recorded, e.Fact, &c.comment)
	}
	return nil
}
