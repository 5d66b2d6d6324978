-- How many texts there are of comments and chats ($4, each in its ticket $3): those that
-- their events have brought since they were last erased, if ever. That somebody has joined
-- a chat is no text.
WITH RECURSIVE chain AS (
    SELECT k.ticket_id, e.type, e.data, e.comment_previous
      FROM unnest($3::uuid[], $4::uuid[]) AS k (ticket_id, comment_id)
     CROSS JOIN LATERAL (
           SELECT revision FROM log.comments
            WHERE shard = $1 AND account_id = $2 AND comment_id = k.comment_id
           OFFSET 0) c
     CROSS JOIN LATERAL (
           SELECT type, data, comment_previous FROM log.events
            WHERE shard = $1 AND account_id = $2 AND ticket_id = k.ticket_id AND version = c.revision
           OFFSET 0) e
    UNION ALL
    SELECT c.ticket_id, e.type, e.data, e.comment_previous
      FROM chain c
     CROSS JOIN LATERAL (
           SELECT type, data, comment_previous FROM log.events
            WHERE shard = $1 AND account_id = $2 AND ticket_id = c.ticket_id AND version = c.comment_previous
           OFFSET 0) e
     WHERE c.type <> 'content.erased'
)
SELECT count(*)
  FROM chain
 WHERE type IN ('comment.created', 'comment.edited') OR type = 'chat.entry_added' AND position('"content":'::bytea IN data) > 0
