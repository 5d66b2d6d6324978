package audit

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
)

//go:embed sql/chat_rows.sql
var chatRowsSQL string

// compareChats compares log.chats with the fold.
func (r *run) compareChats(ctx context.Context) error {
	wanted := map[commentKey]domain.Chat{}
	var accounts []int32
	var chats []uuid.UUID
	for _, s := range r.folded {
		for id, c := range s.comments {
			if c.chat.Exists {
				wanted[commentKey{s.account, id}] = c.chat
				accounts, chats = append(accounts, int32(s.account)), append(chats, uuid.UUID(id))
			}
		}
	}
	if len(chats) == 0 {
		return nil
	}
	rows, err := r.tx.Query(ctx, chatRowsSQL, r.Shard, accounts, chats)
	if err != nil {
		return failed("read log.chats", err)
	}
	var account domain.AccountID
	var id uuid.UUID
	var entries int
	var ended bool
	if _, err := pgx.ForEachRow(rows, []any{&account, &id, &entries, &ended}, func() error {
		key := commentKey{account, domain.CommentID(id)}
		want := wanted[key]
		if entries != want.Entries {
			r.report.find("log.chats", key.chat(), "entries is not what the events come to")
		}
		if ended != want.Ended {
			r.report.find("log.chats", key.chat(), "ended is not what the events come to")
		}
		delete(wanted, key)
		return nil
	}); err != nil {
		return failed("read log.chats", err)
	}
	for key := range wanted {
		r.report.find("log.chats", key.chat(), "missing")
	}
	return nil
}

func (k commentKey) chat() string { return fmt.Sprintf("account %d chat %s", k.account, k.comment) }
