-- Tickets in the order of their numbers, between two of them that are not among them. What
-- is written of account and number keeps the planner to the index that is made for the list.
SELECT ticket_id
  FROM log.tickets
 WHERE shard = $1 AND {account} = $2 AND number + 0 > $3 AND number + 0 < $4 {requester}
 ORDER BY number + 0 {direction}
 LIMIT $5 OFFSET $6
