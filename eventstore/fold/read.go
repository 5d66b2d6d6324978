package fold

import (
	"context"
	_ "embed"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

var (
	//go:embed sql/tickets.sql
	ticketsSQL string
	//go:embed sql/comments.sql
	commentsSQL string
	//go:embed sql/chats.sql
	chatsSQL string
)

// Querier is a pool or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ReadTickets returns those rows of log.tickets that there are. The error is that of the
// database.
func ReadTickets(ctx context.Context, db Querier, shard int16, keys []TicketKey) (map[TicketKey]TicketRow, error) {
	accounts, ids := make([]int32, len(keys)), make([]uuid.UUID, len(keys))
	for i, k := range keys {
		accounts[i], ids[i] = int32(k.Account), uuid.UUID(k.Ticket)
	}
	rows, err := db.Query(ctx, ticketsSQL, shard, accounts, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[TicketKey]TicketRow, len(keys))
	var key TicketKey
	var row TicketRow
	var requester, subject *uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&key.Account, (*uuid.UUID)(&key.Ticket), &row.Number, &row.Version, &row.PublicVersion, &row.Revision,
		&row.DefaultPublic, &row.LegalHold, &requester, &subject, &row.Status, &row.Comments}, func() error {
		row.Requester, row.Subject = orZero(requester), orZero(subject)
		found[key] = row
		return nil
	})
	return found, err
}

// ReadComments is ReadTickets for log.comments.
func ReadComments(ctx context.Context, db Querier, shard int16, keys []CommentKey) (map[CommentKey]CommentRow, error) {
	accounts, ids := columns(keys)
	rows, err := db.Query(ctx, commentsSQL, shard, accounts, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[CommentKey]CommentRow, len(keys))
	var key CommentKey
	var row CommentRow
	var content *uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&key.Account, (*uuid.UUID)(&key.Comment), (*uuid.UUID)(&row.Ticket), &row.Number, &row.Revision,
		&row.AuthorType, (*uuid.UUID)(&row.Author), &row.Public, &row.Deleted, &content}, func() error {
		row.Content = domain.ContentID(orZero(content))
		found[key] = row
		return nil
	})
	return found, err
}

// ReadChats is ReadTickets for log.chats.
func ReadChats(ctx context.Context, db Querier, shard int16, keys []CommentKey) (map[CommentKey]ChatRow, error) {
	accounts, ids := columns(keys)
	rows, err := db.Query(ctx, chatsSQL, shard, accounts, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[CommentKey]ChatRow)
	var key CommentKey
	var row ChatRow
	_, err = pgx.ForEachRow(rows, []any{&key.Account, (*uuid.UUID)(&key.Comment), &row.Entries, &row.Ended}, func() error {
		found[key] = row
		return nil
	})
	return found, err
}

func columns(keys []CommentKey) (accounts []int32, ids []uuid.UUID) {
	for _, k := range keys {
		accounts, ids = append(accounts, int32(k.Account)), append(ids, uuid.UUID(k.Comment))
	}
	return accounts, ids
}

func orZero(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.UUID{}
	}
	return *id
}
