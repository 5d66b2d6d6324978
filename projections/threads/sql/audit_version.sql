-- The version of an event of the audit with number $4. If it has made a comment, that
-- has the next number. Anything else, and what the read model does not have, is searched
-- for among the events of the ticket: $5 and $6 are what the data of an event of the
-- audit holds. (OFFSET 0 keeps the planner from any other index than that of numbers.)
SELECT e.version
  FROM (SELECT * FROM threads.comments WHERE number = $4::bigint + 1 OFFSET 0) c
 CROSS JOIN LATERAL (SELECT * FROM log.events WHERE shard = $1 AND position = c.position OFFSET 0) e
 WHERE c.shard = $1 AND c.account_id = $2 AND c.ticket_id = $3 AND c.audit = $4
   AND e.account_id = $2 AND e.ticket_id = $3
 UNION ALL
SELECT e.version
  FROM log.events e
 WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3
   AND (position($5::bytea IN e.data) > 0 OR position($6::bytea IN e.data) > 0)
 LIMIT 1
