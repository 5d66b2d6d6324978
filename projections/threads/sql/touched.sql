-- The rows of the comments that the tail is about.
SELECT c.comment_id, c.position, c.number, c.created_at, c.updated_at, c.revision, c.author_type, c.author_id,
       c.public, c.content_id
  FROM (SELECT DISTINCT e.comment_id
          FROM log.tickets t
          JOIN threads.tickets r ON r.shard = t.shard AND r.account_id = t.account_id AND r.ticket_id = t.ticket_id
          JOIN log.events e ON e.shard = t.shard AND e.account_id = t.account_id AND e.ticket_id = t.ticket_id
                           AND e.version > r.applied_version
         WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3 AND r.applied_version <= t.version
           {audience}) e
  JOIN threads.comments c ON c.shard = $1 AND c.account_id = $2 AND c.comment_id = e.comment_id
