-- The last event of a ticket that the audience may know of.
SELECT e.event_id
  FROM log.tickets t
 CROSS JOIN LATERAL (
       SELECT e.event_id FROM log.events e
        WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3 AND e.version = t.{version}
       OFFSET 0) e
 WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
   AND ($4::uuid IS NULL OR t.requester_id = $4)
