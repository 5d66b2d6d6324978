-- The comments that the tail is about: their rows, if they have any, and what they say
-- by now, if $4 asks for it and the audience may read it.
SELECT e.comment_id, c.position, c.number, c.created_at, c.updated_at, c.revision, c.author_type, c.author_id,
       c.public, c.content_id, k.content_id, k.bucket_id, k.sealed
  FROM (SELECT DISTINCT e.comment_id
          FROM log.tickets t
          JOIN threads.tickets r ON r.shard = t.shard AND r.account_id = t.account_id AND r.ticket_id = t.ticket_id
          JOIN log.events e ON e.shard = t.shard AND e.account_id = t.account_id AND e.ticket_id = t.ticket_id
                           AND e.version > r.applied_version AND e.comment_id IS NOT NULL
         WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3 AND r.applied_version <= t.version
           {events}) e
  LEFT JOIN threads.comments c ON c.shard = $1 AND c.account_id = $2 AND c.comment_id = e.comment_id
  LEFT JOIN log.comments l ON l.shard = $1 AND l.account_id = $2 AND l.comment_id = e.comment_id AND $4 {comments}
  LEFT JOIN log.contents k ON k.shard = $1 AND k.content_id = l.content_id
