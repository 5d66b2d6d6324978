-- Tickets of an account about which there is anything after a position. What is written of
-- the account keeps the planner from reading all that it has ever done.
SELECT DISTINCT ticket_id
  FROM log.events
 WHERE shard = $1 AND position > $3 AND account_id + 0 = $2
