-- The last event of a ticket that the audience may know of.
SELECT e.event_id
  FROM log.tickets t
  JOIN log.events e ON e.shard = t.shard AND e.account_id = t.account_id AND e.ticket_id = t.ticket_id AND e.version = t.{version}
 WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
   AND ($4::uuid IS NULL OR t.requester_id = $4)
