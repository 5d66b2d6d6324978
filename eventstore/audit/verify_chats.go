package audit

import (
	"context"
	"fmt"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/fold"
)

// compareChats compares log.chats with the fold.
func (r *run) compareChats(ctx context.Context) error {
	var keys []fold.CommentKey
	var wanted []fold.ChatRow
	comments, folded := r.foldedComments()
	for i, c := range folded {
		if c.Chat.Exists {
			keys, wanted = append(keys, comments[i]), append(wanted, c.ChatRow())
		}
	}
	if len(keys) == 0 {
		return nil
	}
	rows, err := fold.ReadChats(ctx, r.tx, r.Shard, keys)
	if err != nil {
		return eventstore.Unavailable("read log.chats", err)
	}
	for i, key := range keys {
		name := fmt.Sprintf("account %d chat %s", key.Account, key.Comment)
		have, found := rows[key]
		if !found {
			r.report.find("log.chats", name, "missing")
			continue
		}
		if have.Entries != wanted[i].Entries {
			r.report.find("log.chats", name, "entries is not what the events come to")
		}
		if have.Ended != wanted[i].Ended {
			r.report.find("log.chats", name, "ended is not what the events come to")
		}
	}
	return nil
}
