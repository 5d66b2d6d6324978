-- The end of the log, and what tickets the events after $2 are about; one row with
-- nulls if there are none, or more than $3.
SELECT h.position, h.epoch, e.account_id, e.ticket_id, e.version, e.internal
  FROM log.heads h
  LEFT JOIN LATERAL (
       SELECT * FROM log.events
        WHERE shard = $1 AND position > $2 AND h.position BETWEEN $2::bigint + 1 AND $2 + $3
       OFFSET 0) e ON true
 WHERE h.shard = $1
