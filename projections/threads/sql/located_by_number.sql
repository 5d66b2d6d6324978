-- Where the comment with number $4 is, if the audience may see it. What the rows do not
-- contain yet is looked for among what the account has written since position $5: $6 and
-- $7 are what the data of the event that made it holds.
SELECT l.ticket_id, t.number, l.comment_id, l.number
  FROM (SELECT c.comment_id
          FROM (SELECT * FROM threads.comments WHERE number = $4 OFFSET 0) c
         WHERE c.shard = $1 AND c.account_id = $2
         UNION ALL
        SELECT e.comment_id
          FROM log.events e
         WHERE e.shard = $1 AND e.account_id = $2 AND e.position >> 8 >= $5::bigint >> 8 AND e.position + 0 > $5
           AND e.type NOT IN ('comment.edited', 'comment.deleted', 'content.erased', 'obligation.completed', 'chat.entry_added', 'chat.redacted')
           AND e.type = 'comment.created' AND (position($6::bytea IN e.data) > 0 OR position($7::bytea IN e.data) > 0)) f
 CROSS JOIN LATERAL (
       SELECT * FROM log.comments l
        WHERE l.shard = $1 AND l.account_id = $2 AND l.comment_id = f.comment_id AND l.number = $4
          AND NOT l.deleted AND ($3::uuid IS NULL OR l.public)
       OFFSET 0) l
 CROSS JOIN LATERAL (
       SELECT * FROM log.tickets t
        WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = l.ticket_id AND ($3::uuid IS NULL OR t.requester_id = $3)
       OFFSET 0) t
 LIMIT 1
