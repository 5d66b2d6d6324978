-- A comment by its id. What it is stands in log.comments, which is always current;
-- when it was made and last changed has been folded into its row. It is null if the
-- ticket is there and the comment is not. (A chat, which has author type 0, is none.)
SELECT l.revision, l.number, l.author_type, l.author_id, l.public, l.content_id, k.bucket_id, k.sealed,
       c.revision, c.position, c.created_at, c.updated_at, c.audit, c.channel, c.flags,
       coalesce((SELECT r.applied_version
                   FROM threads.tickets r
                  WHERE r.shard = $1 AND r.account_id = $2 AND r.ticket_id = $3 AND r.applied_version <= t.version), 0)
  FROM log.tickets t
  LEFT JOIN LATERAL (
       SELECT * FROM log.comments l
        WHERE l.shard = $1 AND l.account_id = $2 AND l.comment_id = $5 AND l.ticket_id = $3
          AND l.author_type > 0 AND NOT l.deleted AND ($4::uuid IS NULL OR l.public)
       OFFSET 0) l ON true
  LEFT JOIN LATERAL (
       SELECT * FROM threads.comments c
        WHERE c.shard = $1 AND c.account_id = $2 AND c.comment_id = l.comment_id
       OFFSET 0) c ON true
  LEFT JOIN LATERAL (
       SELECT * FROM log.contents k
        WHERE k.shard = $1 AND k.content_id = l.content_id
       OFFSET 0) k ON true
 WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
   AND ($4::uuid IS NULL OR t.requester_id = $4)
