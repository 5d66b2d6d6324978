package threads

import (
	"context"
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
	accounts, tickets := make([]int32, len(b.tickets)), make([]pgtype.UUID, len(b.tickets))
	for i, key := range b.tickets {
		accounts[i], tickets[i] = int32(key.account), asID(key.ticket)
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
	accounts, comments := make([]int32, len(keys)), make([]pgtype.UUID, len(keys))
	for i, key := range keys {
		accounts[i], comments[i] = int32(key.account), asID(key.comment)
	}
	queries.Queue(loadCommentsSQL, b.shard, accounts, comments).Query(b.loadComments)
}

func (b *batch) loadTickets(rows pgx.Rows) error {
	var (
		account                        domain.AccountID
		ticket, change, publicChange   pgtype.UUID
		version                        eventstore.Version
		opened, updated, publicUpdated time.Time
		publicCounts, internalCounts   []int32
	)
	_, err := pgx.ForEachRow(rows, []any{&account, &ticket, &version, &opened, &updated, &publicUpdated,
		&change, &publicChange, &publicCounts, &internalCounts}, func() error {
		t := b.threads[ticketKey{account, ticket.Bytes}]
		t.version, t.change, t.publicChange = version, change.Bytes, publicChange.Bytes
		t.all = domain.Ticket{Exists: true, OpenedAt: opened.UTC(), UpdatedAt: updated.UTC()}
		t.public = domain.Ticket{Exists: true, OpenedAt: opened.UTC(), UpdatedAt: publicUpdated.UTC()}
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
