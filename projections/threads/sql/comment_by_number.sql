-- The comment of a ticket that has number $5, null if there is none that the audience
-- may see. What the rows do not contain yet is looked for in the tail: $6 and $7 are
-- what the data of the event that made it holds.
WITH base AS MATERIALIZED (
    SELECT CASE WHEN r.applied_version <= t.version THEN r.applied_version ELSE 0 END AS version
      FROM log.tickets t
      LEFT JOIN threads.tickets r ON r.shard = $1 AND r.account_id = $2 AND r.ticket_id = $3
     WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
)
SELECT l.comment_id
  FROM log.tickets t
  LEFT JOIN LATERAL (
       SELECT l.comment_id
         FROM (SELECT c.comment_id
                 FROM (SELECT * FROM threads.comments WHERE number = $5 OFFSET 0) c
                WHERE c.shard = $1 AND c.account_id = $2 AND c.ticket_id = $3
                UNION ALL
               SELECT e.comment_id
                 FROM log.events e
                WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3 AND e.version > (SELECT version FROM base)
                  AND e.type = 'comment.created' AND (position($6::bytea IN e.data) > 0 OR position($7::bytea IN e.data) > 0)
                  {audience}) f
        CROSS JOIN LATERAL (
              SELECT * FROM log.comments l
               WHERE l.shard = $1 AND l.account_id = $2 AND l.comment_id = f.comment_id AND l.ticket_id = $3
                 AND l.number = $5 AND NOT l.deleted AND ($4::uuid IS NULL OR l.public)
              OFFSET 0) l
        LIMIT 1) l ON true
 WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
   AND ($4::uuid IS NULL OR t.requester_id = $4)
