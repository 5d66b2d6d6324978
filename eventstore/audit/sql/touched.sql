-- Tickets up to the one named that have events after a position.
SELECT DISTINCT account_id, ticket_id
  FROM log.events
 WHERE shard = $1 AND position > $2 AND (account_id, ticket_id) <= ($3, $4)
