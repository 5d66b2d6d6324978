SELECT c.account_id, c.chat_id, c.entries, c.ended
  FROM unnest($2::integer[], $3::uuid[]) AS k (account_id, chat_id)
  JOIN log.chats c ON c.shard = $1 AND c.account_id = k.account_id AND c.chat_id = k.chat_id
