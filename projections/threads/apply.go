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
	shard    int16
	threads  map[ticketKey]*thread
	comments map[commentKey]*batched
	tickets  []ticketKey  // of threads, in order of appearance
	order    []commentKey // of comments, in order of appearance
	events   []projections.Event
}

// batched is a comment together with its ticket.
type batched struct {
	comment
	ticket domain.TicketID
}

func newBatch(shard int16, events []projections.Event) *batch {
	b := &batch{shard: shard, events: events, threads: make(map[ticketKey]*thread), comments: make(map[commentKey]*batched)}
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
	}
	return b
}

// Load fetches the rows that the batch builds on. A comment that the batch creates may
// have a row all the same: a checkpoint that was set back brings events again.
func (b *batch) Load(queries *pgx.Batch) {
	accounts, tickets := make([]int32, len(b.tickets)), make([]pgtype.UUID, len(b.tickets))
	for i, key := range b.tickets {
		accounts[i], tickets[i] = int32(key.account), asID(key.ticket)
	}
	queries.Queue(loadTicketsSQL, b.shard, accounts, tickets).Query(b.loadTickets)
	if len(b.order) == 0 {
		return
	}
	accounts, comments := make([]int32, len(b.order)), make([]pgtype.UUID, len(b.order))
	for i, key := range b.order {
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
func (b *batch) fold() error {
	for i := range b.events {
		e := &b.events[i]
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
