-- Chats that have events have been compared, as have their rows in log.comments.
SELECT 'log.chats', format('account %s chat %s', h.account_id, h.chat_id), 'there is no event of this chat'
  FROM log.chats h
 WHERE h.shard = $1
   AND NOT EXISTS (SELECT FROM log.comments c
                    WHERE c.shard = $1 AND c.account_id = h.account_id AND c.comment_id = h.chat_id AND c.author_type = 0)
