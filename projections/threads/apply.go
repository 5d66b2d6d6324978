package threads

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
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

// batch is the threads and comments that some events are about.
type batch struct {
	shard    int16
	threads  map[ticketKey]*thread
	comments map[commentKey]*batched
	tickets  []ticketKey  // of threads, in order of appearance
	order    []commentKey // of comments, in order of appearance
	older    []commentKey // those of them that the batch does not create
}

// batched is a comment together with its ticket.
type batched struct {
	comment
	ticket domain.TicketID
}

func newBatch(shard int16, events []projections.Event) *batch {
	b := &batch{shard: shard, threads: make(map[ticketKey]*thread), comments: make(map[commentKey]*batched)}
	for i := range events {
		e := &events[i]
		key := ticketKey{e.Account, e.Ticket}
		if b.threads[key] == nil {
			b.threads[key] = new(thread)
			b.tickets = append(b.tickets, key)
		}
		if e.Comment == (domain.CommentID{}) {
			continue
		}
		about := commentKey{e.Account, e.Comment}
		if b.comments[about] != nil {
			continue
		}
		b.comments[about] = &batched{comment: comment{id: e.Comment}, ticket: e.Ticket}
		b.order = append(b.order, about)
		if _, ok := e.Fact.(domain.CommentCreated); !ok {
			b.older = append(b.older, about)
		}
	}
	return b
}

// load fetches the rows that the batch builds on.
func (b *batch) load(ctx context.Context, tx pgx.Tx, events []projections.Event) error {
	accounts, tickets := make([]domain.AccountID, len(b.tickets)), make([]uuid.UUID, len(b.tickets))
	for i, key := range b.tickets {
		accounts[i], tickets[i] = key.account, uuid.UUID(key.ticket)
	}
	var queries pgx.Batch
	queries.Queue(loadTicketsSQL, b.shard, accounts, tickets).Query(b.loadTickets)
	if len(b.older) > 0 {
		b.queueComments(&queries, b.older)
	}
	if err := tx.SendBatch(ctx, &queries).Close(); err != nil {
		return err
	}
	// A checkpoint that was set back brings comments that have rows already.
	var again []commentKey
	for i := range events {
		e := &events[i]
		if _, ok := e.Fact.(domain.CommentCreated); ok && e.Version <= b.threads[ticketKey{e.Account, e.Ticket}].version {
			again = append(again, commentKey{e.Account, e.Comment})
		}
	}
	if again == nil {
		return nil
	}
	queries = pgx.Batch{}
	b.queueComments(&queries, again)
	return tx.SendBatch(ctx, &queries).Close()
}

func (b *batch) queueComments(queries *pgx.Batch, keys []commentKey) {
	accounts, comments := make([]domain.AccountID, len(keys)), make([]uuid.UUID, len(keys))
	for i, key := range keys {
		accounts[i], comments[i] = key.account, uuid.UUID(key.comment)
	}
	queries.Queue(loadCommentsSQL, b.shard, accounts, comments).Query(b.loadComments)
}

func (b *batch) loadTickets(rows pgx.Rows) error {
	for rows.Next() {
		var key ticketKey
		var t thread
		var opened, updated, publicUpdated time.Time
		var public, internal []int32
		err := rows.Scan(&key.account, (*uuid.UUID)(&key.ticket), &t.version, &opened, &updated, &publicUpdated,
			(*uuid.UUID)(&t.change), (*uuid.UUID)(&t.publicChange), &public, &internal)
		if err != nil {
			return err
		}
		t.all = domain.Ticket{Exists: true, OpenedAt: opened.UTC(), UpdatedAt: updated.UTC()}
		t.public = domain.Ticket{Exists: true, OpenedAt: opened.UTC(), UpdatedAt: publicUpdated.UTC()}
		copy(t.publicCounts[:], public)
		copy(t.internalCounts[:], internal)
		*b.threads[key] = t
	}
	return rows.Err()
}

func (b *batch) loadComments(rows pgx.Rows) error {
	for rows.Next() {
		var key commentKey
		c := batched{comment: comment{stored: true, Comment: domain.Comment{Exists: true}}}
		err := rows.Scan(&key.account, (*uuid.UUID)(&c.ticket), (*uuid.UUID)(&key.comment), &c.position, &c.Number,
			&c.CreatedAt, &c.UpdatedAt, &c.Revision, (*int16)(&c.Author.Type), (*uuid.UUID)(&c.Author.ID), &c.Public,
			(*uuid.UUID)(&c.Content))
		if err != nil {
			return err
		}
		c.id, c.CreatedAt, c.UpdatedAt = key.comment, c.CreatedAt.UTC(), c.UpdatedAt.UTC()
		*b.comments[key] = c
	}
	return rows.Err()
}

// fold applies the events in memory. It fails if the events of a ticket do not go on
// from its rows.
func (b *batch) fold(events []projections.Event) error {
	for i := range events {
		e := &events[i]
		t := b.threads[ticketKey{e.Account, e.Ticket}]
		switch {
		case e.Version <= t.version:
			continue
		case e.Version > t.version+1:
			return fmt.Errorf("%w: version %d of a stream follows %d", projections.ErrPoison, e.Version, t.version)
		}
		var c *comment
		if e.Comment != (domain.CommentID{}) {
			c = &b.comments[commentKey{e.Account, e.Comment}].comment
		}
		t.fold(&e.Recorded, e.Fact, c)
	}
	return nil
}
