package transfer

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/fold"
)

var (
	//go:embed sql/move_head.sql
	moveHeadSQL string
	//go:embed sql/events.sql
	eventsSQL string
	//go:embed sql/contents.sql
	contentsSQL string
	//go:embed sql/buckets.sql
	bucketsSQL string
	//go:embed sql/remove.sql
	removeSQL string
	//go:embed sql/owe.sql
	oweSQL string
	//go:embed sql/tickets.sql
	ticketsSQL string
	//go:embed sql/comments.sql
	commentsSQL string
	//go:embed sql/chats.sql
	chatsSQL string
)

// errRetired: a text was sealed under a key that is about to be destroyed.
var errRetired = errors.New("transfer: sealed under a key that is retired")

// write appends a batch, with all that follows from it, in one transaction.
func (i *importing) write(ctx context.Context, b *batch) error {
	retired, err := i.retire(ctx, b)
	if err != nil {
		return err
	}
	sealed, err := i.seal(ctx, b)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, i.Pool, func(tx pgx.Tx) error {
		if len(retired) > 0 { // which locks in its own order, and so comes first
			if _, err := tx.Exec(ctx, "SELECT log.retire_buckets($1)", retired); err != nil {
				return err
			}
		}
		if err := i.moveHead(ctx, tx, b); err != nil {
			return err
		}
		tickets, err := i.fold(ctx, tx, b)
		if err != nil {
			return err
		}
		for _, step := range []func(context.Context, pgx.Tx) error{
			b.writeEvents,
			func(ctx context.Context, tx pgx.Tx) error { return b.writeContents(ctx, tx, sealed) },
			b.remove,
			b.writeFiles,
			func(ctx context.Context, tx pgx.Tx) error { return b.writeRows(ctx, tx, tickets) },
		} {
			if err := step(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errRetired) {
		for _, s := range sealed { // any of them may be the one
			i.Vault.Forget(s.bucket)
		}
	}
	var refused *RefusedError
	if err == nil || errors.Is(err, errRetired) || errors.Is(err, ErrMoved) || errors.As(err, &refused) {
		return err
	}
	return eventstore.Unavailable("append", err)
}

// retire returns the keys of texts that the batch removes, and sees to it that nothing is
// sealed under them any more. They have to be destroyed here as well, whatever the log
// says of those elsewhere.
func (i *importing) retire(ctx context.Context, b *batch) ([]int64, error) {
	if len(b.removed) == 0 {
		return nil, nil
	}
	rows, err := i.Pool.Query(ctx, bucketsSQL, 0, b.removed)
	if err != nil {
		return nil, eventstore.Unavailable("read contents", err)
	}
	buckets, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, eventstore.Unavailable("read contents", err)
	}
	for _, bucket := range buckets {
		i.Vault.Forget(bucket)
	}
	return buckets, nil
}

// sealedText is a row of log.contents.
type sealedText struct {
	id     uuid.UUID
	bucket int64
	bytes  []byte
}

func (i *importing) seal(ctx context.Context, b *batch) ([]sealedText, error) {
	sealed := make([]sealedText, len(b.texts))
	for k, t := range b.texts {
		s, err := i.Vault.Restore(ctx, t.Place, t.Document, t.Salt, t.Digest)
		if err != nil {
			return nil, err
		}
		sealed[k] = sealedText{uuid.UUID(t.ID), s.BucketID, s.Bytes}
	}
	return sealed, nil
}

// moveHead locks the head of the log, which is still where it was left, to the end of the
// transaction.
func (i *importing) moveHead(ctx context.Context, tx pgx.Tx, b *batch) error {
	after, last := i.head.after(b.groups), b.groups[len(b.groups)-1].recorded
	tag, err := tx.Exec(ctx, moveHeadSQL, 0, i.head.position, after.position, last.RecordedAt, last.Epoch, after.partitions)
	switch {
	case err != nil:
		return err
	case tag.RowsAffected() == 0:
		return ErrMoved
	}
	return audit.FollowEpoch(ctx, tx, 0, last.Epoch)
}

// fold adds the events of the batch to what those before them have come to.
func (i *importing) fold(ctx context.Context, tx pgx.Tx, b *batch) (map[fold.TicketKey]*fold.Ticket, error) {
	ticketRows, err := fold.ReadTickets(ctx, tx, 0, b.tickets())
	if err != nil {
		return nil, err
	}
	comments := b.comments()
	commentRows, err := fold.ReadComments(ctx, tx, 0, comments)
	if err != nil {
		return nil, err
	}
	chatRows, err := fold.ReadChats(ctx, tx, 0, comments)
	if err != nil {
		return nil, err
	}
	tickets := map[fold.TicketKey]*fold.Ticket{}
	for _, key := range b.tickets() {
		t := fold.New(key.Account, key.Ticket)
		if row, found := ticketRows[key]; found {
			t.Resume(row)
		}
		tickets[key] = &t
	}
	for _, g := range b.groups {
		r := g.recorded
		t := tickets[fold.TicketKey{Account: r.Account, Ticket: r.Ticket}]
		key := fold.CommentKey{Account: r.Account, Comment: r.Comment}
		if row, found := commentRows[key]; found {
			if row.Ticket != r.Ticket {
				return nil, refuse(g.line, "the event is about a comment of another ticket")
			}
			var chat *fold.ChatRow
			if c, is := chatRows[key]; is {
				chat = &c
			}
			t.ResumeComment(r.Comment, row, chat)
			delete(commentRows, key) // from here on the ticket knows it
		}
		if problems := t.Add(r, g.fact); len(problems) > 0 {
			return nil, refuse(g.line, "%s", problems[0])
		}
	}
	return tickets, nil
}

func (b *batch) writeEvents(ctx context.Context, tx pgx.Tx) error {
	n := len(b.groups)
	positions, previous, recorded := make([]int64, n), make([]int64, n), make([]time.Time, n)
	epochs, accounts, versions, comments := make([]int32, n), make([]int32, n), make([]int32, n), make([]int32, n)
	schemas, internals := make([]int16, n), make([]bool, n)
	ids, tickets, about := make([]pgtype.UUID, n), make([]pgtype.UUID, n), make([]pgtype.UUID, n)
	types, data := make([]string, n), make([][]byte, n)
	for k, g := range b.groups {
		r := g.recorded
		positions[k], previous[k], recorded[k] = int64(r.Position), int64(r.PrevInPartition), r.RecordedAt
		epochs[k], accounts[k], versions[k], comments[k] = r.Epoch, int32(r.Account), int32(r.Version), int32(r.CommentPrevious)
		schemas[k], internals[k], ids[k], tickets[k], about[k] = r.SchemaVersion, r.Internal, id(r.ID), id(r.Ticket), id(r.Comment)
		types[k], data[k] = r.Type, r.Data
	}
	_, err := tx.Exec(ctx, eventsSQL, 0, positions, previous, recorded, epochs, accounts, versions, comments, schemas, internals,
		ids, tickets, about, types, data)
	return err
}

func (b *batch) writeContents(ctx context.Context, tx pgx.Tx, sealed []sealedText) error {
	ids, buckets, bytes := make([]uuid.UUID, len(sealed)), make([]int64, len(sealed)), make([][]byte, len(sealed))
	for k, s := range sealed {
		ids[k], buckets[k], bytes[k] = s.id, s.bucket, s.bytes
	}
	tag, err := tx.Exec(ctx, contentsSQL, 0, ids, buckets, bytes)
	if err == nil && tag.RowsAffected() < int64(len(sealed)) {
		err = errRetired
	}
	return err
}

// remove deletes the texts that the batch removes, and notes what is owed for it. Their keys
// are retired, and are destroyed whether or not the obligation is completed already.
func (b *batch) remove(ctx context.Context, tx pgx.Tx) error {
	if len(b.removed) > 0 {
		if _, err := tx.Exec(ctx, removeSQL, 0, b.removed); err != nil {
			return err
		}
	}
	var queue pgx.Batch
	for _, g := range b.groups {
		if r := g.recorded; len(fold.Removes(g.fact)) > 0 {
			queue.Queue(oweSQL, 0, r.Position, r.RecordedAt, r.Account, uuid.UUID(r.Ticket), uuid.UUID(r.ID))
		}
	}
	return tx.SendBatch(ctx, &queue).Close()
}

// writeRows writes the rows that later commands are decided on.
func (b *batch) writeRows(ctx context.Context, tx pgx.Tx, tickets map[fold.TicketKey]*fold.Ticket) error {
	var queue pgx.Batch
	for _, key := range b.tickets() {
		t := tickets[key]
		row := t.Row()
		queue.Queue(ticketsSQL, 0, key.Account, uuid.UUID(key.Ticket), row.Number, row.Version, row.PublicVersion, row.Comments, row.Revision,
			row.DefaultPublic, row.LegalHold, id(row.Requester), id(row.Subject), row.Status)
		for _, comment := range t.Order {
			c := t.Comments[comment]
			row := c.Row()
			queue.Queue(commentsSQL, 0, key.Account, uuid.UUID(comment), uuid.UUID(row.Ticket), row.Number, row.Revision, row.AuthorType,
				uuid.UUID(row.Author), row.Public, row.Deleted, id(row.Content))
			if c.Chat.Exists {
				queue.Queue(chatsSQL, 0, key.Account, uuid.UUID(comment), c.Chat.Entries, c.Chat.Ended)
			}
		}
	}
	return tx.SendBatch(ctx, &queue).Close()
}
