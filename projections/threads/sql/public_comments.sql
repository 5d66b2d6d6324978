-- The comments of a ticket that may be public today: those that are by their rows, and
-- those that the tail may have made so. Which of them are, log.comments says.
WITH base AS MATERIALIZED (
    SELECT CASE WHEN r.applied_version <= t.version THEN r.applied_version ELSE 0 END AS version
      FROM log.tickets t
      LEFT JOIN threads.tickets r ON r.shard = $1 AND r.account_id = $2 AND r.ticket_id = $3
     WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
)
SELECT c.comment_id
  FROM threads.comments c
 WHERE c.shard = $1 AND c.account_id = $2 AND c.ticket_id = $3 AND {sides} > 0 AND (SELECT version FROM base) > 0
 UNION
SELECT e.comment_id
  FROM log.events e
 WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3 AND e.version > (SELECT version FROM base)
   AND NOT e.internal AND e.comment_id IS NOT NULL
