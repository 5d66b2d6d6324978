-- The comments that the tail is about: their rows, if they have any, and what they say
-- by now, if $4 asks for it and the audience may read it.
WITH base AS MATERIALIZED (
    SELECT r.applied_version AS version
      FROM log.tickets t
      JOIN threads.tickets r ON r.shard = $1 AND r.account_id = $2 AND r.ticket_id = $3
     WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3 AND r.applied_version <= t.version
)
SELECT e.comment_id, c.position, c.number, c.created_at, c.updated_at, c.revision, c.author_type, c.author_id,
       c.public, c.content_id, c.audit, c.channel, c.flags, k.content_id, k.bucket_id, k.sealed
  FROM (SELECT DISTINCT e.comment_id
          FROM log.events e
         WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3 AND e.version > (SELECT version FROM base)
           AND e.comment_id IS NOT NULL {events}) e
  LEFT JOIN LATERAL (
       SELECT * FROM threads.comments c
        WHERE c.shard = $1 AND c.account_id = $2 AND c.comment_id = e.comment_id
       OFFSET 0) c ON true
  LEFT JOIN LATERAL (
       SELECT l.content_id FROM log.comments l
        WHERE l.shard = $1 AND l.account_id = $2 AND l.comment_id = e.comment_id AND $4 {comments}
       OFFSET 0) l ON true
  LEFT JOIN LATERAL (
       SELECT * FROM log.contents k
        WHERE k.shard = $1 AND k.content_id = l.content_id
       OFFSET 0) k ON true
