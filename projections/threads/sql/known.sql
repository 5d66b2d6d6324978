-- How far the stream of a ticket has come, if the audience may know of the ticket.
SELECT t.version
  FROM log.tickets t
 WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
   AND ($4::uuid IS NULL OR t.requester_id = $4)
