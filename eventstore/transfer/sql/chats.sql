INSERT INTO log.chats (shard, account_id, chat_id, entries, ended)
VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT ON CONSTRAINT chats_pkey DO UPDATE SET entries = excluded.entries, ended = excluded.ended
