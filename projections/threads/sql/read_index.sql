-- The end of the log, and what tickets the events after $2 are about; one row with
-- nulls if there are none, or more than $3.
SELECT h.position, h.epoch, e.account_id, e.ticket_id, e.internal
  FROM log.heads h
  LEFT JOIN log.events e
    ON e.shard = h.shard AND e.position > $2 AND h.position BETWEEN $2 + 1 AND $2 + $3
 WHERE h.shard = $1
