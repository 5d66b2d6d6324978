-- Where the comment with an id is, if the audience may see it.
SELECT l.ticket_id, t.number, l.comment_id, l.number
  FROM log.comments l
 CROSS JOIN LATERAL (
       SELECT * FROM log.tickets t
        WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = l.ticket_id AND ($3::uuid IS NULL OR t.requester_id = $3)
       OFFSET 0) t
 WHERE l.shard = $1 AND l.account_id = $2 AND l.comment_id = $4 AND l.author_type > 0 AND NOT l.deleted AND ($3::uuid IS NULL OR l.public)
