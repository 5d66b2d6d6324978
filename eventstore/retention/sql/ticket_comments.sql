-- A page of a ticket's events and, where they create one, the comment or chat as it is now.
SELECT e.version, e.comment_id, c.author_id, coalesce(c.author_type = 0, false), c.content_id IS NULL
  FROM (SELECT version, CASE WHEN type IN ('comment.created', 'chat.started') THEN comment_id END AS comment_id
          FROM log.events
         WHERE shard = $1 AND account_id = $2 AND ticket_id = $3 AND version > $4
         ORDER BY version
         LIMIT $5) e
  LEFT JOIN LATERAL (
       SELECT author_id, author_type, content_id FROM log.comments
        WHERE shard = $1 AND account_id = $2 AND comment_id = e.comment_id
       OFFSET 0) c ON true
 ORDER BY e.version
